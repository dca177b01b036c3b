"""One-vs-rest ROC curves of a task, and the mean of them as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.measures import auc

GRID = np.linspace(0, 1, 101)  # false-positive rates at which curves are given


@dataclass(frozen=True)
class RocCurves:
    """One-vs-rest ROC curves of a task; their mean is kept apart, so that no class name can collide with its column.

    Attributes:
        classes: True-positive rates: index = false-positive rates, one column per class.
    """

    classes: pd.DataFrame

    @property
    def macro(self) -> pd.Series:
        """Mean over the classes at each false-positive rate; NaN where there is no class."""
        return self.classes.mean(axis=1)


def roc_curves(task: TaskPredictions, scored: list[int], grid: np.ndarray = GRID) -> RocCurves:
    """Curves of the scored classes, each against the rows of all others of them.

    Args:
        task: Validation predictions.
        scored: Classes with enough rows.
        grid: False-positive rates (g,).
    """
    rows = np.isin(task.y, scored)
    curves = {
        task.classes[c]: auc.roc_curve(task.y[rows] == c, task.p[rows, c], grid)
        for c in scored
        if 0 < (task.y[rows] == c).sum() < rows.sum()
    }
    return RocCurves(pd.DataFrame(curves, index=grid))


def roc_table(curves: Mapping[str, RocCurves]) -> pd.DataFrame:
    """The mean curve of each task: task, fpr, tpr; a task without a scored class has no rows."""
    parts = [
        pd.DataFrame({"task": task, "fpr": curve.macro.index, "tpr": curve.macro.to_numpy()})
        for task, curve in curves.items()
        if curve.classes.shape[1]
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=pd.Index(["task", "fpr", "tpr"]))
