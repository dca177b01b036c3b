"""Closed forms: ridge regression and principal directions."""

from __future__ import annotations

import numpy as np


def ridge_weight(inputs: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge regression without intercept, float64 (p, t).

    Args:
        inputs: (m, p), centred.
        targets: (m, t), centred.
        penalty: In units of the mean eigenvalue of the inputs' scatter over its rank, so that it means the same for
            any number of works and any scale.
    """
    x, y = inputs.astype(np.float64), targets.astype(np.float64)
    m, p = x.shape
    scale = penalty * float((x**2).sum()) / m
    if not scale:
        return np.zeros((p, y.shape[1]))
    if p <= m:
        return np.linalg.solve(x.T @ x + scale * np.eye(p), x.T @ y)
    return x.T @ np.linalg.solve(x @ x.T + scale * np.eye(m), y)


def principal_directions(centred: np.ndarray, count: int) -> np.ndarray:
    """The first principal directions of centred rows (m, d), orthonormal float64 (d, at most count).

    From the smaller of the two matrices of inner products, and of that only the directions wanted: a tenth of the time
    of a whole singular value decomposition. Directions without variance are left out, but never all.
    """
    from scipy.linalg import eigh

    x = centred.astype(np.float64)
    m, d = x.shape
    product = x @ x.T if m < d else x.T @ x
    n = len(product)
    values, vectors = eigh(product, subset_by_index=[max(0, n - count), n - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > 1e-10 * max(values[0], 1e-30)
    kept[0] = True
    directions = x.T @ vectors[:, kept] if m < d else vectors[:, kept]
    norms = np.linalg.norm(directions, axis=0)
    directions = directions / np.where(norms == 0, 1, norms)
    largest = np.abs(directions).argmax(axis=0)  # the sign of a direction is free: the largest entry is positive
    return directions * np.where(directions[largest, np.arange(directions.shape[1])] < 0, -1, 1)
