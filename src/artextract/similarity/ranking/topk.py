"""The k best of a block of scores, exact and with ties in the order of the gallery."""

from __future__ import annotations

import math

import numpy as np

Groups = tuple[np.ndarray, np.ndarray]


def empty(q: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for a result of ``nearest``: rows int64 and scores float32, (q, k) each."""
    return np.empty((q, k), dtype=np.int64), np.empty((q, k), dtype=np.float32)


def select(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k highest of each line by one selection, best first; ties by the lower row number.

    Score and row are packed into one whole number, so that their order is total.

    Args:
        scores: float32 (q, n), no NaN.
        rows: Row numbers of the scores, below 2**32; broadcasts to (q, n).
        k: At most n.

    Returns:
        Rows int64 (q, k) and scores float32 (q, k).
    """
    bits = (scores + np.float32(0)).view(np.int32)  # -0 becomes 0, its equal
    # Positive floats order as their bits do; negative ones do so with the magnitude turned round.
    keys = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64) << 32
    keys |= 0xFFFFFFFF - rows
    cut = keys.shape[1] - k
    if 0 < cut < keys.shape[1]:
        keys.partition(cut, axis=1)
    top = np.sort(keys[:, cut:], axis=1)[:, ::-1]
    high = (top >> 32).astype(np.int32)
    return 0xFFFFFFFF - (top & 0xFFFFFFFF), (high ^ ((high >> 31) & 0x7FFFFFFF)).view(np.float32)


class OwnGroup:
    """Gallery rows of each query's own group, found by sorting instead of comparing every pair."""

    def __init__(self, of_queries: np.ndarray, of_gallery: np.ndarray):
        """Find each query's stretch of the gallery rows in the order of their groups."""
        self._order = np.argsort(of_gallery, kind="stable")
        in_order = of_gallery[self._order]
        self._low = np.searchsorted(in_order, of_queries, "left")
        self._high = np.searchsorted(in_order, of_queries, "right")

    def pairs(self, queries: slice) -> tuple[np.ndarray, np.ndarray]:
        """Positions within the slice, and the gallery rows of the same group; int64 (pairs,) each."""
        low, size = self._low[queries], (self._high - self._low)[queries]
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        return np.repeat(np.arange(len(size)), size), self._order[np.repeat(low, size) + within]


def best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k highest of each line, best first; ties by the lower column.

    Long lines are folded first: the k highest are in the k groups of columns with the highest maxima, wherever the
    k-th is above the maximum of every other group. The few lines in which it is not are selected from as a whole.

    Args:
        scores: float32 (q, n), no NaN.
        k: At most n.

    Returns:
        Columns int64 (q, k) and scores float32 (q, k).
    """
    q, n = scores.shape
    fold = math.isqrt(n // k) if k else 0  # balances the number of groups and the columns in the chosen ones
    if fold < 4:
        return select(scores, np.arange(n), k)
    width = n // fold
    maxima = scores[:, : fold * width].reshape(q, fold, width).max(axis=1)
    groups, high = select(maxima, np.arange(width), k + 1)
    inside = (groups[:, :k, None] + width * np.arange(fold)).reshape(q, -1)
    columns = np.concatenate([inside, np.broadcast_to(np.arange(fold * width, n), (q, n - fold * width))], axis=1)
    found, values = select(np.take_along_axis(scores, columns, axis=1), columns, k)
    unsure = values[:, -1] <= high[:, k]
    if unsure.any():
        found[unsure], values[unsure] = select(scores[unsure], np.arange(n), k)
    return found, values
