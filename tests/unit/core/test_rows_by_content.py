from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artextract.core.rows_by_content import rows_by_content


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


@pytest.mark.parametrize("file", ["rows", "names"])
def test_a_half_written_end_is_cut_off(cache: Path, file: str):
    ask(["n1", "n2"], [])
    (path,) = cache.glob(f"kind/*/{file}")
    path.write_bytes(path.read_bytes()[:-1])
    asked: list[str] = []
    assert ask(["n1", "n2"], asked)[:, 0].tolist() == [1, 2] and asked == ["n2"]
    assert ask(["n2", "n1"], asked)[:, 0].tolist() == [2, 1] and asked == ["n2"]


def test_no_names_no_rows(cache: Path):
    assert ask([], []).shape == (0, 3)
