"""Exact neighbours by cosine similarity, in blocks, so that memory stays small however many works there are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

BLOCK = 1 << 22  # scores held at a time: 16 MB of float32
SCAN_FROM = 1 << 15  # gallery rows from which a bf16 scan with an fp32 re-rank is faster, where bf16 is
SCAN_QUERIES = 64  # below, the conversion of the gallery costs more than it saves

Groups = tuple[np.ndarray, np.ndarray]


def nearest(
    queries: np.ndarray, gallery: np.ndarray, k: int, exclude: Groups | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k gallery rows of highest cosine for each query, best first; ties by the lower row.

    Args:
        queries: Unit rows (q, d).
        gallery: Unit rows (n, d); may be mapped from a file.
        k: Neighbours wanted.
        exclude: Groups of the queries (q,) and of the gallery (n,): a row of the query's own group is no neighbour.

    Returns:
        Rows int64 (q, k) and scores float32 (q, k); -1 and -inf where fewer than k are left.
    """
    if len(gallery) >= SCAN_FROM and len(queries) >= SCAN_QUERIES:
        from artextract.core.compute import bf16_pays
        from artextract.similarity.bf16_scan import Scan

        if bf16_pays():
            return Scan(gallery).nearest(queries, k, exclude)
    return blocked(queries, gallery, k, exclude)


def blocked(
    queries: np.ndarray, gallery: np.ndarray, k: int, exclude: Groups | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """As ``nearest``, by float32 products of blocks of queries with the whole gallery."""
    n, k = len(gallery), min(k, len(gallery))
    rows, scores = empty(len(queries), k)
    own = OwnGroup(*exclude) if exclude is not None else None
    step = max(1, BLOCK // max(1, n))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        block = queries[part] @ gallery.T
        if own is not None:
            block[own.pairs(part)] = -np.inf
        rows[part], scores[part] = best(block, k)
    rows[np.isneginf(scores)] = -1
    return rows, scores


def empty(q: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for a result of ``nearest``: rows int64 and scores float32, (q, k) each."""
    return np.empty((q, k), dtype=np.int64), np.empty((q, k), dtype=np.float32)


def best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k highest of each line, best first; ties by the lower column.

    Long lines are folded first: the k highest lie in the k groups of columns with the highest maxima, wherever the
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
    """Which gallery rows are of a query's own group; by sorting, not by comparing every pair."""

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


def neighbour_table(ids: pd.Series, rows: np.ndarray, scores: np.ndarray, space: str) -> pd.DataFrame:
    """Neighbours as a long table: space, id, rank (from 1), neighbour, score."""
    q, k = rows.shape
    table = pd.DataFrame(
        {
            "space": space,
            "id": np.repeat(ids.to_numpy(), k),
            "rank": np.tile(np.arange(1, k + 1), q),
            "row": rows.ravel(),
            "score": scores.ravel(),
        }
    )
    table = table[table["row"] >= 0]
    table["neighbour"] = ids.to_numpy()[table["row"]]
    return table.drop(columns="row").reset_index(drop=True)
