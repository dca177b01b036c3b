"""The evaluation of one task: scores, tables and curves of the network, and its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.classification.evaluation.baselines import PROBE, Seen, has_variant, task_baselines
from artextract.classification.evaluation.confusion import confused_pairs, confusion_cells, confusion_matrix
from artextract.classification.evaluation.prediction_table import of_task, with_probabilities
from artextract.classification.evaluation.roc import RocCurves, roc_curves
from artextract.classification.evaluation.scores import (
    Scores,
    baseline_table,
    baselines,
    calibrate,
    score,
    without_variants,
)
from artextract.measures import auc
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
        reliability: Confidence against accuracy, see ``scores.calibrate``.
        probe: Predictions of the logistic regression on frozen features; no rows where there is none.
    """

    classes: list[str]
    scores: Scores
    tables: dict[str, pd.DataFrame]
    confusion: np.ndarray
    curves: RocCurves
    reliability: pd.DataFrame
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
        seed: Seed of the bootstrap and of the solvers.
    """
    names = readable_classes(classes)
    predictions, kept_back = (of_task(table, task, names, split) for split in ("val", "select"))
    trained = index.loc[(index[f"{task}_split"] == "train").fillna(False), task].astype(int)
    train_counts = np.bincount(trained, minlength=len(names))
    scores, per_class = score(predictions, params, seed)
    scores |= baselines(predictions, train_counts, params, seed)
    scores |= without_variants(predictions, has_variant(index, table, task), params, seed)
    calibrated, reliability = calibrate(predictions, kept_back)
    others = task_baselines(index, task, seen, weights, train, params, seed)
    scored = auc.scored_classes(predictions.y, len(names), params.min_val_rows)
    return TaskEvaluation(
        classes=names,
        scores=scores | calibrated,
        tables={
            "classes": per_class,
            "baselines": baseline_table(predictions, others, params, seed),
            "confused": confused_pairs(predictions),
            "confusion": confusion_cells(predictions),
        },
        confusion=confusion_matrix(predictions),
        curves=roc_curves(predictions, scored),
        reliability=reliability,
        probe=with_probabilities(table, task, others.get(PROBE)),
    )
