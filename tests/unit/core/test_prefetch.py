"""Work done ahead: order, bound, errors."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.prefetch import prefetched


@given(st.lists(st.integers()), st.integers(1, 4), st.integers(1, 6))
def test_results_are_those_of_map_in_order(items: list[int], workers: int, ahead: int):
    assert list(prefetched(lambda x: x * 2, items, workers=workers, ahead=ahead)) == [x * 2 for x in items]


def test_no_more_is_computed_ahead_than_allowed():
    begun: list[int] = []
    results = prefetched(begun.append, range(100), workers=4, ahead=3)
    for _ in range(5):
        next(results)
    assert len(begun) <= 5 + 3


def test_an_error_comes_where_its_result_would_have_and_stops_the_rest():
    begun: list[int] = []

    def work(x: int) -> int:
        begun.append(x)
        return 10 // (x - 3)

    results = prefetched(work, range(1000), workers=2, ahead=4)
    assert [next(results) for _ in range(3)] == [-4, -5, -10]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) < 20


def test_threads_end_when_the_taker_stops_early():
    before = threading.active_count()
    results = prefetched(lambda x: x, range(1000), workers=3, ahead=8)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
