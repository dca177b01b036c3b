"""Closed forms: ridge regression and principal directions.

Everything is computed in float64. Rows are converted and multiplied in blocks, so that no copy of them all is made.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ROWS = 8192  # rows converted to float64 at a time


def ridge_weight(inputs: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge regression without intercept, float64 (p, t).

    Args:
        inputs: (m, p), centred.
        targets: (m, t), centred.
        penalty: In units of the mean eigenvalue of the inputs' scatter over its rank, so that it means the same for
            any number of works and any scale.
    """
    m, p = inputs.shape
    scale = penalty * sum(float((x**2).sum()) for _, x in _blocks(inputs)) / m
    if not scale:
        return np.zeros((p, targets.shape[1]))
    if p <= m:
        return np.linalg.solve(product(inputs, inputs) + scale * np.eye(p), product(inputs, targets))
    x, y = inputs.astype(np.float64), targets.astype(np.float64)
    return x.T @ np.linalg.solve(x @ x.T + scale * np.eye(m), y)


def principal_directions(centred: np.ndarray, count: int) -> np.ndarray:
    """The first principal directions of centred rows (m, d), orthonormal float64 (d, at most count).

    From the smaller of the two matrices of inner products, and of that only the directions wanted: a tenth of the time
    of a whole singular value decomposition. Directions without variance are left out, but never all.
    """
    from scipy.linalg import eigh

    m, d = centred.shape
    wide = m < d
    x = centred.astype(np.float64) if wide else centred
    inner = x @ x.T if wide else product(x, x)
    n = len(inner)
    values, vectors = eigh(inner, subset_by_index=[max(0, n - count), n - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > 1e-10 * max(values[0], 1e-30)
    kept[0] = True
    directions = x.T @ vectors[:, kept] if wide else vectors[:, kept]
    norms = np.linalg.norm(directions, axis=0)
    directions = directions / np.where(norms == 0, 1, norms)
    largest = np.abs(directions).argmax(axis=0)  # the sign of a direction is free: the largest entry is positive
    return directions * np.where(directions[largest, np.arange(directions.shape[1])] < 0, -1, 1)


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left.T @ right of rows (m, p) and (m, t), float64 (p, t)."""
    total = np.zeros((left.shape[1], right.shape[1]))
    for part, x in _blocks(left):
        total += x.T @ (x if right is left else right[part].astype(np.float64))
    return total


def times(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """rows @ matrix of (m, p) and (p, t), float64 (m, t)."""
    result = np.empty((len(rows), matrix.shape[1]))
    for part, x in _blocks(rows):
        result[part] = x @ matrix
    return result


def _blocks(rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Slices of the rows, each with its rows in float64."""
    for start in range(0, len(rows), ROWS):
        part = slice(start, start + ROWS)
        yield part, rows[part].astype(np.float64)
