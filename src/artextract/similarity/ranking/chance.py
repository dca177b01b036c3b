"""The two limits of a score: chance, and the ceiling.

Chance is the expectation over all rankings, in closed form, so that it has no noise of its own. The ceiling is the
score of the best possible ranking: precision@10 cannot reach 1 for a query with three relevant works.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from artextract.similarity.ranking.asked import Asked, discounts, precisions
from artextract.similarity.ranking.scoring import in_columns

RANDOM, CEILING = "random", "ceiling"  # names of the limits among the spaces


def expected_at_random(asked: Asked, k: int) -> np.ndarray:
    """Expected metrics of each query over all rankings of its gallery.

    With R relevant works among N: P@k and R-precision are R / N; nDCG@k has the mean grade at every place; AP expects,
    at every place i that is a hit, 1 + (i - 1)(R - 1)/(N - 1) hits up to there (Bestgen 2015, "Exact expected average
    precision of the random baseline"); MRR goes over the place of the first hit.

    Args:
        asked: A judge's truth about q queries.
        k: Cutoff.

    Returns:
        float64 (q, m) in the order of ``metric_names(k)``.
    """
    gallery, relevant = asked.gallery, asked.relevant
    share = relevant / gallery
    found = {f"p{c}": share * np.minimum(c, gallery) / c for c in precisions(k)}
    kinds, member = np.unique(np.stack([gallery, relevant], axis=1), axis=0, return_inverse=True)
    precision_and_rank = np.array([_ap_and_rr(*kind) for kind in kinds.tolist()]).reshape(-1, 2)[member.ravel()]
    found |= {"map": precision_and_rank[:, 0], "mrr": precision_and_rank[:, 1], "rprec": share}
    reached = np.cumsum(discounts(k))[np.minimum(k, gallery) - 1]
    found[f"ndcg{k}"] = asked.gains / gallery * reached / asked.ideal
    return in_columns(found, k)


def best_possible(asked: Asked, k: int) -> np.ndarray:
    """Metrics of each query when its gallery is ranked by the relevance itself: no ranking scores higher.

    Args:
        asked: A judge's truth about q queries.
        k: Cutoff.

    Returns:
        float64 (q, m) in the order of ``metric_names(k)``.
    """
    found = dict.fromkeys((f"ndcg{k}", "map", "mrr", "rprec"), np.ones(len(asked.relevant)))
    return in_columns(found | {f"p{c}": np.minimum(asked.relevant, c) / c for c in precisions(k)}, k)


LIMITS = {RANDOM: expected_at_random, CEILING: best_possible}


@lru_cache(maxsize=1 << 16)
def _ap_and_rr(n: int, relevant: int) -> tuple[float, float]:
    """Expected average precision and reciprocal rank of the first hit, with ``relevant`` of n works relevant."""
    place = np.arange(1, n + 1)
    harmonic = float((1 / place).sum())
    ap = (harmonic + ((relevant - 1) / (n - 1) * (n - harmonic) if n > 1 else 0)) / n
    missed = np.concatenate([[1.0], np.cumprod(1 - relevant / (n - place[: n - relevant] + 1))])
    hit_now = relevant / (n - np.arange(len(missed)))
    return ap, float((missed * hit_now / np.arange(1, len(missed) + 1)).sum())
