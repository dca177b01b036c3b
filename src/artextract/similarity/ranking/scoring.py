"""Rankings and their metrics, for a few queries at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artextract.similarity.ranking.asked import HIT, IN_GALLERY, Asked, discounts, metric_names, precisions


def best_first(similarity: np.ndarray) -> np.ndarray:
    """Works in the order of falling similarity, equal ones by the lower row; int64 (q, n).

    Similarity and row are packed into one whole number each: sorting these is several times as fast as a stable sort
    of the places by a key.

    Args:
        similarity: float32 (q, n), finite; n below 2**32.
    """
    bits = (similarity + np.float32(0)).view(np.int32)  # -0 becomes 0, its equal
    bits ^= (bits >> 31) & 0x7FFFFFFF  # positive floats order as their bits do, negative ones the other way round
    keys = np.invert(bits, out=bits).astype(np.int64)
    keys <<= 32
    keys |= np.arange(similarity.shape[1])
    keys.sort(axis=1)
    keys &= 0xFFFFFFFF
    return keys


def metrics_of(order: np.ndarray, flags: np.ndarray, asked: Asked, part: slice, k: int) -> np.ndarray:
    """Metrics of some of a judge's queries; float64 (q, m) in the order of ``metric_names(k)``.

    Args:
        order: Ranking of each query, see ``best_first``; (q, n).
        flags: The judge's flags (``Asked.flags``) in the order of the ranking, (q, n).
        asked: The judge's truth.
        part: Which of its queries these are.
        k: Cutoff.
    """
    rank = np.cumsum(flags & IN_GALLERY, axis=1, dtype=np.int32)  # from 1, in the query's own gallery
    place = np.flatnonzero(flags >= HIT)  # row by row, best rank first
    at, relevant = rank.ravel().take(place), asked.relevant[part]
    first = np.cumsum(relevant) - relevant  # a query's hits begin here
    nth = np.arange(1, len(place) + 1)
    nth -= np.repeat(first, relevant)
    within = at <= np.repeat(relevant.astype(np.int32), relevant)
    found = {
        "map": np.add.reduceat(nth / at, first) / relevant,
        "mrr": 1 / at[first],
        "rprec": np.add.reduceat(within.view(np.uint8), first, dtype=np.int64) / relevant,
    }
    early = np.flatnonzero(at <= max(precisions(k)))
    row, at_early = np.searchsorted(first, early, "right") - 1, at[early]
    found |= {f"p{c}": np.bincount(row[at_early <= c], minlength=len(relevant)) / c for c in precisions(k)}
    top = at_early <= k
    gain = discounts(k)[at_early[top] - 1]
    if asked.grade is not None:
        gain *= asked.grade[part][row[top], order.ravel()[place[early[top]]]]
    found[f"ndcg{k}"] = np.bincount(row[top], weights=gain, minlength=len(relevant)) / asked.ideal[part]
    return in_columns(found, k)


def in_columns(found: Mapping[str, np.ndarray], k: int) -> np.ndarray:
    """Metrics by name as columns, float64 (q, m), in the order of ``metric_names(k)``."""
    return np.stack([found[name] for name in metric_names(k)], axis=1)
