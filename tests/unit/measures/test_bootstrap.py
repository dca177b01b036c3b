from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.measures.bootstrap import cluster_bootstrap, interval

groups_of_rows = st.lists(st.integers(-3, 6), min_size=1, max_size=20).map(np.array)


@given(groups_of_rows, st.integers(0, 2**32 - 1))
def test_groups_are_drawn_as_wholes(groups: np.ndarray, seed: int) -> None:
    weights = cluster_bootstrap(groups, 7, np.random.default_rng(seed))
    assert weights.shape == (7, len(groups)) and weights.dtype == np.float64
    kinds, first = np.unique(groups, return_index=True)
    for group in kinds:
        assert (np.ptp(weights[:, groups == group], axis=1) == 0).all()
    assert (weights >= 0).all() and (weights == weights.round()).all()
    assert (weights[:, first].sum(axis=1) == len(kinds)).all()  # as many groups drawn as there are


def test_each_group_is_drawn_once_on_average() -> None:
    weights = cluster_bootstrap(np.array([4, 4, 9, 1, 1, 1]), 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.03)
    # with three groups, one of them is missed with probability (2/3)^3
    assert (weights[:, 2] == 0).mean() == pytest.approx(8 / 27, abs=0.02)


def test_same_seed_same_draws() -> None:
    groups = np.array([0, 0, 1, 2, 3])
    one, again, other = (cluster_bootstrap(groups, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_interval_by_eye() -> None:
    low, high = interval(np.arange(1001) / 1000)
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert interval(np.array([0.3])) == (0.3, 0.3)


def test_interval_of_defined_draws_only() -> None:
    assert interval(np.r_[np.full(500, np.nan), np.arange(1001) / 1000]) == interval(np.arange(1001) / 1000)
    assert np.isnan(interval(np.full(3, np.nan))).all()
    assert np.isnan(interval(np.array([]))).all()


def test_near_duplicates_widen_the_interval() -> None:
    """Ten copies of ten images are worth ten images, not a hundred."""
    hits = np.tile(np.arange(10) % 2, 10).astype(float)
    copies, alone = np.tile(np.arange(10), 10), np.arange(100)
    low, high = interval(cluster_bootstrap(copies, 2000, np.random.default_rng(0)) @ hits / 100)
    low_alone, high_alone = interval(cluster_bootstrap(alone, 2000, np.random.default_rng(0)) @ hits / 100)
    assert high - low > 2 * (high_alone - low_alone)
