"""Before against after on held-out works, paired: the difference is taken query by query, then averaged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artextract.relevance import Judge
from artextract.retrieval import cosine, evaluate, summarise


def compare(
    spaces: Mapping[str, np.ndarray],
    judges: Mapping[str, Judge],
    held_out: np.ndarray,
    clusters: np.ndarray,
    *,
    k: int,
    draws: int,
    seed: int,
) -> dict[str, float]:
    """Scores of two embeddings, and their paired difference with a 95% interval.

    Args:
        spaces: ``before`` and ``after``: unit rows (n, d).
        judges: Ground truths over n works.
        held_out: Rows that may be queries; the gallery is all works.
        clusters: Cluster of every work, for the bootstrap (n,).
        k: Cutoff.
        draws: Bootstrap resamples.
        seed: Of the resampling.

    Returns:
        ``<judge>.queries`` and ``<judge>.before|after|gain.<metric>`` with ``_low`` and ``_high``.
    """
    metrics: dict[str, float] = {}
    for name, judge in judges.items():
        queries = np.intersect1d(judge.queries(), held_out)
        metrics[f"{name}.queries"] = len(queries)
        if not len(queries):
            continue
        values = {s: evaluate(cosine(e, queries), judge, queries, k) for s, e in spaces.items()}
        values["gain"] = values["after"] - values["before"]
        for label, table in values.items():
            metrics |= summarise(table, clusters, draws, seed, f"{name}.{label}")
    return metrics
