"""Means with intervals, paired differences and corrected p values: all by a bootstrap that draws whole painters.

Micro means average over queries, macro means over painters (the mean of each one's queries), so that two painters with
many works do not carry the score. Works without a named painter count as one painter a group.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from artextract.bootstrap import cluster_bootstrap, interval

SUMMARY = ["metric", "micro", "low", "high", "macro", "macro_low", "macro_high", "queries"]


def summarise(values: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Micro and macro means with 95% percentile intervals.

    The same queries, clusters and seed give the same draws, whatever the values.

    Args:
        values: Per-query values (or differences of two), index = rows of the works, a column a metric.
        clusters: Cluster (painter) of every work, int (n,); drawn as a whole.
        draws: Bootstrap resamples.
        seed: Of the resampling.

    Returns:
        A row a metric, columns ``SUMMARY``; NaN where there are no queries.
    """
    micro, macro, micro_draws, macro_draws = _draw(values, clusters, draws, seed)
    records = []
    for i, name in enumerate(values.columns):
        ends = (*interval(micro_draws[:, i]), *interval(macro_draws[:, i]))
        records.append((name, micro[i], ends[0], ends[1], macro[i], ends[2], ends[3], len(values)))
    return pd.DataFrame(records, columns=pd.Index(SUMMARY))


def paired(before: pd.DataFrame, after: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Differences after - before, taken query by query, with intervals and two-sided bootstrap p values.

    Args:
        before: Per-query values, index = rows of the works.
        after: The same queries and metrics in another space; their order does not matter.
        clusters: As in ``summarise``.
        draws: As in ``summarise``.
        seed: As in ``summarise``.

    Returns:
        As ``summarise``, of the differences, with columns ``p`` (micro) and ``macro_p``: twice the share of draws on
        the other side of zero, (b + 1) / (draws + 1), so at least 2 / (draws + 1): with 2,000 draws, Holm can find
        something at 5% in a family of at most 50 tests.

    Raises:
        ValueError: The two do not hold the same queries and metrics.
    """
    if set(before.index) != set(after.index) or set(before.columns) != set(after.columns):
        raise ValueError("paired values must be of the same queries and metrics")
    difference = after.loc[before.index, before.columns] - before
    table = summarise(difference, clusters, draws, seed)
    *_, micro_draws, macro_draws = _draw(difference, clusters, draws, seed)
    return table.assign(p=_p_values(micro_draws), macro_p=_p_values(macro_draws))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjusted p values of one family of tests (Holm 1979), in the order given; float64 (m,).

    A family is everything that was tried: all pairs of judge and attempt.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def _draw(
    values: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Micro (m,) and macro (m,) means of m metrics, and the same of each resample (draws, m)."""
    table = values.to_numpy(dtype=np.float64)
    if not len(table):
        nothing = np.full(table.shape[1], np.nan)
        return nothing, nothing, np.full((draws, table.shape[1]), np.nan), np.full((draws, table.shape[1]), np.nan)
    kinds, member, sizes = np.unique(clusters[values.index.to_numpy()], return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(member, weights=column) for column in table.T], axis=1)
    means = sums / sizes[:, None]
    weights = _cluster_weights(len(kinds), draws, seed)
    micro_draws = (weights @ sums) / (weights @ sizes)[:, None]
    return table.mean(axis=0), means.mean(axis=0), micro_draws, (weights @ means) / len(kinds)


@lru_cache(maxsize=16)
def _cluster_weights(n: int, draws: int, seed: int) -> np.ndarray:
    """How often each cluster is drawn, (draws, n): all queries of a cluster weigh the same, and clusters are few.

    The same numbers serve every space and metric under a judge, and drawing them is what takes time.
    """
    weights = cluster_bootstrap(np.arange(n), draws, np.random.default_rng(seed))
    weights.setflags(write=False)
    return weights


def _p_values(draws: np.ndarray) -> np.ndarray:
    """Two-sided p of a mean of zero from resampled means (draws, m); (m,)."""
    other = np.minimum((draws <= 0).sum(axis=0), (draws >= 0).sum(axis=0))
    return np.minimum(1, 2 * (other + 1) / (len(draws) + 1))
