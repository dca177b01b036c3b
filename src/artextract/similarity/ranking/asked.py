"""A judge's truth about a block of queries as rankings are scored with it: worked out once for all spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artextract.similarity.ranking.judging import Judge, Truth
from artextract.similarity.ranking.topk import best

IN_GALLERY, HIT = 1, 2  # bits of ``Asked.flags``


@dataclass(frozen=True)
class Asked:
    """Relevance to q queries among n works.

    Attributes:
        queries: Rows of the query works, int64 (q,).
        flags: uint8 (q, n): ``IN_GALLERY`` for works of the query's gallery, and ``HIT`` for relevant ones among them.
        gallery: Number of works in each gallery, int64 (q,).
        relevant: Number of relevant ones among them, int64 (q,).
        grade: float32 (q, n), zero outside of the gallery; None where the judge has no grades.
        gains: Sum of the gains of each gallery, float64 (q,).
        ideal: DCG of the best possible ranking up to the cutoff, float64 (q,).
    """

    queries: np.ndarray
    flags: np.ndarray
    gallery: np.ndarray
    relevant: np.ndarray
    grade: np.ndarray | None
    gains: np.ndarray
    ideal: np.ndarray

    def row(self, i: int) -> Truth:
        """The truth about one of the queries, as a block of one; what is relevant is in the gallery."""
        flags = self.flags[[i]]
        return Truth(flags & HIT > 0, flags & IN_GALLERY == 0, None if self.grade is None else self.grade[[i]])


def metric_names(k: int) -> list[str]:
    """Columns of an evaluation at cutoff ``k``: nDCG@k, mAP, P@1, P@5, P@k, MRR, R-precision."""
    return [f"ndcg{k}", "map", *(f"p{c}" for c in precisions(k)), "mrr", "rprec"]


def precisions(k: int) -> list[int]:
    """The cutoffs of precision."""
    return sorted({1, 5, k})


def discounts(k: int) -> np.ndarray:
    """What a gain at each of the first k places is worth in DCG; float64 (k,)."""
    return 1 / np.log2(np.arange(2, k + 2))


def ask(judge: Judge, queries: np.ndarray, k: int) -> Asked:
    """A judge's truth about some queries.

    Args:
        judge: Ground truth over n works.
        queries: Rows, int64 (q,).
        k: Cutoff of nDCG.

    Raises:
        ValueError: A query has no relevant work.
    """
    return prepared(judge.truth(queries), queries, k)


def prepared(truth: Truth, queries: np.ndarray, k: int) -> Asked:
    """See ``ask``."""
    inside, hit = ~truth.excluded, truth.found
    gallery, relevant = np.count_nonzero(inside, axis=1), np.count_nonzero(hit, axis=1)
    if not relevant.all():
        raise ValueError(f"works {queries[relevant == 0].tolist()} have nothing relevant and cannot be queries")
    flags = inside.view(np.uint8) + HIT * hit.view(np.uint8)
    discount = discounts(k)
    if truth.grade is None:
        ideal = np.cumsum(discount)[np.minimum(relevant, k) - 1]
        return Asked(queries, flags, gallery, relevant, None, relevant.astype(np.float64), ideal)
    grade = np.where(inside, truth.grade, np.float32(0))
    highest = best(grade, min(k, grade.shape[1]))[1].astype(np.float64)
    ideal = (highest * discount[: highest.shape[1]]).sum(axis=1)
    return Asked(queries, flags, gallery, relevant, grade, grade.sum(axis=1, dtype=np.float64), ideal)
