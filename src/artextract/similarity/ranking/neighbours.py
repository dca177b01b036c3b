"""Exact neighbours by cosine similarity, in blocks, so that memory stays small however many works there are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.similarity.ranking.topk import Groups, OwnGroup, best, empty

BLOCK = 1 << 22  # scores held at a time: 16 MB of float32
SCAN_FROM = 1 << 15  # gallery rows from which a bf16 scan with an fp32 re-rank is faster, where bf16 is
SCAN_QUERIES = 64  # below, the conversion of the gallery costs more than it saves


def nearest(
    queries: np.ndarray, gallery: np.ndarray, k: int, exclude: Groups | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k gallery rows of highest cosine for each query, best first; ties by the lower row.

    Args:
        queries: Unit rows (q, d).
        gallery: Unit rows (n, d); may be mapped from a file.
        k: Neighbours wanted.
        exclude: Groups of the queries (q,) and of the gallery (n,): a row of the query's own group is not a neighbour.

    Returns:
        Rows int64 (q, k) and scores float32 (q, k); -1 and -inf where fewer than k are left.
    """
    if len(gallery) >= SCAN_FROM and len(queries) >= SCAN_QUERIES:
        from artextract.core.compute import bf16_pays
        from artextract.similarity.ranking.bf16_scan import Scan

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
