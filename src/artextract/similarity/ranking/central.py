"""The most typical works of a set."""

from __future__ import annotations

import numpy as np


def central_first(embedding: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of one cluster, the most typical (closest to their mean) first.

    Args:
        embedding: Unit rows (n, d).
        rows: The cluster's works (m,).
    """
    centre = embedding[rows].mean(axis=0)
    return rows[np.argsort(-(embedding[rows] @ centre), kind="stable")]
