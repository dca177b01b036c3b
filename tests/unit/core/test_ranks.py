from __future__ import annotations

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.ranks import leads, processes, rank, started_by_launcher, world_size


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ARTEXTRACT_PROCESSES", "RANK", "WORLD_SIZE"):
        monkeypatch.delenv(variable, raising=False)


def test_a_process_is_alone_where_nothing_is_said() -> None:
    assert (processes(), rank(), world_size(), leads(), started_by_launcher()) == (1, 0, 1, True, False)


def test_torchruns_variables_tell_processes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert leads() and started_by_launcher()
    monkeypatch.setenv("RANK", "2")
    assert (rank(), world_size()) == (2, 3) and not leads()


@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5"])
def test_other_numbers_of_processes_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ARTEXTRACT_PROCESSES", value)
    with pytest.raises(ArtExtractError, match="ARTEXTRACT_PROCESSES is") as caught:
        processes()
    assert caught.value.remedy == "set it to a whole number, 1 or more"


def test_a_rank_outside_of_the_world_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ArtExtractError, match="RANK is 2 and WORLD_SIZE is 2"):
        leads()
