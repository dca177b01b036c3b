from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import log_loss

from artextract.measures.calibration import (
    Calibration,
    apply_temperature,
    error_if_calibrated,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    reliability_points,
    wilson,
)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def slow_error(y: np.ndarray, p: np.ndarray, bins: int) -> float:
    """Row by row into bins that are open below and closed above, the first one closed on both sides."""
    total = 0.0
    for k in range(bins):
        low, high = k / bins, (k + 1) / bins
        inside = [i for i in range(len(y)) if low < p[i].max() <= high or (k == 0 and p[i].max() == 0)]
        if inside:
            accuracy = sum(p[i].tolist().index(p[i].max()) == y[i] for i in inside) / len(inside)
            confidence = sum(p[i].max() for i in inside) / len(inside)
            total += abs(accuracy - confidence) * len(inside)
    return total / len(y)


@st.composite
def predicted(draw: st.DrawFn, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of 2 to 5 classes, the true one a little likelier; no row is certain."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, classes = draw(st.integers(least, 40)), draw(st.integers(2, 5))
    y = rng.integers(0, classes, n)
    spread = draw(st.floats(0.2, 2))  # no probability comes near the floor of 1e-12
    return y, softmax(spread * (rng.normal(size=(n, classes)) + np.eye(classes)[y]))


# --- temperature


def test_temperature_by_eye() -> None:
    p = np.array([[0.8, 0.2], [0.1, 0.9]])
    # at temperature 1/2 probabilities are squared, at 2 they are rooted, and then made to sum to 1
    np.testing.assert_allclose(apply_temperature(p, 0.5), [[64 / 68, 4 / 68], [1 / 82, 81 / 82]])
    np.testing.assert_allclose(apply_temperature(p, 2.0), [[2 / 3, 1 / 3], [0.25, 0.75]])


@given(predicted(), st.floats(0.1, 10))
def test_temperature_is_that_of_the_logits(case: tuple[np.ndarray, np.ndarray], temperature: float) -> None:
    _, p = case
    logits = np.log(p) + np.random.default_rng(0).normal(size=(len(p), 1))  # a constant a row plays no part
    changed = apply_temperature(p, temperature)
    np.testing.assert_allclose(changed, softmax(logits / temperature), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(changed.sum(1), 1)
    np.testing.assert_array_equal(changed.argmax(1), p.argmax(1))  # no prediction changes, only its confidence
    np.testing.assert_allclose(apply_temperature(p, 1.0), p)
    shyer = apply_temperature(p, 1 + temperature)  # a bolder one may fall under the floor, and is not undone
    np.testing.assert_allclose(apply_temperature(shyer, 1 / (1 + temperature)), p, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_certain_rows_stay_finite(temperature: float) -> None:
    p = apply_temperature(np.array([[1.0, 0, 0], [0.5, 0.5, 0]]), temperature)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(1), 1)
    assert p[0].argmax() == 0 and p[1, 0] == p[1, 1] > p[1, 2]
    floor = 1e-12 ** (1 / temperature)  # what is left of a class that was ruled out
    np.testing.assert_allclose(p[0], np.array([1, floor, floor]) / (1 + 2 * floor))


def test_likelihood_by_eye() -> None:
    p = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert negative_log_likelihood(np.array([0, 0]), p) == pytest.approx((np.log(2) + np.log(4)) / 2)
    never = negative_log_likelihood(np.array([1]), np.array([[1.0, 0.0]]))
    assert never == pytest.approx(-np.log(1e-12))  # a class that was ruled out costs much, not everything


@given(predicted())
def test_likelihood_agrees_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = case
    assert negative_log_likelihood(y, p) == pytest.approx(log_loss(y, p, labels=range(p.shape[1])))


def test_temperature_undoes_what_was_done() -> None:
    """Shares that are exactly right have temperature 1, and made bolder or shyer by t they have t."""
    right = np.array([[0.7, 0.3]] * 10)
    y = np.array([0] * 7 + [1] * 3)
    assert fit_temperature(y, right) == pytest.approx(1, abs=1e-3)
    for t in (0.25, 0.5, 3.0):
        assert fit_temperature(y, apply_temperature(right, 1 / t)) == pytest.approx(t, rel=1e-3)


def test_temperature_stays_in_its_bounds() -> None:
    p = np.array([[0.6, 0.4], [0.3, 0.7]])
    assert fit_temperature(np.array([0, 1]), p) == pytest.approx(0.05, rel=1e-2)  # all right: as bold as allowed
    assert fit_temperature(np.array([1, 0]), p) == pytest.approx(20, rel=1e-2)  # all wrong: as shy as allowed


@pytest.mark.slow
@given(predicted(least=2))
def test_no_temperature_of_a_dense_grid_is_better(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = case
    found = fit_temperature(y, p)
    assert 0.05 <= found <= 20
    best = min(negative_log_likelihood(y, apply_temperature(p, t)) for t in np.geomspace(0.05, 20, 400))
    assert negative_log_likelihood(y, apply_temperature(p, found)) <= best + 1e-4


def test_a_temperature_far_below_its_bounds_leaves_the_likeliest_class() -> None:
    p = apply_temperature(np.array([[0.9, 0.05, 0.05], [0.3, 0.35, 0.35]]), 0.0005)
    np.testing.assert_allclose(p, [[1, 0, 0], [0, 0.5, 0.5]], atol=1e-9)


# --- reliability


def test_reliability_by_eye() -> None:
    p = np.array([[0.55, 0.45], [0.6, 0.4], [0.05, 0.95], [0.1, 0.9], [0.2, 0.8]])
    table = reliability(np.array([0, 1, 1, 1, 0]), p, bins=4)
    # two rows in (0.5, 0.75], one of them right; three in (0.75, 1], two of them right
    assert table.columns.tolist() == ["low", "high", "rows", "confidence", "accuracy"]
    np.testing.assert_allclose(table, [[0.5, 0.75, 2, 0.575, 0.5], [0.75, 1, 3, 2.65 / 3, 2 / 3]])
    error = (2 * 0.075 + 3 * (2.65 / 3 - 2 / 3)) / 5
    assert expected_calibration_error(np.array([0, 1, 1, 1, 0]), p, bins=4) == pytest.approx(error)


def test_a_bin_holds_its_upper_edge_and_not_its_lower() -> None:
    p = np.array([[0.5, 0.25, 0.25], [0.75, 0.25, 0], [1, 0, 0]])
    table = reliability(np.zeros(3, dtype=int), p, bins=4)
    assert table[["low", "high", "rows"]].values.tolist() == [[0.25, 0.5, 1], [0.5, 0.75, 1], [0.75, 1, 1]]


@given(predicted(), st.integers(1, 20))
def test_calibration_error_agrees_with_the_loop(case: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    y, p = case
    assert expected_calibration_error(y, p, bins) == pytest.approx(slow_error(y, p, bins))


@given(predicted(), st.integers(1, 20))
def test_every_row_is_in_one_bin(case: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    y, p = case
    table = reliability(y, p, bins)
    assert table["rows"].sum() == len(y) and (table["rows"] > 0).all()
    assert (table["low"] <= table["confidence"] + 1e-12).all() and (table["confidence"] <= table["high"] + 1e-12).all()
    np.testing.assert_allclose(table["high"] - table["low"], 1 / bins)
    hits = (table["rows"] * table["accuracy"]).sum()
    assert hits == pytest.approx((p.argmax(1) == y).sum())


def test_error_of_honest_and_of_overconfident_rows() -> None:
    y = np.array([0] * 8 + [1] * 2)
    assert expected_calibration_error(y, np.tile([0.8, 0.2], (10, 1))) == pytest.approx(0)
    assert expected_calibration_error(y, np.tile([1.0, 0.0], (10, 1))) == pytest.approx(0.2)
    assert expected_calibration_error(1 - y, np.tile([1.0, 0.0], (10, 1))) == pytest.approx(0.8)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.25, 0.5, 3.0]))
def test_a_fitted_temperature_mends_other_rows_of_the_same_source(seed: int, wrong: float) -> None:
    rng = np.random.default_rng(seed)
    p = softmax(1.5 * rng.normal(size=(4000, 3)))
    y = (rng.random((4000, 1)) > np.cumsum(p, 1)).sum(1).clip(0, 2)  # drawn from p: p is calibrated
    bent = apply_temperature(p, wrong)
    found = fit_temperature(y[:2000], bent[:2000])
    assert found == pytest.approx(1 / wrong, rel=0.2)
    mended = apply_temperature(bent[2000:], found)
    assert expected_calibration_error(y[2000:], mended) < expected_calibration_error(y[2000:], bent[2000:])
    assert negative_log_likelihood(y[2000:], mended) < negative_log_likelihood(y[2000:], bent[2000:])


# --- a temperature that is worth applying, or none


def honest(n: int, seed: int, spread: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of three classes, and labels drawn from them: the network is perfectly calibrated."""
    rng = np.random.default_rng(seed)
    p = softmax(spread * rng.normal(size=(n, 3)))
    return (rng.random((n, 1)) > np.cumsum(p, 1)).sum(1).clip(0, 2), p


def test_a_bold_network_gets_the_temperature_that_undoes_it() -> None:
    y, p = honest(400, 0)
    bold = apply_temperature(p, 0.4)
    found = fit_calibration(y, bold, np.arange(400), 0)
    assert found == Calibration(400, fit_temperature(y, bold)) and found.temperature == pytest.approx(2.5, rel=0.2)
    assert found.record() == {"rows": 400, "temperature": found.temperature}


def test_no_temperature_from_fewer_than_fifty_rows() -> None:
    y, p = honest(50, 0)
    bold = apply_temperature(p, 0.3)
    assert fit_calibration(y, bold, np.arange(50), 0).temperature is not None
    for n in (0, 2, 49):
        found = fit_calibration(y[:n], bold[:n], np.arange(n), 0)
        assert found.temperature is None and f"{n} select rows are too few" in str(found.refused)
        assert found.record() == {"rows": n, "refused": found.refused}


@pytest.mark.parametrize("right", [True, False])
def test_no_temperature_at_a_bound_of_its_search(right: bool) -> None:
    """All right or all wrong: the likelihood has no best temperature."""
    p = np.tile([[0.6, 0.4], [0.3, 0.7]], (40, 1))
    y = np.tile([0, 1] if right else [1, 0], 40)
    assert "bound" in str(fit_calibration(y, p, np.arange(80), 0).refused)


def test_no_temperature_that_does_not_help_rows_it_was_not_fitted_on() -> None:
    """A calibrated network needs none; the rows it is fitted on always look better, so others have to say so."""
    refused = [fit_calibration(*honest(60, seed), np.arange(60), 0).refused for seed in range(20)]
    assert sum("not fitted on" in str(reason) for reason in refused) >= 10


def test_a_temperature_near_a_bound_is_one() -> None:
    """Rows made shyer by 12 need a temperature of about 1/12, within a factor of two of the lowest, 1/20."""
    y, p = honest(400, 0)
    for wrong, right in ((12.0, 1 / 12), (1 / 12, 12)):
        found = fit_calibration(y, apply_temperature(p, wrong), np.arange(400), 0)
        assert found.temperature == pytest.approx(right, rel=0.2)


def cross_fitted(y: np.ndarray, p: np.ndarray, units: list[str], seed: int) -> float:
    """Mean negative log-likelihood of each row under the temperature of the folds that its unit is not in."""
    order = sorted(set(units))
    dealt = np.random.default_rng(seed).permutation(len(order)).tolist()
    fold = np.array([dealt[order.index(unit)] % 5 for unit in units])
    fitted = [fit_temperature(y[fold != k], p[fold != k]) for k in range(5)]
    costs = [-np.log(apply_temperature(p[i : i + 1], fitted[k])[0, y[i]]) for i, k in enumerate(fold)]
    return float(np.mean(costs))


def test_a_refusal_says_what_the_temperature_of_the_other_folds_is_worth() -> None:
    y, p = honest(60, 4)
    units, reasons = [f"unit {i // 2}" for i in range(60)], set()
    for seed in (0, 1):
        reasons.add(reason := str(fit_calibration(y, p, np.array(units), seed).refused))
        before, after = negative_log_likelihood(y, p), cross_fitted(y, p, units, seed)
        assert reason.endswith(f"({before:.4f} to {after:.4f} nats)")
    assert len(reasons) == 2  # the folds are those of the seed


def test_no_temperature_where_all_rows_are_of_one_unit() -> None:
    """No other rows say whether it helps."""
    y, p = honest(200, 0)
    found = fit_calibration(y, apply_temperature(p, 0.4), np.zeros(200, dtype=int), 0)
    assert found.temperature is None and "not fitted on" in str(found.refused)


def test_rows_of_one_unit_are_in_one_fold() -> None:
    """Each row appears 20 times. Apart, copies would be fitted and scored; as units they are three rows."""
    y, p = honest(3, 1)
    copies = np.tile(np.arange(3), 20)
    apart, whole = (fit_calibration(y[copies], p[copies], units, 0) for units in (np.arange(60), copies))
    assert apart.refused is None and whole.refused is not None


# --- the error of a calibrated network


@pytest.mark.slow
def test_the_error_of_a_calibrated_network_is_far_from_zero_on_few_rows() -> None:
    """What is simulated from the probabilities is what labels drawn from them give."""
    for n in (15, 60, 1000):
        _, p = honest(n, 3)
        expected = error_if_calibrated(p, 0)
        rng = np.random.default_rng(4)
        drawn = [
            expected_calibration_error((rng.random((n, 1)) > np.cumsum(p, 1)).sum(1).clip(0, 2), p) for _ in range(300)
        ]
        assert expected.value == pytest.approx(np.mean(drawn), abs=0.01)
        np.testing.assert_allclose([expected.low, expected.high], np.percentile(drawn, [2.5, 97.5]), atol=0.03)
    assert error_if_calibrated(honest(15, 3)[1], 0).value > 0.1 > 3 * error_if_calibrated(honest(1000, 3)[1], 0).value


def test_the_error_of_a_calibrated_network_is_that_of_a_thousand_draws_of_labels() -> None:
    """A row is right in a draw where its random number, one of float32, is below its confidence."""
    _, p = honest(9, 3)
    drawn, confidence = np.random.default_rng(3).random((1000, 9), dtype=np.float32), p.max(axis=1)
    place = [next(k for k in range(15) if c <= (k + 1) / 15) for c in confidence.tolist()]
    errors = []
    for numbers in drawn.tolist():
        gaps = dict.fromkeys(place, 0.0)
        for k, number, c in zip(place, numbers, confidence.tolist(), strict=True):
            gaps[k] += (number < c) - c
        errors.append(sum(map(abs, gaps.values())) / 9)
    found = error_if_calibrated(p, 3)
    assert found.value == pytest.approx(np.mean(errors))
    assert (found.low, found.high) == pytest.approx((np.quantile(errors, 0.025), np.quantile(errors, 0.975)))


def test_there_are_fifteen_bins_unless_another_number_is_named() -> None:
    y, p = honest(30, 3)
    assert expected_calibration_error(y, p) == pytest.approx(slow_error(y, p, 15))
    np.testing.assert_allclose(reliability(y, p)["high"] - reliability(y, p)["low"], 1 / 15)
    assert error_if_calibrated(p, 0) == error_if_calibrated(p, 0, 15) != error_if_calibrated(p, 0, 16)


def test_the_error_of_certain_rows_is_zero() -> None:
    found = error_if_calibrated(np.eye(3)[[0, 1, 2, 0]], 0)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_wilson_interval_holds_its_share() -> None:
    """Rounding would put the end of an interval below a share of one, for 6 or 21 rows for example."""
    for n in range(1, 120):
        for hits in (0, n // 2, n):
            low, high = wilson(hits / n, n)
            assert 0 <= low <= hits / n <= high <= 1


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (1, 3), (19, 60), (60, 60)])
def test_a_wilson_interval_is_that_of_scipy(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-4)


# --- points of a diagram


@pytest.mark.parametrize(("n", "sizes"), [(39, []), (40, [20, 20]), (59, [30, 29]), (330, [22] * 15)])
def test_points_hold_equally_many_rows_by_rising_confidence(n: int, sizes: list[int]) -> None:
    y, p = honest(n, 5)
    points = reliability_points(y, p)
    assert points.columns.tolist() == ["rows", "confidence", "accuracy", "low", "high"]
    assert points["rows"].tolist() == sizes
    confidence, hit = np.sort(p.max(axis=1)), (p.argmax(axis=1) == y)[np.argsort(p.max(axis=1))]
    for start, size, point in zip(np.cumsum([0, *sizes]), sizes, points.to_dict("records"), strict=False):
        share = hit[start : start + size].mean()
        assert point["confidence"] == pytest.approx(confidence[start : start + size].mean())
        assert (point["accuracy"], point["low"], point["high"]) == pytest.approx((share, *wilson(share, size)))


def test_points_of_equal_confidence_keep_the_order_of_their_rows() -> None:
    y, p = np.array([0] * 20 + [1] * 20), np.tile([0.9, 0.1], (40, 1))
    assert reliability_points(y, p)["accuracy"].tolist() == [1, 0]
