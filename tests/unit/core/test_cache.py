from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core import cache
from artextract.core.cache import Compute, RowView, cached_rows
from artextract.core.errors import ArtExtractError
from tests.damage import DAMAGES, small_disk

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


def test_a_row_without_its_sum_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = cache.write_at, itertools.count()

    def killed(*arguments: Any) -> None:
        if next(calls) == 13:  # the seventh row is written, its sum is not
            raise KeyboardInterrupt
        write(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(cache, "write_at", killed)
        cached("key", ALL, source([]))
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == ALL[6:]


def test_sums_of_an_array_that_was_deleted_are_not_believed(empty_cache: Path, capfd: pytest.CaptureFixture) -> None:
    cached("key", ALL, source([]))
    (array,) = empty_cache.glob("k/*.rows")
    array.unlink()
    with pytest.raises(KeyboardInterrupt):
        cached("key", ALL, source([], most=0))
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == ALL and capfd.readouterr().err == ""


@pytest.mark.parametrize("file", ["rows", "sums"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_are_computed_again_and_no_others(
    empty_cache: Path, damage: str, file: str, capfd: pytest.CaptureFixture
) -> None:
    cached("key", ALL, source([]))
    (path,) = empty_cache.glob(f"k/*.{file}")
    DAMAGES[damage](path)
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    few = {"flip": 1, "longer": 0, "cut": 12}
    assert len(computed) == few.get(damage, N)
    assert capfd.readouterr().err.count("\n") <= 1
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert len(computed) == few.get(damage, N) and capfd.readouterr().err == ""


def test_how_many_rows_were_damaged_is_said(empty_cache: Path, capfd: pytest.CaptureFixture) -> None:
    cached("key", ALL, source([]))
    (path,) = empty_cache.glob("k/*.rows")
    os.truncate(path, path.stat().st_size // 2)
    cached("key", ALL, source([]))
    said = capfd.readouterr().err
    assert said == f"k: 12 of 23 rows in {path} were damaged; they are computed anew\n"


def test_rows_in_each_others_places_are_noticed(empty_cache: Path) -> None:
    cached("key", ALL, source([]))
    for file, size in (("rows", 24), ("sums", cache.WIDTH)):
        (path,) = empty_cache.glob(f"k/*.{file}")
        data = path.read_bytes()
        path.write_bytes(data[size : 2 * size] + data[:size] + data[2 * size :])
    computed: list[int] = []
    np.testing.assert_array_equal(cached("key", ALL, source(computed)), TRUTH)
    assert computed == [0, 1]


def test_a_full_disk_is_said_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(n: int, asked: list[int]) -> RowView:
        def blocks(missing: list[int]) -> Iterator[np.ndarray]:
            asked.extend(missing)
            yield np.full((len(missing), 2**14), 7, dtype=np.uint8)

        return cached_rows("k", "key", 100, (2**14,), np.uint8, range(n), blocks)

    with small_disk(tmp_path / "disk", 2**20) as disk:
        monkeypatch.setenv("ARTEXTRACT_CACHE", str(disk))
        asked: list[int] = []
        with pytest.raises(ArtExtractError, match="the disk is full") as caught:
            ask(100, asked)
        assert asked == [] and "export ARTEXTRACT_CACHE=" in str(caught.value)
        assert ask(30, asked)[:].sum() == 7 * 30 * 2**14 and asked == list(range(30))
