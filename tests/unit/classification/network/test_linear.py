"""Linear heads: the fit is that of the formula, the penalty is chosen on select rows, and nothing else is looked at."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.network.linear import GRID, Linear, Scaling, fit_tuned, log_softmax


def toy(n: int = 90, seed: int = 0, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Features whose first channels tell the class, 0, 1 or 3; class 2 has no row."""
    rng = np.random.default_rng(seed)
    y = np.array([0, 1, 3])[np.arange(n) % 3]
    return (np.eye(4)[y] + noise * rng.normal(size=(n, 4))).astype(np.float32), y


def cross_entropy(y: np.ndarray):
    return lambda found: float(-found[np.arange(len(y)), y].mean())


def test_log_softmax_by_eye() -> None:
    found = np.exp(log_softmax(np.array([[0.0, math.log(3), -np.inf]])))
    np.testing.assert_allclose(found, [[0.25, 0.75, 0]])


def test_blocks_have_a_total_variance_of_one() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(5, [1, 10, 100, 1, 1], (400, 5))
    scaled = Scaling.of(features, [2, 3])(features)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose([scaled[:, :2].var(0).sum(), scaled[:, 2:].var(0).sum()], 1, rtol=1e-4)


def test_a_channel_that_never_changes_stays_finite() -> None:
    features = np.ones((4, 2))
    assert np.isfinite(Scaling.of(features, [2])(features)).all()


def test_the_fit_is_the_minimum_of_the_formula() -> None:
    """C times the weighted cross-entropy plus half the squared weights: no gradient is left at the solution."""
    features, y = toy()
    weights = np.array([1.0, 2.0, 0.0, 0.5])
    head = fit_tuned(features, y, weights, features, lambda _: 0.0, 4, 0)
    p = np.exp(head(features))
    slope = (weights[y][:, None] * (p - np.eye(4)[y])).T @ features
    gradient = head.c * slope + head.weight
    assert np.abs(gradient[[0, 1, 3]]).max() < 0.02 * max(1, head.c)
    assert (p[:, 2] == 0).all()


def test_the_penalty_is_the_best_of_the_grid_on_the_select_rows() -> None:
    features, y = toy(30, noise=1.0)
    select, truth = toy(300, seed=1, noise=1.0)
    head = fit_tuned(features, y, np.ones(4), select, cross_entropy(truth), 4, 0)
    assert head.costs[head.c] == min(head.costs.values()) and set(head.costs) <= set(GRID)
    assert min(head.costs) < head.c < max(head.costs)  # noise this strong needs a penalty, but not the strongest
    np.testing.assert_allclose(cross_entropy(truth)(head(select)), head.costs[head.c], rtol=1e-6)


def test_without_a_cost_the_middle_of_the_grid_is_taken() -> None:
    features, y = toy()
    head = fit_tuned(features, y, np.ones(4), features[:0], lambda _: math.nan, 4, 0)
    assert head.c == GRID[len(GRID) // 2]


def test_two_classes_have_two_logits() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2 * 2  # classes 0 and 2 of 3
    features = (np.eye(3)[y] + 0.3 * rng.normal(size=(60, 3))).astype(np.float32)
    head = fit_tuned(features, y, np.ones(3), features, cross_entropy(y), 3, 0)
    p = np.exp(head(features))
    assert (p.argmax(1) == y).mean() > 0.9 and (p[:, 1] == 0).all()
    np.testing.assert_allclose(p.sum(1), 1)


def test_rare_classes_weigh_as_they_are_told_to() -> None:
    """Features that say nothing: with weights inverse to the counts every class is as likely as the other."""
    y = np.array([0] * 90 + [1] * 10)
    weights = len(y) / (2 * np.bincount(y))
    head = fit_tuned(np.zeros((100, 2), np.float32), y, weights, np.zeros((1, 2)), lambda _: 0.0, 2, 0)
    np.testing.assert_allclose(np.exp(head(np.zeros((1, 2)))), [[0.5, 0.5]], atol=1e-3)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_select_rows_choose_the_penalty_and_change_nothing_else(seed: int) -> None:
    features, y = toy(30)
    rng = np.random.default_rng(seed)
    select, truth = toy(20, seed=seed, noise=3.0)
    one = fit_tuned(features, y, np.ones(4), select, cross_entropy(truth), 4, 0)
    other = fit_tuned(features, y, np.ones(4), rng.normal(size=(20, 4)), cross_entropy(truth), 4, 0)
    same: dict[float, Linear] = {one.c: one}
    if other.c in same:
        np.testing.assert_array_equal(one.weight, other.weight)
    else:
        assert not np.array_equal(one.weight, other.weight)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_fit_repeats_to_the_byte(seed: int) -> None:
    features, y = toy(seed=seed)
    one, two = (fit_tuned(features, y, np.ones(4), features, cross_entropy(y), 4, 0) for _ in range(2))
    assert one.weight.tobytes() == two.weight.tobytes() and one.c == two.c


def test_fewer_rows_than_channels_give_the_minimum_of_the_same_formula() -> None:
    """The solver works in the space of the rows; no gradient of the whole formula is left at its head."""
    rng = np.random.default_rng(5)
    features, y = (rng.normal(size=(12, 40)) / 6).astype(np.float32), np.arange(12) % 3
    weights = np.array([1.0, 2.0, 0.5])
    head = fit_tuned(features, y, weights, features, lambda _: 0.0, 3, 0)
    assert head.weight.shape == (3, 40)
    slope = (weights[y][:, None] * (np.exp(head(features)) - np.eye(3)[y])).T @ features
    np.testing.assert_allclose(head.c * slope + head.weight, 0, atol=2e-4)
    assert np.abs(head.weight).max() > 1e-4


def test_a_head_does_not_depend_on_channels_that_never_change() -> None:
    """More channels than rows, or fewer: the way of the solver differs, the head does not."""
    features, y = toy()
    wider = np.concatenate([features, np.zeros((90, 200), np.float32)], axis=1)
    plain, wide = (fit_tuned(f, y, np.ones(4), f, cross_entropy(y), 4, 0) for f in (features, wider))
    assert wide.c == plain.c
    np.testing.assert_allclose(wide.weight[:, :4], plain.weight, atol=5e-3)
    np.testing.assert_allclose(wide.weight[:, 4:], 0, atol=1e-6)
