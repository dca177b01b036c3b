"""One search for the neighbours of all works answers for every set of works."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.similarity.ranking import shared_nearest
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.shared_nearest import SharedNearest
from artextract.similarity.ranking.spaces import mean_of_nearest


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_nearest, "SHARED_FROM", 2)
    monkeypatch.setattr(shared_nearest, "MOST", 6)


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 10_000), st.floats(0, 1))
def test_it_equals_a_search_for_each_set(n: int, k: int, seed: int, share: float):
    rng = np.random.default_rng(seed)
    unit = unit_rows(rng.normal(size=(n, 3))[rng.integers(0, n, n)])  # some are equal
    found = SharedNearest().reach
    for fit in (None, np.flatnonzero(rng.random(n) < share), np.array([int(rng.integers(0, n))]), np.arange(n)):
        if fit is None or len(fit):
            np.testing.assert_allclose(found(unit, fit, k), mean_of_nearest(unit, fit, k), atol=1e-6)


def test_the_search_is_made_once_and_few_rows_are_asked_again(monkeypatch: pytest.MonkeyPatch):
    searched, again = [], []

    def counted(*given: object) -> object:
        searched.append(1)
        return nearest(*given)  # type: ignore[arg-type]

    def direct(unit: np.ndarray, fit: np.ndarray | None, k: int, rows: np.ndarray | None = None) -> np.ndarray:
        again.append(len(unit) if rows is None else len(rows))
        return mean_of_nearest(unit, fit, k, rows)

    nearest = shared_nearest.nearest_of_all
    monkeypatch.setattr(shared_nearest, "nearest_of_all", counted)
    monkeypatch.setattr(shared_nearest, "mean_of_nearest", direct)
    rng = np.random.default_rng(0)
    unit, found = unit_rows(rng.normal(size=(200, 8))), SharedNearest().reach
    for _ in range(5):
        found(unit, np.flatnonzero(rng.random(200) < 0.8), 2)
    assert len(searched) == 1 and sum(again) < 50
    found(unit, None, 7)  # more than are kept
    assert again[-1] == 200 and len(searched) == 1


def test_few_works_are_searched_as_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_nearest, "SHARED_FROM", 100)
    unit = unit_rows(np.random.default_rng(1).normal(size=(50, 4)))
    assert SharedNearest().reach(unit, np.arange(30), 3).tobytes() == mean_of_nearest(unit, np.arange(30), 3).tobytes()


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 10_000))
def test_neighbours_of_other_groups_are_those_of_a_search_of_their_own(n: int, k: int, seed: int):
    rng = np.random.default_rng(seed)
    unit = unit_rows(rng.normal(size=(n, 3))[rng.integers(0, n, n)])
    found = SharedNearest()
    for group in (np.arange(n), rng.integers(0, n, n), rng.integers(0, 3, n), np.zeros(n, dtype=int)):
        rows, scores = found.others(unit, group, k)
        expected_rows, expected_scores = nearest(unit, unit, k, exclude=(group, group))
        assert rows.shape == expected_rows.shape
        np.testing.assert_array_equal(rows < 0, expected_rows < 0)
        np.testing.assert_allclose(scores, expected_scores, atol=1e-6)
        assert (group[rows[rows >= 0]] != np.broadcast_to(group[:, None], rows.shape)[rows >= 0]).all()
        known = np.where(rows < 0, -2, expected_scores)
        far = np.abs(np.diff(known, axis=1, append=-3)) > 1e-5  # no tie with the next one
        far &= np.abs(np.diff(known, axis=1, prepend=3)) > 1e-5
        np.testing.assert_array_equal(rows[far & (rows >= 0)], expected_rows[far & (rows >= 0)])
