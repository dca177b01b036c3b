"""Exact neighbours by cosine similarity, in blocks, so that memory stays small however many works there are."""

from __future__ import annotations

import numpy as np
import pandas as pd

BLOCK = 1024


def nearest(
    queries: np.ndarray, gallery: np.ndarray, k: int, exclude: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k gallery rows of highest cosine for each query, best first; ties by the lower row.

    Args:
        queries: Unit rows (q, d).
        gallery: Unit rows (n, d).
        k: Neighbours wanted.
        exclude: Groups of the queries (q,) and of the gallery (n,): a row of the query's own group is no neighbour.

    Returns:
        Rows int64 (q, k) and scores float32 (q, k); -1 and -inf where fewer than k are left.
    """
    k = min(k, len(gallery))
    rows = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK] @ gallery.T
        if exclude is not None:
            block[exclude[0][start : start + BLOCK, None] == exclude[1][None, :]] = -np.inf
        # A full sort of the candidates only; all scores equal to the k-th are candidates, so that ties are settled.
        kth = -np.partition(-block, k - 1, axis=1)[:, k - 1]
        for i, line in enumerate(block):
            candidates = np.flatnonzero(line >= kth[i])
            best = candidates[np.lexsort((candidates, -line[candidates]))][:k]
            rows[start + i], scores[start + i] = best, line[best]
    rows[np.isneginf(scores)] = -1
    return rows, scores


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
