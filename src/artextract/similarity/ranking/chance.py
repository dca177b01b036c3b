"""The two limits of a score: chance, and the ceiling.

Chance is the expectation over all rankings, in closed form, so that it has no noise of its own. The ceiling is the
score of the best possible ranking: precision@10 cannot reach 1 for a query with three relevant works.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.retrieval import evaluate, metric_names
from artextract.similarity.ranking.spaces import Space

RANDOM, CEILING = "random", "ceiling"  # names of the limits among the spaces


def expected_at_random(judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Expected metrics of each query over all rankings of its gallery.

    With R relevant works among N: P@k and R-precision are R / N; nDCG@k has the mean grade at every place; AP expects,
    at every place i that is a hit, 1 + (i - 1)(R - 1)/(N - 1) hits up to there (Bestgen 2015, "Exact expected average
    precision of the random baseline"); MRR goes over the place of the first hit.

    Args:
        judge: Ground truth over n works.
        queries: Rows that are queries; each has a relevant work.
        k: Cutoff.

    Returns:
        As ``retrieval.evaluate``.
    """
    inside = ~judge.excluded[queries]
    gallery, relevant = inside.sum(axis=1), (judge.relevant[queries] & inside).sum(axis=1)
    share = relevant / gallery
    found = {f"p{c}": share * np.minimum(c, gallery) / c for c in (1, 5, k)}
    kinds, member = np.unique(np.stack([gallery, relevant], axis=1), axis=0, return_inverse=True)
    precision_and_rank = np.array([_ap_and_rr(int(n), int(r)) for n, r in kinds]).reshape(-1, 2)[member.ravel()]
    found |= {"map": precision_and_rank[:, 0], "mrr": precision_and_rank[:, 1], "rprec": share}
    grade = judge.relevant if judge.grade is None else judge.grade
    gains = np.where(inside, grade[queries], 0).astype(np.float64)
    best = -np.sort(-gains, axis=1)[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    reached = np.cumsum(discount)[np.minimum(k, gallery) - 1]
    found[f"ndcg{k}"] = gains.sum(axis=1) / gallery * reached / (best @ discount[: best.shape[1]])
    return pd.DataFrame(found, index=queries)[metric_names(k)]


def best_possible(judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Metrics of each query when its gallery is ranked by the relevance itself: no ranking scores higher.

    Args:
        judge: Ground truth over n works.
        queries: Rows that are queries; each has a relevant work.
        k: Cutoff.

    Returns:
        As ``retrieval.evaluate``.
    """
    grade = judge.relevant if judge.grade is None else judge.grade
    ideal = Space(CEILING, len(grade), lambda rows: grade[rows].astype(np.float32))
    return evaluate(ideal, judge, queries, k)


def _ap_and_rr(n: int, relevant: int) -> tuple[float, float]:
    """Expected average precision and reciprocal rank of the first hit, with ``relevant`` of n works relevant."""
    place = np.arange(1, n + 1)
    harmonic = float((1 / place).sum())
    ap = (harmonic + ((relevant - 1) / (n - 1) * (n - harmonic) if n > 1 else 0)) / n
    missed = np.concatenate([[1.0], np.cumprod(1 - relevant / (n - place[: n - relevant] + 1))])
    hit_now = relevant / (n - np.arange(len(missed)))
    return ap, float((missed * hit_now / np.arange(1, len(missed) + 1)).sum())
