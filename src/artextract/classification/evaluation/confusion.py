"""Confusions between classes: counts, the cells of the matrix, and the most frequent mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions


def confusion_matrix(task: TaskPredictions) -> np.ndarray:
    """Counts (classes, classes): row = true class, column = predicted class; all 0 where the task has no rows."""
    counts = np.zeros((len(task.classes), len(task.classes)), dtype=np.int64)
    np.add.at(counts, (task.y, task.p.argmax(1)), 1)
    return counts


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Each row of a confusion matrix (k, k) as shares of its sum; a class without rows has shares of 0."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)


def confusion_cells(task: TaskPredictions) -> pd.DataFrame:
    """The confusion matrix as a table, classes that were never predicted and classes without rows included.

    Returns:
        One row per cell: actual, predicted, count, share (of the images of the actual class).
    """
    counts = confusion_matrix(task)
    shares = row_shares(counts)
    cells = [
        (actual, predicted, int(counts[i, j]), float(shares[i, j]))
        for i, actual in enumerate(task.classes)
        for j, predicted in enumerate(task.classes)
    ]
    return pd.DataFrame(cells, columns=pd.Index(["actual", "predicted", "count", "share"]))


def confused_pairs(task: TaskPredictions, most: int = 20) -> pd.DataFrame:
    """The most frequent confusions: true class, predicted class, images, share of the true class."""
    cells = confusion_cells(task)
    mistakes = cells[(cells["actual"] != cells["predicted"]) & (cells["count"] > 0)]
    mistakes = mistakes.sort_values("count", ascending=False, kind="stable").head(most).reset_index(drop=True)
    return mistakes.rename(columns={"actual": "true", "count": "images"})
