"""Exact neighbours in large collections: scores in bf16 choose candidates, float32 decides among them.

A score in bf16 is off by no more than a bound that follows from the rounding errors of the vectors themselves
(Cauchy-Schwarz). Whatever could still reach the k-th place by that bound is scored again: nothing is lost.
"""

from __future__ import annotations

import math

import numpy as np

from artextract.core.compute import set_threads
from artextract.similarity.ranking.topk import Groups, OwnGroup, empty, select

SCORES = 1 << 27  # bf16 scores held at a time: 256 MB; each product packs the gallery anew, so few of them
ROWS = 1 << 13  # gallery rows converted at a time
VALUES = 1 << 24  # float32 values of candidates gathered at a time: 64 MB
CANDIDATES = 48  # scored again at first, or four times k; a fold of the row, so that few are left to the second look


class Scan:
    """A gallery in bf16, with the float32 original that decides the final order."""

    def __init__(self, gallery: np.ndarray):
        """Convert the gallery.

        Args:
            gallery: float32 (n, d); may be mapped from a file. The copy in bf16 takes half its memory.
        """
        import torch

        set_threads()
        self._gallery = gallery
        self._half = torch.empty(gallery.shape, dtype=torch.bfloat16)
        self._norm = self._error = 0.0  # the largest of all rows
        for start in range(0, len(gallery), ROWS):
            exact = torch.from_numpy(np.array(gallery[start : start + ROWS], dtype=np.float32))
            rounded = self._half[start : start + ROWS]
            rounded.copy_(exact)
            self._norm = max(self._norm, float(exact.norm(dim=1).max()))
            self._error = max(self._error, float((exact - rounded.float()).norm(dim=1).max()))

    def nearest(self, queries: np.ndarray, k: int, exclude: Groups | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As ``neighbours.nearest``."""
        n, k = len(self._gallery), min(k, len(self._gallery))
        rows, scores = empty(len(queries), k)
        own = OwnGroup(*exclude) if exclude is not None else None
        step = max(1, SCORES // max(1, n))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            rows[part], scores[part] = self._block(np.ascontiguousarray(queries[part], dtype=np.float32), k, own, part)
        rows[np.isneginf(scores)] = -1
        return rows, scores

    def _block(self, queries: np.ndarray, k: int, own: OwnGroup | None, part: slice) -> tuple[np.ndarray, np.ndarray]:
        import torch

        with torch.inference_mode():
            exact = torch.from_numpy(queries)
            rounded = exact.bfloat16()
            block = rounded @ self._half.T
            if own is not None:
                pairs = own.pairs(part)
                block[torch.from_numpy(pairs[0]), torch.from_numpy(pairs[1])] = -math.inf
            error = self._bound(exact, rounded)
            coarse, columns, outside = _candidates(block, min(block.shape[1], max(CANDIDATES, 4 * k)))
            rows, scores = self._rank(queries, columns.numpy(), coarse.isneginf().numpy(), k)
            # What was not scored again is at most `outside` in the scan, and so at most this in truth.
            reach = _upper(outside, error)
            for i in np.flatnonzero(reach.numpy() >= scores[:, -1]):
                line = block[i].float()
                more = torch.nonzero((_upper(line, error[i]) >= float(scores[i, -1])) & ~line.isneginf())[:, 0].numpy()
                if len(more) >= k:
                    none = np.zeros((1, len(more)), dtype=bool)
                    rows[i], scores[i] = self._rank(queries[i : i + 1], more[None], none, k)
        return rows, scores

    def _bound(self, exact, rounded):
        """How far a float32 product and the scan's may differ before the scan's is rounded to bf16; (q,)."""
        errors = (exact - rounded.float()).norm(dim=1)
        norms = exact.norm(dim=1)
        sums = exact.shape[1] * 2.0**-23 * norms * self._norm  # additions of either product
        return errors * self._norm + (norms + errors) * self._error + sums

    def _rank(self, queries: np.ndarray, columns: np.ndarray, out: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best of the candidates by float32 products."""
        rows, scores = empty(len(queries), k)
        step = max(1, VALUES // (columns.shape[1] * queries.shape[1]))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            found = np.matmul(self._gallery[columns[part]], queries[part, :, None])[:, :, 0]
            found[out[part]] = -np.inf
            rows[part], scores[part] = select(found, columns[part], k)
        return rows, scores


def _upper(scores, error):
    """The highest that a product can be in truth, from its rounded bf16 score."""
    return scores.float() + scores.float().abs().nan_to_num(posinf=0) * 2.0**-8 + error


def _candidates(block, count: int):
    """About the highest scores of each line: (q, count) scores and columns, and a score that no other exceeds (q,).

    The line is folded, as in ``neighbours.best``; here nothing depends on how equal scores are settled.
    """
    import torch

    q, n = block.shape
    fold = math.isqrt(n // count)
    if fold < 4:
        values, columns = block.topk(count, dim=1)
        return values, columns, values[:, -1]
    width = n // fold
    maxima = block[:, : fold * width].view(q, fold, width).amax(dim=1)
    groups = maxima.topk(count, dim=1)
    inside = (groups.indices[:, :, None] + width * torch.arange(fold)).reshape(q, -1)
    columns = torch.cat([inside, torch.arange(fold * width, n).expand(q, -1)], dim=1)
    values, places = block.gather(1, columns).topk(count, dim=1)
    # A score left out is below the last one taken, or in a group whose maximum is not above the last group's.
    return values, columns.gather(1, places), torch.maximum(values[:, -1], groups.values[:, -1])
