"""Retrieval metrics through ir-measures: per-query values, their means, and intervals clustered by painter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from artextract.bootstrap import cluster_bootstrap, interval
from artextract.relevance import Judge

BLOCK = 256
RANDOM_DRAWS = 20


def evaluate(similarity: np.ndarray, judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Per-query precision@k, nDCG@k and average precision over the whole ranking.

    Args:
        similarity: (len(queries), n), higher = more similar; row i belongs to queries[i].
        judge: Relevance and exclusions over n works.
        queries: Rows of the works that are asked with; each must have a relevant work.
        k: Cutoff.

    Returns:
        Index = queries; columns p<k>, ndcg<k>, map.
    """
    import ir_measures
    from ir_measures import AP, P, nDCG

    measures = {P @ k: f"p{k}", nDCG @ k: f"ndcg{k}", AP: "map"}
    values: dict[str, dict[int, float]] = {name: {} for name in measures.values()}
    for start in range(0, len(queries), BLOCK):
        qrels: dict[str, dict[str, int]] = {}
        run: dict[str, dict[str, float]] = {}
        for row, query in enumerate(queries[start : start + BLOCK], start=start):
            candidates = np.flatnonzero(~judge.excluded[query])
            scores = similarity[row, candidates].astype(float)
            names = [str(c) for c in candidates.tolist()]
            run[str(query)] = dict(zip(names, scores.tolist(), strict=True))
            relevant = judge.relevant[query, candidates]
            qrels[str(query)] = dict(zip(names, relevant.astype(int).tolist(), strict=True))
        for metric in ir_measures.iter_calc(list(measures), qrels, run):
            values[measures[metric.measure]][int(metric.query_id)] = metric.value
    return pd.DataFrame(values).reindex(queries)


def evaluate_random(n: int, judge: Judge, queries: np.ndarray, k: int, seed: int) -> pd.DataFrame:
    """The same metrics for random rankings, mean over ``RANDOM_DRAWS`` of them."""
    rng = np.random.default_rng(seed)
    draws = [evaluate(rng.random((len(queries), n)), judge, queries, k) for _ in range(RANDOM_DRAWS)]
    return sum(draws[1:], draws[0]) / len(draws)


def cosine(embedding: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Cosine of the query rows with all rows; (len(queries), n)."""
    return embedding[queries] @ embedding.T


def summarise(values: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int, prefix: str) -> dict[str, float]:
    """Means over queries with 95% intervals.

    Args:
        values: Per-query values or differences, index = rows of the works.
        clusters: Cluster of every work (n,); drawn as a whole.
        draws: Bootstrap resamples.
        seed: Of the resampling.
        prefix: Put before the names.

    Returns:
        ``<prefix>.<metric>``, ``..._low`` and ``..._high``.
    """
    weights = cluster_bootstrap(clusters[values.index.to_numpy()], draws, np.random.default_rng(seed))
    totals = weights.sum(axis=1)
    metrics = {}
    for name in values:
        column = values[name].to_numpy(dtype=float)
        low, high = interval(weights @ column / totals)
        metrics |= {
            f"{prefix}.{name}": float(column.mean()),
            f"{prefix}.{name}_low": low,
            f"{prefix}.{name}_high": high,
        }
    return metrics


def evaluate_spaces(
    spaces: Mapping[str, np.ndarray],
    judges: Mapping[str, Judge],
    clusters: np.ndarray,
    *,
    k: int,
    draws: int,
    seed: int,
) -> dict[str, float]:
    """Every embedding under every judge, random rankings beside them.

    The title embedding is not judged by the title proxy: that relevance is its own score.

    Returns:
        Flat metrics ``<judge>.<space>.<metric>``, and ``<judge>.queries``.
    """
    metrics: dict[str, float] = {}
    for name, judge in judges.items():
        queries = judge.queries()
        metrics[f"{name}.queries"] = len(queries)
        if not len(queries):
            continue
        for space, embedding in spaces.items():
            if (name, space) != ("title_proxy", "title"):
                values = evaluate(cosine(embedding, queries), judge, queries, k)
                metrics |= summarise(values, clusters, draws, seed, f"{name}.{space}")
        values = evaluate_random(len(clusters), judge, queries, k, seed)
        metrics |= {f"{name}.random.{column}": float(values[column].mean()) for column in values}
    return metrics
