"""One search for the neighbours of all works answers for every set of works."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.similarity.ranking import reach
from artextract.similarity.ranking.reach import SharedReach
from artextract.similarity.ranking.spaces import mean_of_nearest


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "SHARED_FROM", 2)
    monkeypatch.setattr(reach, "MOST", 6)


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 10_000), st.floats(0, 1))
def test_it_equals_a_search_for_each_set(n: int, k: int, seed: int, share: float):
    rng = np.random.default_rng(seed)
    unit = unit_rows(rng.normal(size=(n, 3))[rng.integers(0, n, n)])  # some are equal
    found = SharedReach()
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

    nearest = reach.nearest_of_all
    monkeypatch.setattr(reach, "nearest_of_all", counted)
    monkeypatch.setattr(reach, "mean_of_nearest", direct)
    rng = np.random.default_rng(0)
    unit, found = unit_rows(rng.normal(size=(200, 8))), SharedReach()
    for _ in range(5):
        found(unit, np.flatnonzero(rng.random(200) < 0.8), 2)
    assert len(searched) == 1 and sum(again) < 50
    found(unit, None, 7)  # more than are kept
    assert again[-1] == 200 and len(searched) == 1


def test_few_works_are_searched_as_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reach, "SHARED_FROM", 100)
    unit = unit_rows(np.random.default_rng(1).normal(size=(50, 4)))
    assert SharedReach()(unit, np.arange(30), 3).tobytes() == mean_of_nearest(unit, np.arange(30), 3).tobytes()
