from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.rows import cached_rows

N, SHAPE = 23, (2, 3)
FRESH = itertools.count()
TRUTH = np.arange(N * 6, dtype=np.float32).reshape(N, *SHAPE)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def source(starts: list[int], stop_before: int = N, size: int = 5) -> Callable[[int], Iterator[np.ndarray]]:
    """Blocks of the truth, killed when the next block would go beyond row ``stop_before``; notes its start rows."""

    def batches(start: int) -> Iterator[np.ndarray]:
        starts.append(start)
        for row in range(start, N, size):
            if min(row + size, N) > stop_before:
                raise KeyboardInterrupt
            yield TRUTH[row : row + size]

    return batches


def test_computed_once() -> None:
    starts: list[int] = []
    for _ in range(3):
        found = cached_rows("k", "key", N, SHAPE, np.float32, source(starts))
        np.testing.assert_array_equal(found, TRUTH)
    assert starts == [0]


def test_the_result_is_memory_mapped_and_read_only() -> None:
    found = cached_rows("k", "key", N, SHAPE, np.float32, source([]))
    assert isinstance(found, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_key_count_shape_and_type_each_make_another_array() -> None:
    starts: list[int] = []

    def zeros(start: int) -> Iterator[np.ndarray]:
        starts.append(start)
        yield np.zeros((4, 2))

    cached_rows("k", "a", 4, (2,), np.float32, zeros)
    cached_rows("k", "b", 4, (2,), np.float32, zeros)
    cached_rows("k", "a", 4, (2,), np.float64, zeros)
    cached_rows("other", "a", 4, (2,), np.float32, zeros)
    with pytest.raises(RuntimeError, match="4 rows were computed, 5 expected"):
        cached_rows("k", "a", 5, (2,), np.float32, zeros)
    with pytest.raises(ValueError, match="broadcast"):
        cached_rows("k", "a", 4, (3,), np.float32, zeros)
    assert len(starts) == 6


@settings(max_examples=20)  # every batch is synced to the disk
@given(kills=st.lists(st.integers(0, N - 1), max_size=4), size=st.integers(1, 9))
def test_kills_anywhere_change_nothing(kills: list[int], size: int) -> None:
    starts: list[int] = []
    key, reached = next(FRESH), 0
    for stop in kills:
        with pytest.raises(KeyboardInterrupt):
            cached_rows("k", key, N, SHAPE, np.float32, source(starts, stop, size))
        while reached + size <= stop:
            reached += size
    found = cached_rows("k", key, N, SHAPE, np.float32, source(starts, N, size))
    np.testing.assert_array_equal(found, TRUTH)
    assert starts[-1] == reached  # finished batches are not computed again


def test_a_kill_at_the_last_step_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_rename(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", no_rename)
        cached_rows("k", "key", N, SHAPE, np.float32, source([]))
    starts: list[int] = []
    np.testing.assert_array_equal(cached_rows("k", "key", N, SHAPE, np.float32, source(starts)), TRUTH)
    assert starts == [N]


def test_progress_of_an_array_that_was_deleted_is_not_believed(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the rename and the removal of the note of progress; then the array is deleted; then killed."""

    unlink = Path.unlink

    def no_unlink(self: Path, missing_ok: bool = False) -> None:
        if list(self.parent.glob("*.npy")):
            raise KeyboardInterrupt
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("artextract.rows.write_text", Path.write_text)
        patched.setattr(Path, "unlink", no_unlink)
        cached_rows("k", "key", N, SHAPE, np.float32, source([]))
    (array,) = empty_cache.glob("k/*.npy")
    array.unlink()
    with pytest.raises(KeyboardInterrupt):
        cached_rows("k", "key", N, SHAPE, np.float32, source([], stop_before=0))
    np.testing.assert_array_equal(cached_rows("k", "key", N, SHAPE, np.float32, source([])), TRUTH)


def test_only_the_arrays_stay(empty_cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        cached_rows("k", "key", N, SHAPE, np.float32, source([], 12))
    assert not list(empty_cache.glob("k/*.npy"))
    cached_rows("k", "key", N, SHAPE, np.float32, source([]))
    assert {path.suffix for path in empty_cache.glob("k/*")} <= {".npy", ".lock"}
    assert len(list(empty_cache.glob("k/*.npy"))) == 1
