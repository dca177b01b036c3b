"""Predictions of task 1 made by hand or at random, for the tests of its evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.params.sections import Evaluate

PARAMS = Evaluate(min_val_rows=2, blocks=100, permutations=60, abstain_error=0.2, probe=True)
EMPTY = np.zeros((0, 4))


def predictions(
    y: Sequence[int] | np.ndarray,
    p: np.ndarray,
    strata: Sequence[str] | np.ndarray | None = None,
    unit: Sequence[int] | None = None,
) -> TaskPredictions:
    """Predictions of classes class0, class1 ...; every row is a unit of its own unless units are given."""
    names = [f"class{k}" for k in range(p.shape[1])]
    units = np.array(unit if unit is not None else range(len(y)), dtype=np.int64)
    return TaskPredictions(np.array(y, dtype=np.int64), p, units, None if strata is None else np.array(strata), names)


def random_predictions(seed: int, n: int = 40, classes: int = 4, strata: bool = False) -> TaskPredictions:
    """A network with some skill; each class has at least two rows."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), np.arange(classes), rng.integers(0, classes, n - 2 * classes)]
    logits = rng.normal(size=(n, classes)) + np.eye(classes)[y]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return predictions(y.tolist(), p, rng.choice(["a", "b"], n).tolist() if strata else None)
