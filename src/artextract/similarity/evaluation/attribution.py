"""Evidence for the attribution of each painting: how near it is to its own painter's works, and to other painters'.

The evidence for a painter is the mean cosine to the two nearest of their works outside the painting's own group
(itself, its siblings and near-duplicates); two, so that painters with three works can be checked, and are checked
alike. Only works attributed without reservation are evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artextract.core.progress import progress
from artextract.similarity.ranking.topk import OwnGroup

MIN_WORKS = 3  # of a painter, attributed without reservation
NEAREST = MIN_WORKS - 1
SCORES = 1 << 24  # cosines held at a time: 64 MB of float32


@dataclass(frozen=True)
class Outliers:
    """Evidence for and against each attribution; NaN and -1 where a work cannot be checked.

    Attributes:
        own: Evidence for the attributed painter (n,).
        other: Evidence for the best other painter (n,).
        rival: Code of that painter, int64 (n,).
    """

    own: np.ndarray
    other: np.ndarray
    rival: np.ndarray

    @property
    def score(self) -> np.ndarray:
        """Evidence for the best other painter less that for the own one (n,)."""
        return self.other - self.own


def known_painters(painter: np.ndarray, certain: np.ndarray) -> np.ndarray:
    """Codes of the painters with three works or more that are attributed without reservation, in rising order."""
    return np.flatnonzero(np.bincount(painter[certain & (painter >= 0)]) >= MIN_WORKS)


def two_best(cosine: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Mean of the two highest of each stretch of columns.

    Args:
        cosine: float32 (m, works), no NaN.
        starts: Column at which each stretch begins, rising from 0; each has two columns at least.

    Returns:
        float32 (m, stretches); -inf where fewer than two are above -inf.
    """
    first = np.maximum.reduceat(cosine, starts, axis=1)
    sizes = np.diff(starts, append=cosine.shape[1])
    is_first = cosine == np.repeat(first, sizes, axis=1)
    twice = np.add.reduceat(is_first, starts, axis=1, dtype=np.int32) > 1
    second = np.maximum.reduceat(np.where(is_first, np.float32(-np.inf), cosine), starts, axis=1)
    return (first + np.where(twice, first, second)) / np.float32(NEAREST)


def find_outliers(embedding: np.ndarray, painter: np.ndarray, certain: np.ndarray, group: np.ndarray) -> Outliers:
    """Check every attribution to a painter of three works or more.

    Args:
        embedding: Unit rows (n, d).
        painter: Code of the painter that a work is attributed to, -1 = none (n,).
        certain: Whether without reservation, boolean (n,).
        group: Group of each work (n,).
    """
    n, known = len(painter), known_painters(painter, certain)
    own, other = np.full(n, np.nan, dtype=np.float32), np.full(n, np.nan, dtype=np.float32)
    rival = np.full(n, -1, dtype=np.int64)
    if len(known) < 2:
        return Outliers(own, other, rival)
    checked = np.flatnonzero(np.isin(painter, known))
    works = checked[certain[checked]]
    works = works[np.argsort(painter[works], kind="stable")]  # those of a painter side by side
    gallery, starts = embedding[works], np.searchsorted(painter[works], known)
    same_group = OwnGroup(group[checked], group[works])
    step = max(1, SCORES // len(works))
    for start in progress(range(0, len(checked), step), "check attributions", "block"):
        part = slice(start, start + step)
        rows = checked[part]
        cosine = embedding[rows] @ gallery.T
        cosine[same_group.pairs(part)] = -np.inf
        found = two_best(cosine, starts)
        line, mine = np.arange(len(rows)), np.searchsorted(known, painter[rows])
        for_own = found[line, mine]
        found[line, mine] = -np.inf
        best = found.argmax(axis=1)
        usable = np.isfinite(for_own) & np.isfinite(found[line, best])
        kept = rows[usable]
        own[kept], other[kept] = for_own[usable], found[line, best][usable]
        rival[kept] = known[best[usable]]
    return Outliers(own, other, rival)


def painter_found(found: Outliers, certain: np.ndarray) -> float | None:
    """Share of the works without reservation whose own painter has the best evidence; None where there are none."""
    scored = np.isfinite(found.score) & certain
    return float((found.score[scored] < 0).mean()) if scored.any() else None
