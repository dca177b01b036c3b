"""Class weights from counts: rare classes weigh more in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.artgan import TASKS
from artextract.errors import ArtExtractError


def count_classes(index: pd.DataFrame, classes: Mapping[str, Sequence[str]], split: str) -> dict[str, np.ndarray]:
    """Rows of each class in one split, in class-file order; int64 (classes,) of each task."""
    counts = {}
    for task in TASKS:
        labels = index.loc[(index[f"{task}_split"] == split).fillna(False), task].astype(int)
        counts[task] = np.bincount(labels, minlength=len(classes[task]))
    return counts


def class_weights(counts: np.ndarray, scheme: str) -> np.ndarray:
    """A weight for each class.

    Args:
        counts: Training rows of each class, shape (K,).
        scheme: ``inverse``: N / (K n_c), so that every class has the same total weight; ``none``: ones.

    Returns:
        float64 (K,). A class without training rows weighs 0: it cannot be learnt, and never divides by zero.
    """
    if scheme == "none":
        return (counts > 0).astype(float)
    if scheme != "inverse":
        raise ArtExtractError(f"unknown scheme {scheme!r}", where="params.yaml: class_weights.scheme")
    present = counts > 0
    return np.divide(counts.sum(), len(counts) * counts, out=np.zeros(len(counts)), where=present)
