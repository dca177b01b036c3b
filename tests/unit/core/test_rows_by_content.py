from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artextract.core.checked_rows import WIDTH
from artextract.core.errors import ArtExtractError
from artextract.core.rows_by_content import HEAD, rows_by_content
from tests.damage import DAMAGES, small_disk


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path))
    return tmp_path


def ask(names: list[str], asked: list[str], *, stop_after: int = 99) -> np.ndarray:
    def compute(missing: list[int]) -> Iterator[np.ndarray]:
        for count, i in enumerate(missing):
            if count == stop_after:
                raise KeyboardInterrupt
            asked.append(names[i])
            yield np.full((1, 3), float(names[i][1:]), dtype=np.float32)

    return rows_by_content("kind", "key", names, (3,), np.float32, compute)


def test_only_new_contents_are_computed_and_equal_ones_once(cache: Path):
    asked: list[str] = []
    first = ask(["n3", "n1", "n3"], asked)
    assert asked == ["n3", "n1"] and first[:, 0].tolist() == [3, 1, 3]
    asked.clear()
    assert ask(["n2", "n1", "n4", "n3"], asked)[:, 0].tolist() == [2, 1, 4, 3]
    assert asked == ["n2", "n4"]


def test_what_was_finished_before_a_kill_is_kept(cache: Path):
    asked: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        ask(["n1", "n2", "n3"], asked, stop_after=2)
    asked.clear()
    assert ask(["n1", "n2", "n3"], asked)[:, 0].tolist() == [1, 2, 3] and asked == ["n3"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_are_computed_again_and_no_others_believed(cache: Path, damage: str, capfd: pytest.CaptureFixture):
    names = [f"n{i}" for i in range(9)]
    ask(names, [])
    (path,) = cache.glob("kind/*.rows")
    DAMAGES[damage](path)
    asked: list[str] = []
    assert ask(names, asked)[:, 0].tolist() == list(range(9))
    assert len(asked) == {"flip": 1, "longer": 0, "cut": 5}.get(damage, 9)
    assert capfd.readouterr().err.count("\n") == (damage not in ("gone", "empty"))
    assert ask([*names, "n9"], asked)[:, 0].tolist() == list(range(10))
    assert asked[-1] == "n9" and capfd.readouterr().err == ""  # what was damaged is healed, and said once


@pytest.mark.parametrize("at", [0, WIDTH, HEAD, HEAD + 11])
def test_any_byte_of_a_record_counts(cache: Path, at: int, capfd: pytest.CaptureFixture):
    ask(["n1", "n2"], [])
    (path,) = cache.glob("kind/*.rows")
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)
    asked: list[str] = []
    assert ask(["n1", "n2"], asked)[:, 0].tolist() == [1, 2] and asked == ["n1"]
    assert "1 rows" in capfd.readouterr().err and path.stat().st_size == len(data)  # the place is used again


def test_a_full_disk_is_said_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = [f"n{i}" for i in range(40_000)]  # 44 bytes each
    with small_disk(tmp_path / "disk", 2**20) as disk:
        monkeypatch.setenv("ARTEXTRACT_CACHE", str(disk))
        asked: list[str] = []
        with pytest.raises(ArtExtractError, match="MiB are free") as caught:
            ask(names, asked)
        assert asked == [] and "ARTEXTRACT_CACHE" in str(caught.value)
        assert ask(names[:9], asked)[:, 0].tolist() == list(range(9))


def test_no_names_no_rows(cache: Path):
    assert ask([], []).shape == (0, 3)
