from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

from artextract.measures import auc


def slow_auc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """Every (positive, negative) pair one by one, a tie counting one half."""
    won = compared = 0.0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            weight = weights[i] * weights[j]
            compared += weight
            won += weight * (1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0)
    return won / compared if compared else float("nan")


def slow_stratified(y: np.ndarray, scores: np.ndarray, a: int, b: int, strata: np.ndarray) -> float:
    """Pairs of one stratum only, where each side has at least three rows; mean of both directions."""
    directions = []
    for one, other in ((a, b), (b, a)):
        won = compared = 0.0
        for stratum in set(strata.tolist()):
            up = [i for i in range(len(y)) if y[i] == one and strata[i] == stratum]
            down = [i for i in range(len(y)) if y[i] == other and strata[i] == stratum]
            if min(len(up), len(down)) >= 3:
                for i in up:
                    for j in down:
                        compared += 1
                        diff = scores[i, one] - scores[j, one]
                        won += 1.0 if diff > 0 else 0.5 if diff == 0 else 0.0
        directions.append(won / compared if compared else float("nan"))
    return float(np.mean(directions))


@st.composite
def binary(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties, labels, and whole-number weights that may be zero."""
    n = draw(st.integers(1, 14))
    scores = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), dtype=float)
    positive = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    weights = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=float)
    return scores, positive, weights


@st.composite
def several_classes(draw: st.DrawFn, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels of 2 to 4 classes with at least ``least`` rows each, and coarse scores that sum to one."""
    classes = draw(st.integers(2, 4))
    rest = draw(st.lists(st.integers(0, classes - 1), max_size=12))
    y = np.array(list(range(classes)) * least + rest)
    cells = st.lists(st.integers(1, 5), min_size=classes, max_size=classes)
    scores = np.array(draw(st.lists(cells, min_size=len(y), max_size=len(y))), dtype=float)
    return y, scores / scores.sum(1, keepdims=True)


def test_wins_by_eye() -> None:
    # positives score 3, 1; negatives 2, 1: 3 > 2, 3 > 1, 1 < 2, 1 = 1
    won, compared = auc.wins(np.array([3.0, 1, 2, 1]), np.array([True, True, False, False]), auc.ones(4))
    assert (won[0], compared[0]) == (2.5, 4)


@given(binary())
def test_wins_agree_with_the_double_loop(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, positive, weights = case
    won, compared = auc.wins(scores, positive, weights[None])
    expected = slow_auc(scores, positive, weights)
    if np.isnan(expected):
        assert compared[0] == 0
    else:
        assert won[0] / compared[0] == pytest.approx(expected)


@given(binary())
def test_weights_are_the_same_as_rows_repeated(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, positive, weights = case
    times = weights.astype(int)
    if not times.sum():
        return
    repeated = auc.wins(np.repeat(scores, times), np.repeat(positive, times), auc.ones(int(times.sum())))
    np.testing.assert_allclose(auc.wins(scores, positive, weights[None]), repeated)


@given(binary(), st.floats(0.1, 10), st.floats(-5, 5))
def test_auc_depends_on_the_order_of_scores_only(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], scale: float, shift: float
) -> None:
    scores, positive, weights = case
    plain = auc.wins(scores, positive, weights[None])
    np.testing.assert_allclose(auc.wins(np.exp(scores / scale) + shift, positive, weights[None]), plain)
    turned, compared = auc.wins(-scores, positive, weights[None])
    np.testing.assert_allclose(plain[0] + turned, compared)  # what one order wins, the other loses


def test_draws_are_independent_of_each_other() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 5, 20).astype(float), rng.random(20) < 0.5
    weights = rng.integers(0, 3, (6, 20)).astype(float)
    together = np.stack(auc.wins(scores, positive, weights))
    alone = np.stack([np.stack(auc.wins(scores, positive, row[None]))[:, 0] for row in weights], axis=1)
    np.testing.assert_array_equal(together, alone)
    assert len(set(together[0])) > 1


def test_pairwise_by_eye() -> None:
    y = np.array([0, 0, 1, 1, 2])
    scores = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]])
    pairs = auc.pairwise_aucs(y, scores, [0, 1, 2], auc.ones(5))
    # 0 against 1 by column 0: .6 and .5 against .3 and .5 = 3.5 of 4; by column 1: .6 and .2 against .3 and .4 = 2 of 4
    assert pairs[0, 1][0] == pytest.approx((3.5 / 4 + 2 / 4) / 2)
    assert pairs[0, 2][0] == 1
    # column 1: .6 and .2 against .2 = 1.5 of 2; column 2: .6 against .1 and .3
    assert pairs[1, 2][0] == pytest.approx((1.5 / 2 + 1) / 2)
    assert auc.macro_ovo(y, scores, [0, 1, 2], auc.ones(5))[0] == pytest.approx((0.6875 + 1 + 0.875) / 3)


@given(several_classes())
def test_macro_scores_agree_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, scores = case
    classes = scores.shape[1]
    if classes == 2:  # scikit-learn takes two classes as a binary problem
        expected = roc_auc_score(y == 1, scores[:, 1])
        assert auc.macro_ovo(y, scores, [0, 1], auc.ones(len(y)))[0] == pytest.approx(expected)
        return
    for ours, name in ((auc.macro_ovo, "ovo"), (auc.macro_ovr, "ovr")):
        expected = roc_auc_score(y, scores, multi_class=name, average="macro", labels=range(classes))
        assert ours(y, scores, list(range(classes)), auc.ones(len(y)))[0] == pytest.approx(expected)


@given(several_classes())
def test_accuracies_agree_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, scores = case
    every = list(range(scores.shape[1]))
    expected = balanced_accuracy_score(y, scores.argmax(1))
    assert auc.balanced_accuracy(y, scores, every, auc.ones(len(y)))[0] == pytest.approx(expected)
    assert auc.top1(y, scores, auc.ones(len(y)))[0] == pytest.approx(np.mean(scores.argmax(1) == y))
    f1 = f1_score(y, scores.argmax(1), average="macro", labels=every)
    assert auc.macro_f1(y, scores, every, auc.ones(len(y)))[0] == pytest.approx(f1)
    precision = np.mean([average_precision_score(y == c, scores[:, c]) for c in every])
    assert auc.macro_average_precision(y, scores, every, auc.ones(len(y)))[0] == pytest.approx(precision)


@given(several_classes(), st.integers(0, 2**32 - 1))
def test_every_score_with_weights_equals_the_score_of_the_resampled_rows(
    case: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    y, scores = case
    chosen = list(range(scores.shape[1]))
    times = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)))
    rows = np.repeat(np.arange(len(y)), times)
    here = sorted(set(y[rows].tolist()))  # a class without rows is undefined, and left out of the mean
    weights = times[None].astype(float)
    for function in (auc.macro_ovo, auc.macro_ovr, auc.balanced_accuracy, auc.macro_average_precision):
        expected = function(y[rows], scores[rows], here, auc.ones(len(rows)))
        np.testing.assert_allclose(function(y, scores, chosen, weights), expected)
    np.testing.assert_allclose(auc.top1(y, scores, weights), auc.top1(y[rows], scores[rows], auc.ones(len(rows))))


def test_an_absent_class_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    y = np.array([0, 2, 3] * 5)  # of the classes 0 ... 4, classes 1 and 4 have no row
    scores = rng.random((15, 5))
    chosen = auc.scored_classes(y, 5, 1)
    assert chosen == [0, 2, 3]
    kept = scores[:, chosen]
    relabelled = np.searchsorted(chosen, y)
    for function in (auc.macro_ovo, auc.macro_ovr):
        found = function(y, scores, chosen, auc.ones(15))
        np.testing.assert_array_equal(found, function(relabelled, kept, [0, 1, 2], auc.ones(15)))
    # even when the absent class is asked for, it is left out of the mean and does not turn it into NaN
    np.testing.assert_array_equal(
        auc.balanced_accuracy(y, scores, [0, 1, 2, 3], auc.ones(15)),
        auc.balanced_accuracy(y, scores, [0, 2, 3], auc.ones(15)),
    )


def test_classes_below_the_limit_are_left_out_with_their_rows() -> None:
    y = np.array([0, 0, 0, 1, 1, 1, 2])
    assert auc.scored_classes(y, 4, 1) == [0, 1, 2]
    assert auc.scored_classes(y, 4, 2) == [0, 1]
    assert auc.scored_classes(y, 4, 3) == [0, 1]
    assert auc.scored_classes(y, 4, 4) == []
    scores = np.eye(4)[y]
    scores[6] = [0.9, 0.1, 0, 0]  # the only row of class 2 looks like class 0
    assert auc.per_class_ovr(y, scores, [0, 1], auc.ones(7))[0][0] == 1
    assert auc.per_class_ovr(y, scores, [0, 1, 2], auc.ones(7))[0][0] == 1  # .9 < 1
    scores[6, 0] = 2
    assert auc.per_class_ovr(y, scores, [0, 1], auc.ones(7))[0][0] == 1
    assert auc.per_class_ovr(y, scores, [0, 1, 2], auc.ones(7))[0][0] == pytest.approx(3 / 4)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_constant_scores_are_worth_one_half(classes: int) -> None:
    y = np.repeat(np.arange(classes), np.arange(1, classes + 1) * 3)
    scores = np.tile(np.linspace(0.1, 0.7, classes), (len(y), 1))
    every, weights = list(range(classes)), np.random.default_rng(0).integers(1, 4, (3, len(y))).astype(float)
    strata = np.array(["x", "y", "y"] * len(y))[: len(y)]
    np.testing.assert_allclose(auc.macro_ovo(y, scores, every, weights), 0.5)
    np.testing.assert_allclose(auc.macro_ovr(y, scores, every, weights), 0.5)
    np.testing.assert_allclose(auc.macro_ovo(y, scores, every, weights, np.repeat("x", len(y))), 0.5)
    np.testing.assert_allclose(auc.balanced_accuracy(y, scores, every, weights), 1 / classes)
    if classes > 2:
        np.testing.assert_allclose(auc.macro_ovo(y, scores, [1, 2], weights, strata), 0.5)


def test_undefined_scores_are_nan_without_a_warning() -> None:
    y, scores = np.array([0, 0, 0]), np.full((3, 2), 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(auc.macro_ovo(y, scores, [0], auc.ones(3)))
        assert np.isnan(auc.macro_ovo(y, scores, [], auc.ones(3)))
        assert np.isnan(auc.macro_ovr(y, scores, [0], auc.ones(3)))
        assert np.isnan(auc.balanced_accuracy(y, scores, [], auc.ones(3)))
        zero_weights = auc.macro_ovo(np.array([0, 1]), np.eye(2), [0, 1], np.array([[1.0, 1], [1, 0]]))
    np.testing.assert_array_equal(zero_weights, [1, np.nan])


def test_a_stratum_that_gives_the_class_away_is_worth_one_half() -> None:
    """Scores know the source of an image and nothing else; sources hold the classes in unlike shares."""
    y = np.array([0] * 12 + [1] * 12)
    strata = np.array(["a"] * 9 + ["b"] * 3 + ["a"] * 3 + ["b"] * 9)
    likely = np.where(strata == "a", 0.8, 0.2)
    scores = np.stack([likely, 1 - likely], axis=1)
    assert auc.macro_ovo(y, scores, [0, 1], auc.ones(24))[0] == pytest.approx(0.75)
    assert auc.macro_ovo(y, scores, [0, 1], auc.ones(24), strata)[0] == 0.5


def test_strata_of_one_class_each_leave_nothing_to_compare() -> None:
    y, scores = np.repeat([0, 1, 2], 4), np.repeat(np.eye(3), 4, axis=0)
    pairs = auc.pairwise_aucs(y, scores, [0, 1, 2], auc.ones(12), np.array(["a"] * 4 + ["b"] * 8))
    assert np.isnan(pairs[0, 1][0]) and np.isnan(pairs[0, 2][0])
    assert pairs[1, 2][0] == 1
    assert auc.macro_ovo(y, scores, [0, 1, 2], auc.ones(12), np.array(["a"] * 4 + ["b"] * 8))[0] == 1


@pytest.mark.parametrize(("rows", "defined"), [(2, False), (3, True)])
def test_a_stratum_needs_three_rows_a_side(rows: int, defined: bool) -> None:
    y = np.array([0] * rows + [1] * 5)
    found = auc.pairwise_aucs(y, np.eye(2)[y], [0, 1], auc.ones(len(y)), np.repeat("a", len(y)))[0, 1][0]
    assert np.isfinite(found) == defined


def test_strata_weigh_by_their_comparisons() -> None:
    # stratum a: 3 x 3 pairs, all won; stratum b: 4 x 6 pairs, all lost
    y = np.array([0] * 3 + [1] * 3 + [0] * 4 + [1] * 6)
    strata = np.array(["a"] * 6 + ["b"] * 10)
    good = np.eye(2)[y]
    scores = np.where((strata == "a")[:, None], good, 1 - good)
    assert auc.macro_ovo(y, scores, [0, 1], auc.ones(16), strata)[0] == pytest.approx(9 / (9 + 24))


@pytest.mark.slow
@given(several_classes(least=4), st.integers(0, 2**32 - 1))
def test_stratified_pairs_agree_with_the_double_loop(case: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    y, scores = case
    strata = np.random.default_rng(seed).choice(["a", "b"], len(y))
    pairs = auc.pairwise_aucs(y, scores, list(range(scores.shape[1])), auc.ones(len(y)), strata)
    assert set(pairs) == set(combinations(range(scores.shape[1]), 2))
    for (a, b), found in pairs.items():
        np.testing.assert_allclose(found[0], slow_stratified(y, scores, a, b, strata))


def test_top_k_by_eye() -> None:
    scores = np.array([[0.4, 0.3, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.3, 0.3, 0.3], [0.1, 0.2, 0.3, 0.4]])
    y = np.array([0, 1, 1, 0])  # ranks 1, 2, 3 (a tie counts against), 4
    found = [auc.top_k(y, scores, k, auc.ones(4))[0] for k in (1, 2, 3, 4)]
    assert found == [0.25, 0.5, 0.75, 1]
    assert auc.top_k(y, scores, 1, np.array([[2.0, 1, 1, 0]]))[0] == 0.5


def test_roc_curve_by_eye() -> None:
    positive = np.array([True, False, True, False])
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    grid = np.array([0, 0.25, 0.5, 0.75, 1])  # rises to 1/2 at once, flat to 1/2, then to 1
    np.testing.assert_allclose(auc.roc_curve(positive, scores, grid)[[1, 3, 4]], [0.5, 1, 1])


@given(st.integers(0, 2**32 - 1))
def test_the_area_under_the_curve_is_the_auc(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = np.r_[True, False, rng.random(40) < 0.5]
    scores = rng.normal(size=42) + positive
    grid = np.linspace(0, 1, 20_001)
    won, compared = auc.wins(scores, positive, auc.ones(42))
    assert np.trapezoid(auc.roc_curve(positive, scores, grid), grid) == pytest.approx(won[0] / compared[0], abs=1e-3)


# --- top-k, F1 and average precision


def slow_average_precision(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """At each positive row, the share of positives among the rows that score at least as high."""
    total = found = 0.0
    if not (weights * ~positive).any():
        return float("nan")
    for i in np.flatnonzero(positive):
        if weights[i]:
            above = [j for j in range(len(scores)) if scores[j] >= scores[i]]
            total += weights[i] * sum(weights[j] * positive[j] for j in above) / sum(weights[j] for j in above)
            found += weights[i]
    return total / found if found else float("nan")


def resamplings(n: int, seed: int) -> np.ndarray:
    """The plain weights, and three of a bootstrap."""
    return np.r_[np.ones((1, n)), np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=3)]


@given(several_classes(), st.integers(1, 5))
def test_top_k_agrees_with_counting(case: tuple[np.ndarray, np.ndarray], k: int) -> None:
    y, scores = case
    hits = [sum(other >= row[label] for other in row) <= k for label, row in zip(y, scores, strict=True)]
    assert auc.top_k(y, scores, k, auc.ones(len(y)))[0] == pytest.approx(np.mean(hits))
    distinct = scores + np.arange(scores.shape[1]) * 1e-6  # without ties, top-1 is that of argmax
    top1 = auc.top1(y, distinct, auc.ones(len(y)))
    np.testing.assert_allclose(auc.top_k(y, distinct, 1, auc.ones(len(y))), top1)


def test_top_k_of_weights_by_eye() -> None:
    y, scores = np.array([0, 1, 2]), np.tile([0.5, 0.3, 0.2], (3, 1))
    weights = np.array([[1.0, 2, 1], [4, 0, 0], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_allclose(auc.top_k(y, scores, 2, weights), [0.75, 1, 0, np.nan])


def test_f1_by_eye() -> None:
    y, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 0])
    scores = np.eye(4)[predicted]
    # class 0: 2 of 3 found, 2 of 3 right; class 1: 1 of 2, 1 of 2; class 2: none; class 3 has no rows and no guesses
    every = auc.macro_f1(y, scores, [0, 1, 2], auc.ones(6))[0]
    assert every == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert auc.macro_f1(y, scores, [0, 1, 2, 3], auc.ones(6))[0] == every
    assert auc.macro_f1(y, scores, [1], auc.ones(6))[0] == pytest.approx(0.5)
    assert np.isnan(auc.macro_f1(y, scores, [3], auc.ones(6))[0])


@pytest.mark.slow
@given(several_classes(), st.integers(0, 2**32 - 1))
def test_f1_agrees_with_scikit_learn_under_bootstrap_weights(case: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    y, scores = case
    guessed, weights = scores.argmax(1), resamplings(len(y), seed)
    found = auc.macro_f1(y, scores, list(range(scores.shape[1])), weights)
    for value, times in zip(found, weights, strict=True):
        here = sorted(set(y[times > 0].tolist()) | set(guessed[times > 0].tolist()))  # others are left out of the mean
        expected = f1_score(y, guessed, labels=here, average="macro", sample_weight=times)
        alone = len(set(y[times > 0].tolist())) < 2  # nothing can be wrongly called so
        assert np.isnan(value) if alone else value == pytest.approx(expected)


def test_no_score_is_perfect_for_want_of_another_class() -> None:
    y, scores = np.zeros(4, dtype=int), np.array([[0.9, 0.1]] * 4)
    for function in (
        auc.balanced_accuracy, auc.macro_f1, auc.macro_ovo, auc.macro_ovr, auc.macro_average_precision,
    ):  # fmt: skip
        assert np.isnan(function(y, scores, [0], auc.ones(4))[0]), function.__name__


def test_average_precision_by_eye() -> None:
    scores, positive = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert auc.average_precision(scores, positive, auc.ones(4))[0] == pytest.approx((1 + 2 / 3) / 2)
    assert auc.average_precision(-scores, positive, auc.ones(4))[0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    constant = np.zeros(4)  # one step: the share of positives
    assert auc.average_precision(constant, positive, auc.ones(4))[0] == 0.5
    assert np.isnan(auc.average_precision(scores, np.zeros(4, dtype=bool), auc.ones(4))[0])


@given(binary())
def test_average_precision_agrees_with_the_double_loop_and_scikit_learn(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    scores, positive, weights = case
    found = auc.average_precision(scores, positive, weights[None])[0]
    np.testing.assert_allclose(found, slow_average_precision(scores, positive, weights))
    if (weights * positive).sum() and (weights * ~positive).sum():
        assert found == pytest.approx(average_precision_score(positive, scores, sample_weight=weights))


@pytest.mark.slow
@given(several_classes(), st.integers(0, 2**32 - 1))
def test_macro_average_precision_agrees_with_scikit_learn_under_bootstrap_weights(
    case: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    y, scores = case
    weights = resamplings(len(y), seed)
    found = auc.macro_average_precision(y, scores, list(range(scores.shape[1])), weights)
    for value, times in zip(found, weights, strict=True):
        here = sorted(set(y[times > 0].tolist()))  # a class without rows is undefined, and left out of the mean
        expected = [average_precision_score(y == c, scores[:, c], sample_weight=times) for c in here]
        assert value == pytest.approx(np.mean(expected) if len(here) > 1 else np.nan, nan_ok=True)


def test_one_class_alone_has_no_average_precision() -> None:
    """Every row is relevant, so precision is 1 whatever the scores: 1.0 beside a top-1 of 0 is no result."""
    y, scores = np.zeros(4, dtype=int), np.random.default_rng(0).random((4, 2))
    assert np.isnan(auc.average_precision(scores[:, 0], y == 0, auc.ones(4))[0])
    assert np.isnan(auc.macro_average_precision(y, scores, [0], auc.ones(4))[0])


def test_plain_and_stratified_over_the_same_pairs() -> None:
    """Classes 0 and 1 meet in stratum a; class 2 is alone in stratum b, so its pairs cannot be compared there."""
    y, strata = np.repeat([0, 1, 2], 4), np.repeat(["a", "a", "b"], 4)
    scores, weights = np.random.default_rng(1).random((12, 3)), auc.ones(12)
    plain = auc.pairwise_aucs(y, scores, [0, 1, 2], weights)
    kept = auc.same_pairs(plain, auc.pairwise_aucs(y, scores, [0, 1, 2], weights, strata))
    assert list(kept) == [(0, 1)]
    assert auc.mean_of_pairs(kept, 1)[0] == plain[0, 1][0] != auc.macro_ovo(y, scores, [0, 1, 2], weights)[0]
    assert np.isnan(auc.mean_of_pairs({}, 1)[0])


def test_rows_of_classes_not_scored_play_no_part_in_average_precision() -> None:
    y = np.array([0, 0, 1, 1, 2])
    scores = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    scores[4] = [0.99, 0.01, 0]  # would come before every row of class 0
    found = auc.macro_average_precision(y, scores, [0, 1], auc.ones(5))
    np.testing.assert_array_equal(found, auc.macro_average_precision(y[:4], scores[:4], [0, 1], auc.ones(4)))
    assert found[0] != auc.macro_average_precision(y, scores, [0, 1, 2], auc.ones(5))[0]
    assert np.isnan(auc.macro_average_precision(y, scores, [], auc.ones(5))[0])


def test_every_score_of_many_draws_is_that_of_each_draw_alone() -> None:
    rng = np.random.default_rng(3)
    y, scores, weights = rng.integers(0, 3, 30), rng.random((30, 3)), rng.integers(0, 4, (5, 30)).astype(float)
    chosen = [0, 1, 2]
    functions = [auc.macro_ovo, auc.macro_ovr, auc.balanced_accuracy, auc.macro_f1, auc.macro_average_precision]
    of_draws = [lambda w, f=f: f(y, scores, chosen, w) for f in functions]
    of_draws += [lambda w: auc.top1(y, scores, w), lambda w: auc.top_k(y, scores, 2, w)]
    of_draws += [lambda w: auc.share(y == 0, scores[:, 0] > 0.5, w)]
    for score in of_draws:
        alone = [score(row[None])[0] for row in weights]
        np.testing.assert_allclose(score(weights), alone, rtol=1e-12)
        assert len(set(alone)) > 1
