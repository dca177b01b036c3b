"""The most typical works of a set."""

from __future__ import annotations

import numpy as np


def central_first(embedding: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of one cluster, the most typical (closest to their mean) first.

    Args:
        embedding: Unit rows (n, d).
        rows: The cluster's works (m,).
    """
    own = embedding[rows]
    return rows[np.argsort(-(own @ own.mean(axis=0)), kind="stable")]
