"""Resampling by clusters, as row weights, and the intervals that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

SUMMARY = ["metric", "micro", "low", "high", "macro", "macro_low", "macro_high", "queries"]
TIE = 1e-12  # a resampled difference no larger is zero: rounding, which depends on the processor, must not take sides
BLOCK = 1 << 20  # cluster weights that are turned into floats at a time: 8 MB
KEPT = 1 << 25  # most cluster weights that are kept for the next table: 64 MB


def cluster_bootstrap(groups: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Row weights of a bootstrap that draws whole groups: near-duplicates are not independent evidence.

    Args:
        groups: Group of each row, shape (n,).
        draws: Number of resamples.
        rng: Source of randomness.

    Returns:
        float64 (draws, n): how often each row was drawn.
    """
    _, member = np.unique(groups, return_inverse=True)
    n_groups = int(member.max()) + 1
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=draws)
    return counts[:, member].astype(float)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """95% percentile interval of the defined draws; NaN where none is."""
    defined = draws[~np.isnan(draws)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def intervals(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``interval`` of each column of (draws, m): lower and upper ends, float64 (m,) each."""
    if draws.size and not np.isnan(draws).any():
        low, high = np.percentile(draws, [2.5, 97.5], axis=0)
        return low, high
    ends = np.array([interval(column) for column in draws.T]).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def summarise(values: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Micro and macro means with 95% percentile intervals.

    The same queries, clusters and seed give the same draws, whatever the values.

    Args:
        values: Per-query values (or differences of two), index = rows of the works, a column a metric.
        clusters: Cluster (painter) of every work, int (n,); drawn as a whole.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        One row per metric, columns ``SUMMARY``; NaN where there are no queries.
    """
    return summarise_all([values], clusters, draws, seed)[0]


def summarise_all(tables: Sequence[pd.DataFrame], clusters: np.ndarray, draws: int, seed: int) -> list[pd.DataFrame]:
    """``summarise`` of many tables; those of the same queries share one product with the weights of the clusters."""
    return [found.summary() for found in _resample(tables, clusters, draws, seed)]


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
        the other side of zero, (b + 1) / (draws + 1), so at least ``smallest_p``: with 2,000 draws, Holm can find
        something at 5% in a family of at most 50 tests.

    Raises:
        ValueError: The two do not hold the same queries and metrics.
    """
    return paired_all([(before, after)], clusters, draws, seed)[0]


def paired_all(
    pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]], clusters: np.ndarray, draws: int, seed: int
) -> list[pd.DataFrame]:
    """``paired`` of many pairs (before, after); those of the same queries share one product with the weights."""
    differences = [_difference(before, after) for before, after in pairs]
    return [
        found.summary().assign(p=_p_values(found.micro_draws), macro_p=_p_values(found.macro_draws))
        for found in _resample(differences, clusters, draws, seed)
    ]


def smallest_p(draws: int) -> float:
    """The least two-sided p value that so many draws can give, before any correction."""
    return 2 / (draws + 1)


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


def with_holm(table: pd.DataFrame) -> pd.DataFrame:
    """Columns ``p_holm`` and ``macro_p_holm`` next to ``p`` and ``macro_p``; the rows of a metric are one family."""
    corrected = {
        f"{column}_holm": table.groupby("metric")[column].transform(lambda p: holm(p.to_numpy()))
        for column in ("p", "macro_p")
    }
    return table.assign(**corrected)


@dataclass(frozen=True)
class _Resampled:
    """Means of m metrics (m,), and the same of each resample (draws, m)."""

    names: pd.Index
    queries: int
    micro: np.ndarray
    macro: np.ndarray
    micro_draws: np.ndarray
    macro_draws: np.ndarray

    def summary(self) -> pd.DataFrame:
        (low, high), (macro_low, macro_high) = intervals(self.micro_draws), intervals(self.macro_draws)
        columns = [self.names, self.micro, low, high, self.macro, macro_low, macro_high, self.queries]
        return pd.DataFrame(dict(zip(SUMMARY, columns, strict=True)))


def _difference(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    if set(before.index) != set(after.index) or set(before.columns) != set(after.columns):
        raise ValueError("paired values must be of the same queries and metrics")
    return after.loc[before.index, before.columns] - before


def _resample(tables: Sequence[pd.DataFrame], clusters: np.ndarray, draws: int, seed: int) -> list[_Resampled]:
    """Each table resampled, in the order given."""
    alike: dict[bytes, list[int]] = {}
    for i, table in enumerate(tables):
        alike.setdefault(table.index.to_numpy(dtype=np.int64).tobytes(), []).append(i)
    found: dict[int, _Resampled] = {}
    for members in alike.values():
        values = np.hstack([tables[i].to_numpy(dtype=np.float64) for i in members])
        means = _means(values, clusters[tables[members[0]].index.to_numpy(dtype=np.int64)], draws, seed)
        start = 0
        for i in members:
            part = slice(start, start + tables[i].shape[1])
            found[i] = _Resampled(tables[i].columns, len(values), *(array[..., part] for array in means))
            start = part.stop
    return [found[i] for i in range(len(tables))]


def _means(
    values: np.ndarray, clusters: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Micro (m,) and macro (m,) means of values (q, m), and the same of each resample (draws, m)."""
    metrics = values.shape[1]
    if not len(values):
        nothing, no_draws = np.full(metrics, np.nan), np.full((draws, metrics), np.nan)
        return nothing, nothing, no_draws, no_draws
    kinds, member, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(member, weights=column) for column in values.T], axis=1)
    means = sums / sizes[:, None]
    summed = np.hstack([sums, means, sizes[:, None]])
    drawn = np.concatenate([weights @ summed for weights in _cluster_weights(len(kinds), draws, seed)])
    micro_draws = drawn[:, :metrics] / drawn[:, -1:]
    return values.mean(axis=0), means.mean(axis=0), micro_draws, drawn[:, metrics:-1] / len(kinds)


def _cluster_weights(n: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How often each cluster is drawn, in blocks of draws: all queries of a cluster weigh the same.

    The same numbers serve every space and metric under a judge, and drawing them is what takes time. They are kept
    where they are few; else each block is drawn when it is needed, and is the same to the last digit.

    Yields:
        float64 (draws of the block, n).
    """
    if draws * n > KEPT:
        yield from _drawn_weights(n, draws, seed)
        return
    kept, step = _kept_weights(n, draws, seed), max(1, BLOCK // n)
    for start in range(0, draws, step):
        yield kept[start : start + step].astype(np.float64)


def _drawn_weights(n: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    rng, step = np.random.default_rng(seed), max(1, BLOCK // n)
    for start in range(0, draws, step):
        yield cluster_bootstrap(np.arange(n), min(step, draws - start), rng)


@lru_cache(maxsize=16)
def _kept_weights(n: int, draws: int, seed: int) -> np.ndarray:
    """All blocks as one array (draws, n); as small whole numbers they take a quarter of the memory."""
    weights = np.concatenate([block.astype(np.uint16) for block in _drawn_weights(n, draws, seed)])
    weights.setflags(write=False)
    return weights


def _p_values(draws: np.ndarray) -> np.ndarray:
    """Two-sided p of a mean of zero from resampled means (draws, m); (m,)."""
    other = np.minimum((draws <= TIE).sum(axis=0), (draws >= -TIE).sum(axis=0))
    return np.minimum(1, 2 * (other + 1) / (len(draws) + 1))
