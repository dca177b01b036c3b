from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.cache import Compute, RowView, cached_rows

N, SHAPE = 23, (2, 3)
FRESH = itertools.count()
TRUTH = np.arange(1, N * 6 + 1, dtype=np.float32).reshape(N, *SHAPE)
ALL = list(range(N))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def source(computed: list[int], most: int = 10**9, size: int = 5) -> Compute:
    """Blocks of the truth, killed before more than ``most`` rows are done; notes the rows that it gave."""

    def blocks(missing: list[int]) -> Iterator[np.ndarray]:
        for at in range(0, len(missing), size):
            rows = missing[at : at + size]
            if at + len(rows) > most:
                raise KeyboardInterrupt
            computed.extend(rows)
            yield TRUTH[rows]

    return blocks


def cached(key: object, wanted: list[int], compute: Compute) -> RowView:
    return cached_rows("k", key, N, SHAPE, np.float32, wanted, compute)


def test_computed_once() -> None:
    computed: list[int] = []
    for _ in range(3):
        np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == ALL


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, N - 1), max_size=9), max_size=4), st.integers(1, 6))
def test_any_rows_in_any_order_each_computed_once(requests: list[list[int]], size: int) -> None:
    computed: list[int] = []
    key = next(FRESH)
    for wanted in requests:
        found = cached(key, wanted, source(computed, size=size))
        np.testing.assert_array_equal(np.asarray(found), TRUTH[wanted].reshape(len(wanted), *SHAPE))
        assert len(found) == len(wanted) and found.shape == (len(wanted), *SHAPE)
    assert sorted(computed) == sorted({row for wanted in requests for row in wanted})


def test_a_view_is_indexed_like_an_array() -> None:
    wanted = [4, 0, 22, 4]
    found, plain = cached("key", wanted, source([])), TRUTH[wanted]
    for key in (0, -1, [2, 1], np.array([3, 0]), np.array([True, False, True, False]), slice(1, 3), np.s_[:, 1, ::-1]):
        np.testing.assert_array_equal(found[key], plain[key])
    assert found.dtype == np.float32 and [float(row[0, 0]) for row in found] == plain[:, 0, 0].tolist()


def test_the_array_is_memory_mapped_and_read_only() -> None:
    found = cached("key", ALL, source([]))
    assert isinstance(found.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found.base[0] = 0


def test_key_count_shape_and_type_each_make_another_array() -> None:
    calls: list[int] = []

    def zeros(missing: list[int]) -> Iterator[np.ndarray]:
        calls.append(len(missing))
        yield np.zeros((4, 2))

    cached_rows("k", "a", 4, (2,), np.float32, range(4), zeros)
    cached_rows("k", "b", 4, (2,), np.float32, range(4), zeros)
    cached_rows("k", "a", 4, (2,), np.float64, range(4), zeros)
    cached_rows("other", "a", 4, (2,), np.float32, range(4), zeros)
    with pytest.raises(RuntimeError, match="4 rows were computed, 5 expected"):
        cached_rows("k", "a", 5, (2,), np.float32, range(5), zeros)
    with pytest.raises(ValueError, match="broadcast"):
        cached_rows("k", "a", 4, (3,), np.float32, range(4), zeros)
    assert len(calls) == 6


@settings(max_examples=20)  # every block is synced to the disk
@given(kills=st.lists(st.integers(0, N - 1), max_size=4), size=st.integers(1, 9))
def test_kills_anywhere_change_nothing(kills: list[int], size: int) -> None:
    computed: list[int] = []
    key = next(FRESH)
    for most in kills:
        with pytest.raises(KeyboardInterrupt):
            while True:  # what is left may be fewer rows than the kill waits for
                cached(key, ALL, source(computed, min(most, N - len(computed) - 1), size))
                raise KeyboardInterrupt
    np.testing.assert_array_equal(cached(key, ALL, source(computed, size=size)), TRUTH)
    assert computed == ALL  # finished blocks are not computed again


def test_a_block_that_was_not_marked_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    flush, calls = np.memmap.flush, itertools.count()

    def killed(self: np.memmap) -> None:
        if next(calls) == 4:  # two new files are flushed, then the first block and its marks, then the second block
            raise KeyboardInterrupt
        flush(self)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(np.memmap, "flush", killed)
        cached("key", ALL, source([]))
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == ALL[5:]


def test_marks_of_an_array_that_was_deleted_are_not_believed(empty_cache: Path) -> None:
    cached("key", ALL, source([]))
    (array,) = empty_cache.glob("k/*.npy")
    array.unlink()
    with pytest.raises(KeyboardInterrupt):
        cached("key", ALL, source([], most=0))
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == ALL
