"""Resampling by clusters, as row weights, and the intervals that come of it."""

from __future__ import annotations

import numpy as np


def cluster_bootstrap(groups: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Row weights of a bootstrap that draws whole groups: near-duplicates are no independent evidence.

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
