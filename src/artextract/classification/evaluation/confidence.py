"""Confidence of a task 1 network: a temperature and a threshold from select rows, and what they are worth on val."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.scores import Scores, defined, with_ends
from artextract.measures import auc, calibration
from artextract.measures.abstention import Threshold, choose_threshold, risk_coverage
from artextract.measures.calibration import Calibration, fit_calibration
from artextract.measures.intervals import estimate
from artextract.measures.units import without_blocks
from artextract.params.sections import Evaluate


@dataclass(frozen=True)
class Fitted:
    """What was fitted on the select rows of a task, and belongs to the network from then on.

    Attributes:
        calibration: The temperature, or why there is none.
        threshold: The least confidence of an answer, or why there is none. It applies before the temperature.
    """

    calibration: Calibration
    threshold: Threshold

    def record(self) -> dict[str, Any]:
        """As ``data/evaluation/calibration.json`` holds it.

        ``rows``, then ``temperature`` or ``refused``, then ``abstain_below`` or ``abstain_refused``.
        """
        return self.calibration.record() | self.threshold.record()


def fit_confidence(kept_back: TaskPredictions, params: Evaluate, seed: int) -> Fitted:
    """Fit the temperature and the threshold of a task.

    Args:
        kept_back: Predictions of select rows, which were neither trained on nor are reported on.
        params: Section ``evaluate``.
        seed: Seed of the folds.
    """
    y, p = kept_back.y, kept_back.p
    return Fitted(fit_calibration(y, p, kept_back.unit, seed), choose_threshold(y, p, params.abstain_error))


def calibrate(task: TaskPredictions, fitted: Calibration, seed: int) -> tuple[Scores, pd.DataFrame]:
    """Calibration of validation predictions, and that after the temperature where there is one.

    Returns:
        ``ece`` and ``nll``; ``ece_if_calibrated`` with its 95% range, what a perfectly calibrated network with these
        probabilities would get; ``temperature_rows``; and ``temperature``, ``ece_calibrated``, ``nll_calibrated``
        where a temperature was not refused. Nothing but ``temperature_rows`` without validation rows. And points of
        the reliability diagram, see ``calibration.reliability_points``, with a column ``calibrated``: before, after.
    """
    scores: Scores = {"temperature_rows": fitted.rows}
    points = pd.DataFrame(columns=pd.Index([*calibration.POINT, "calibrated"]))
    if not len(task.y):
        return scores, points
    scores |= with_ends("ece_if_calibrated", calibration.error_if_calibrated(task.p, seed))
    tables = [_calibration_of(task, task.p, "", "before", scores)]
    if fitted.temperature is not None:
        scores["temperature"] = fitted.temperature
        after = calibration.apply_temperature(task.p, fitted.temperature)
        tables.append(_calibration_of(task, after, "_calibrated", "after", scores))
    tables = [table for table in tables if len(table)]
    return scores, pd.concat(tables, ignore_index=True) if tables else points


def _calibration_of(task: TaskPredictions, p: np.ndarray, suffix: str, name: str, scores: Scores) -> pd.DataFrame:
    """Points of the reliability diagram of some probabilities; their errors are added to ``scores``."""
    scores[f"ece{suffix}"] = calibration.expected_calibration_error(task.y, p)
    scores[f"ece{suffix}_rows"] = len(task.y)
    scores[f"nll{suffix}"] = calibration.negative_log_likelihood(task.y, p)
    return calibration.reliability_points(task.y, p).assign(calibrated=name)


def abstain(task: TaskPredictions, fitted: Threshold, params: Evaluate, seed: int) -> tuple[Scores, pd.DataFrame]:
    """Coverage and error of the threshold on validation rows.

    Returns:
        ``abstain_coverage``, the share of answered rows, and ``abstain_error``, the share of them that is wrong, with
        low and high; ``abstain_threshold`` and ``abstain_threshold_rows``. Of these the last one alone where the
        threshold was refused. And the curve of ``abstention.risk_coverage``.
    """
    curve = risk_coverage(task.y, task.p)
    scores: Scores = {"abstain_threshold_rows": fitted.rows}
    if fitted.confidence is None or not len(task.y):
        return scores, curve
    answered = task.p.max(axis=1) >= fitted.confidence
    wrong, everything = task.p.argmax(axis=1) != task.y, np.ones(len(task.y), dtype=bool)
    weights = without_blocks(task.unit, params.blocks, seed)
    scores["abstain_threshold"] = fitted.confidence
    scores |= with_ends("abstain_coverage", estimate(auc.share(answered, everything, weights))) | {
        "abstain_coverage_rows": len(task.y)
    }
    scores |= with_ends("abstain_error", estimate(auc.share(wrong, answered, weights))) | {
        "abstain_error_rows": int(answered.sum())
    }
    return defined(scores), curve
