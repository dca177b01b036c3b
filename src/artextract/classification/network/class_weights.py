"""Class weights from counts: rare classes weigh more in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS

EFFECTIVE_BETA = 0.999


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
        scheme: ``inverse``: N / (K n_c), every class has the same total weight; ``sqrt_inverse``: its square root;
            ``effective``: inverse to the effective number of rows, (1 - b^n_c) / (1 - b) with b = 0.999 (Cui et
            al. 2019); ``none``: ones. The second and third are scaled to a mean weight of 1 over the rows, as
            ``inverse`` has by itself.

    Returns:
        float64 (K,). A class without training rows weighs 0: it cannot be learnt, and never divides by zero.
    """
    present = counts > 0
    if scheme == "none":
        return present.astype(float)
    rows = np.where(present, counts, 1)
    match scheme:
        case "inverse":
            weights = counts.sum() / (len(counts) * rows)
        case "sqrt_inverse":
            weights = rows**-0.5
        case "effective":
            weights = (1 - EFFECTIVE_BETA) / (1 - EFFECTIVE_BETA**rows)
        case _:
            raise ArtExtractError(f"unknown scheme {scheme!r}", where="params.yaml: class_weights.scheme")
    weights = np.where(present, weights, 0.0)
    if scheme != "inverse" and present.any():
        weights *= counts.sum() / (weights * counts).sum()
    return weights
