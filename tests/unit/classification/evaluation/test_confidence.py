"""Temperature and threshold: fitted on select rows alone, refused where they are few, measured on validation rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from artextract.classification.evaluation.confidence import abstain, calibrate, fit_confidence
from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.measures import calibration
from artextract.measures.abstention import Threshold, risk_coverage
from artextract.measures.calibration import Calibration
from artextract.measures.intervals import estimate
from artextract.measures.units import without_blocks
from tests.prediction_toys import EMPTY, PARAMS, predictions, random_predictions

HALF = PARAMS.model_copy(update={"abstain_error": 0.5})


def bold(seed: int, n: int = 300) -> TaskPredictions:
    """Predictions that are four times as certain as they should be."""
    task = random_predictions(seed, n=n)
    sharp = task.p**4
    return dataclasses.replace(task, p=sharp / sharp.sum(axis=1, keepdims=True))


def test_an_overconfident_network_is_cooled_by_what_select_rows_say() -> None:
    task, kept_back = bold(0, 200), bold(1)
    fitted = fit_confidence(kept_back, PARAMS, 0)
    scores, points = calibrate(task, fitted.calibration, 0)
    assert scores["temperature"] == calibration.fit_temperature(kept_back.y, kept_back.p) > 2
    after = calibration.apply_temperature(task.p, scores["temperature"])
    assert scores["ece_calibrated"] == calibration.expected_calibration_error(task.y, after) < scores["ece"]
    assert scores["nll_calibrated"] == calibration.negative_log_likelihood(task.y, after) < scores["nll"]
    assert (scores["temperature_rows"], scores["ece_rows"]) == (300, 200)
    assert points.columns.tolist() == [*calibration.POINT, "calibrated"]
    assert points.index.tolist() == list(range(len(points)))
    for name, p in (("before", task.p), ("after", after)):
        part = points[points["calibrated"] == name].drop(columns="calibrated").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, calibration.reliability_points(task.y, p))


def test_the_error_appears_beside_that_of_a_calibrated_network() -> None:
    task = bold(0, 60)
    scores, _ = calibrate(task, Calibration(0, refused="few"), 7)
    expected = calibration.error_if_calibrated(task.p, 7)
    assert scores["ece"] > scores["ece_if_calibrated"] == expected.value
    assert (scores["ece_if_calibrated_low"], scores["ece_if_calibrated_high"]) == (expected.low, expected.high)


def test_nothing_is_calibrated_without_rows() -> None:
    empty = predictions([], EMPTY)
    fitted = fit_confidence(empty, PARAMS, 0)
    assert fitted.calibration.temperature is fitted.threshold.confidence is None
    scores, points = calibrate(empty, fitted.calibration, 0)
    assert scores == {"temperature_rows": 0} and not len(points)
    scores, curve = abstain(empty, Threshold(90, 0.5), PARAMS, 0)
    assert scores == {"abstain_threshold_rows": 90} and not len(curve)


def test_what_is_stored_says_what_was_fitted_or_why_not() -> None:
    few = fit_confidence(bold(1, 20), PARAMS, 0).record()
    assert few["rows"] == 20 and "too few" in few["refused"] and "too few" in few["abstain_refused"]
    fitted = fit_confidence(bold(1), HALF, 0)
    assert fitted.record() == {
        "rows": 300, "temperature": fitted.calibration.temperature, "abstain_below": fitted.threshold.confidence
    }  # fmt: skip


def test_coverage_and_error_of_the_answers_by_hand() -> None:
    y = [0, 0, 1, 1, 0]
    p = np.array([[0.9, 0.1], [0.7, 0.3], [0.8, 0.2], [0.45, 0.55], [0.6, 0.4]])
    scores, curve = abstain(predictions(y, p), Threshold(60, 0.7), PARAMS, 0)
    assert scores["abstain_threshold"] == 0.7 and scores["abstain_threshold_rows"] == 60
    assert scores["abstain_coverage"] == pytest.approx(3 / 5)  # .9, .8 and .7, of which .8 is wrong
    assert scores["abstain_error"] == pytest.approx(1 / 3)
    assert (scores["abstain_coverage_rows"], scores["abstain_error_rows"]) == (5, 3)
    assert scores["abstain_error_low"] < 1 / 3 < scores["abstain_error_high"]
    weights = without_blocks(np.arange(5), PARAMS.blocks, 0)
    share = estimate(weights @ np.array([1, 1, 1, 0, 0]) / weights.sum(axis=1))
    assert (scores["abstain_coverage_low"], scores["abstain_coverage_high"]) == (share.low, share.high)
    pd.testing.assert_frame_equal(curve, risk_coverage(np.array(y), p))


def test_the_stated_error_holds_on_other_rows_of_the_same_source() -> None:
    params = PARAMS.model_copy(update={"abstain_error": 0.3})
    fitted = fit_confidence(random_predictions(0, n=2000), params, 0)
    scores, _ = abstain(random_predictions(1, n=2000), fitted.threshold, params, 0)
    assert scores["abstain_error"] == pytest.approx(0.3, abs=0.05)
    assert 0.1 < scores["abstain_coverage"] < 0.9


def test_validation_rows_fit_nothing() -> None:
    """``fit_confidence`` is given select rows only; their labels do decide."""
    kept_back = bold(1)
    other = dataclasses.replace(kept_back, y=(kept_back.y + 1) % 4)
    assert fit_confidence(other, HALF, 0) != fit_confidence(kept_back, HALF, 0)
