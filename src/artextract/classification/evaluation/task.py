"""The evaluation of one task: scores, tables and curves of the network, and its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.classification.evaluation.baselines import PROBE, Seen, has_variant, task_baselines
from artextract.classification.evaluation.chance import baselines as without_learning
from artextract.classification.evaluation.confidence import Fitted, abstain, calibrate, fit_confidence
from artextract.classification.evaluation.confusion import confused_pairs, confusion_cells, confusion_matrix
from artextract.classification.evaluation.label_noise import TASK as TASK_OF_TWO_LABELS
from artextract.classification.evaluation.label_noise import label_noise, two_labels
from artextract.classification.evaluation.prediction_table import TaskPredictions, of_task, with_probabilities
from artextract.classification.evaluation.roc import RocCurves, roc_curves
from artextract.classification.evaluation.scores import (
    Scores,
    baseline_table,
    chosen_classes,
    score,
    without_variants,
)
from artextract.params.sections import Evaluate, Train
from artextract.pictures.style import readable


@dataclass(frozen=True)
class TaskEvaluation:
    """The evaluation of one task.

    Attributes:
        classes: Class names as people read them.
        scores: Flat scores; undefined ones are left out.
        tables: Tables by the stem of their file: classes, baselines, confused, confusion.
        confusion: Counts (classes, classes), row = true class.
        curves: ROC curves of the scored classes.
        reliability: Confidence against accuracy, see ``confidence.calibrate``.
        answers: Error against coverage, see ``abstention.risk_coverage``.
        fitted: The temperature and the threshold that the select rows gave, or why there is none.
        two_labels: See ``label_noise``; no rows for other tasks than style.
        probe: Predictions of the logistic regression on frozen features; no rows where there is none.
    """

    classes: list[str]
    scores: Scores
    tables: dict[str, pd.DataFrame]
    confusion: np.ndarray
    curves: RocCurves
    reliability: pd.DataFrame
    answers: pd.DataFrame
    fitted: Fitted
    two_labels: pd.DataFrame
    probe: pd.DataFrame


def readable_classes(classes: Sequence[str]) -> list[str]:
    """Class names for tables and figures; left as they are where two of them would become one."""
    names = [readable(name) for name in classes]
    return names if len(set(names)) == len(names) else list(classes)


def evaluate_task(
    task: str,
    classes: Sequence[str],
    table: pd.DataFrame,
    index: pd.DataFrame,
    seen: Mapping[str, Seen],
    weights: Mapping[str, Sequence[float]],
    train: Train,
    params: Evaluate,
    seed: int,
) -> TaskEvaluation:
    """Score one task on its validation rows.

    Args:
        task: style, genre or artist.
        classes: Its class names.
        table: Predictions of all tasks, of val and select rows.
        index: See stages/prepare_artgan.py.
        seen: Information that baselines may use, for the splits train, select and val.
        weights: Class weights of each task.
        train: Section ``train`` that the network was trained with.
        params: Section ``evaluate``.
        seed: Seed of blocks, deals, folds and solvers.
    """
    names = readable_classes(classes)
    predictions, kept_back = (of_task(table, task, names, split) for split in ("val", "select"))
    trained = index.loc[(index[f"{task}_split"] == "train").fillna(False), task].astype(int)
    train_counts = np.bincount(trained, minlength=len(names))
    scores, per_class = score(predictions, params, seed)
    scores |= without_learning(predictions, train_counts, params, seed)
    scores |= without_variants(predictions, has_variant(index, table, task), params, seed)
    fitted = fit_confidence(kept_back, params, seed)
    calibrated, reliability = calibrate(predictions, fitted.calibration, seed)
    answered, answers = abstain(predictions, fitted.threshold, params, seed)
    noise, noisy = _two_labels(task, predictions, table, index, params, seed)
    others = task_baselines(index, task, seen, weights, train, params, seed)
    return TaskEvaluation(
        classes=names,
        scores=scores | calibrated | answered | noisy,
        tables={
            "classes": per_class,
            "baselines": baseline_table(predictions, others, params, seed),
            "confused": confused_pairs(predictions),
            "confusion": confusion_cells(predictions),
        },
        confusion=confusion_matrix(predictions),
        curves=roc_curves(predictions, chosen_classes(predictions, params)),
        reliability=reliability,
        answers=answers,
        fitted=fitted,
        two_labels=noise,
        probe=with_probabilities(table, task, others.get(PROBE)),
    )


def _two_labels(
    task: str, predictions: TaskPredictions, table: pd.DataFrame, index: pd.DataFrame, params: Evaluate, seed: int
) -> tuple[pd.DataFrame, Scores]:
    """``label_noise`` of the style task from the index and the table of predictions; nothing for other tasks."""
    if task != TASK_OF_TWO_LABELS:
        return pd.DataFrame(), {}
    labelled = index[index[task].notna()]
    twins = two_labels(labelled["id"].tolist(), labelled[task].astype(int).tolist())
    scored = table[(table["task"] == task) & (table["split"] == "val")]
    return label_noise(predictions, scored["id"].tolist(), twins, params, seed)
