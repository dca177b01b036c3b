"""Exact neighbours by cosine similarity, in blocks, so that memory stays small however many works there are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.similarity.ranking.topk import Groups, OwnGroup, best, empty, select

QUERIES = 4096  # that one product takes; fewer would wait for the gallery, which is read once for all of them
SCORES = 1 << 24  # held at a time: 64 MB of float32
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
    """As ``nearest``, by float32 products of blocks of queries with blocks of the gallery.

    After the first block of the gallery few scores of the next ones are above a query's k-th so far: they are found by
    one comparison, and no array as long as the gallery is written or sorted.
    """
    k = min(k, len(gallery))
    rows, scores = empty(len(queries), k)
    if k == 0:
        return rows, scores
    own = OwnGroup(*exclude) if exclude is not None else None
    for start in range(0, len(queries), QUERIES):
        part = slice(start, min(start + QUERIES, len(queries)))
        out = own.pairs(part) if own is not None else None
        rows[part], scores[part] = _block(queries[part], gallery, k, out)
    rows[np.isneginf(scores)] = -1
    return rows, scores


def _block(
    queries: np.ndarray, gallery: np.ndarray, k: int, out: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """The k best of a few queries; ``out`` are pairs of query and gallery row that do not count."""
    width = max(k, SCORES // len(queries))
    room = np.empty((len(queries), min(width, len(gallery))), dtype=np.float32)
    rows, scores = empty(len(queries), 0)
    for start in range(0, len(gallery), width):
        part = gallery[start : start + width]
        block = np.matmul(queries, part.T, out=room[:, : len(part)])
        if out is not None:
            here = (out[1] >= start) & (out[1] < start + len(part))
            block[out[0][here], out[1][here] - start] = -np.inf
        if start == 0:
            rows, scores = best(block, k)
        else:
            _improve(rows, scores, block, start)
    return rows, scores


def _improve(rows: np.ndarray, scores: np.ndarray, block: np.ndarray, start: int) -> None:
    """Put what is better into the k best (q, k), in place. A score that is equal is of a higher row, and is not better.

    Args:
        rows: Gallery rows, best first.
        scores: Theirs.
        block: Scores of the next gallery rows (q, b).
        start: The first of these.
    """
    query, column = np.divmod(np.flatnonzero(block > scores[:, -1:]), block.shape[1])
    if not len(query):
        return
    k, count = rows.shape[1], np.bincount(query, minlength=len(rows))
    changed = np.flatnonzero(count)
    line = np.searchsorted(changed, query)
    place = k + np.arange(len(query)) - (np.cumsum(count) - count)[query]
    shape = len(changed), k + count.max()
    found, of = np.full(shape, -np.inf, dtype=np.float32), np.zeros(shape, dtype=np.int64)
    found[:, :k], of[:, :k] = scores[changed], rows[changed]
    found[line, place], of[line, place] = block[query, column], start + column
    rows[changed], scores[changed] = select(found, of, k)


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
