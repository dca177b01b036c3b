"""Cosines of all pairs of works, in blocks of rows: memory grows with the number of works, not with its square.

A product of blocks may differ in its last bits from a product of all rows. Up to ``BLOCK`` cosines there is one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from artextract.similarity.ranking.topk import OwnGroup

BLOCK = 1 << 24  # cosines held at a time: 64 MB of float32; all those of 4,096 works
COUNTED = 1 << 20  # cosines that are counted at a time
HALF = 1 << 16  # values of half of a float32's bits


def blocks(queries: np.ndarray, gallery: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Cosines of unit rows (q, d) with unit rows (n, d): slices of the queries, each with its cosines (b, n)."""
    step = max(1, BLOCK // max(1, len(gallery)))
    for start in range(0, len(queries), step):
        part = slice(start, min(start + step, len(queries)))
        yield part, queries[part] @ gallery.T


def pairs_once(rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Cosines of each two of unit rows (m, d): row numbers i, each with the cosines of rows i, i + 1 ... to the rows
    from i on, (b, m - i). A pair of rows of one block is in it twice.
    """
    step = max(1, BLOCK // max(1, len(rows)))
    for start in range(0, len(rows), step):
        yield start, rows[start : start + step] @ rows[start:].T


class PairCosines:
    """Cosines of each two of m works that are of different groups."""

    def __init__(self, rows: np.ndarray, group: np.ndarray):
        """Look up the groups.

        Args:
            rows: Unit rows (m, d).
            group: Group of each work (m,).
        """
        self._rows = np.asarray(rows, dtype=np.float32)
        self._own = OwnGroup(group, group)
        sizes = np.unique(group, return_counts=True)[1]
        self.count = (len(group) * (len(group) - 1) - int((sizes * (sizes - 1)).sum())) // 2

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of the works, each with its cosines to all works (b, m); NaN within a group."""
        for part, block in blocks(self._rows, self._rows):
            block[self._own.pairs(part)] = np.nan
            yield part, block

    def once(self) -> Iterator[np.ndarray]:
        """The cosine of every pair once, float32 (p,) each: ``count`` in all."""
        for start, block in pairs_once(self._rows):
            query, other = self._own.pairs(slice(start, start + len(block)))
            block[query[other >= start], other[other >= start] - start] = np.nan
            block[np.tril_indices(len(block), 0, block.shape[1])] = np.nan
            yield block[~np.isnan(block)]

    def quantiles(self, levels: Sequence[float]) -> list[float]:
        """Exact quantiles of the cosines of all pairs, with linear interpolation, as ``numpy.quantile`` has them.

        Args:
            levels: 0 to 1 each. There has to be a pair (``count``).
        """
        if self.count <= BLOCK:
            cosines = np.concatenate(list(self.once()))
            return [float(q) for q in np.quantile(cosines, list(levels), overwrite_input=True)]
        place = np.asarray(levels, dtype=np.float64) * (self.count - 1)
        low = np.floor(place).astype(np.int64)
        wanted = np.unique([low, np.minimum(low + 1, self.count - 1)])
        value = dict(zip(wanted.tolist(), self._order_statistics(wanted), strict=True))
        ends = [(value[i], value[min(i + 1, self.count - 1)]) for i in low.tolist()]
        return [
            float(np.quantile(np.array(pair), [t])[0]) for pair, t in zip(ends, (place - low).tolist(), strict=True)
        ]

    def _order_statistics(self, wanted: np.ndarray) -> list[np.float32]:
        """The cosines of these ranks, from 0 for the smallest: counted by the upper half of their bits, then by the
        lower half where it matters, so that two passes are exact and hold no more than two tables of counts.
        """
        coarse = np.zeros(HALF, dtype=np.int64)
        for keys in self._keys():
            coarse += np.bincount(keys >> 16, minlength=HALF)
        until = np.cumsum(coarse)
        half = np.searchsorted(until, wanted, "right")
        fine = {int(h): np.zeros(HALF, dtype=np.int64) for h in half}
        for keys in self._keys():
            for h, counts in fine.items():
                counts += np.bincount(keys[keys >> 16 == h] & (HALF - 1), minlength=HALF)
        found = []
        for rank, h in zip(wanted.tolist(), half.tolist(), strict=True):
            low = int(np.searchsorted(np.cumsum(fine[h]), rank - (until[h] - coarse[h]), "right"))
            found.append(_cosine_of((h << 16) + low))
        return found

    def _keys(self) -> Iterator[np.ndarray]:
        """Whole numbers in the order of the cosines, int64 (at most ``COUNTED``,) each."""
        for cosines in self.once():
            for start in range(0, len(cosines), COUNTED):
                bits = cosines[start : start + COUNTED].view(np.uint32)
                # Positive floats order as their bits do; negative ones do so turned round, and come before them.
                turn = np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(1 << 31))
                yield (bits ^ turn).astype(np.int64)


def _cosine_of(key: int) -> np.float32:
    bits = key ^ (1 << 31) if key >> 31 else key ^ 0xFFFFFFFF
    return np.array([bits], dtype=np.uint32).view(np.float32)[0]


def least_above(threshold: float) -> np.float32:
    """The smallest float32 that is at least the threshold: float32 values compare with it as with the threshold."""
    rounded = np.float32(threshold)
    return rounded if float(rounded) >= threshold else np.nextafter(rounded, np.float32(np.inf))


def largest_below(threshold: float) -> np.float32:
    """The largest float32 that is at most the threshold."""
    return -least_above(-threshold)
