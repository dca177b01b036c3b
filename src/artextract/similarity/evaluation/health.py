"""Signs that an embedding is unfit for retrieval: hubs, crowding in one direction, and dimensions in use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artextract.core.compute import ROWS
from artextract.similarity.ranking.spaces import Space
from artextract.similarity.ranking.topk import OwnGroup, best


def k_occurrence(space: Space, group: np.ndarray, k: int) -> np.ndarray:
    """How many queries have each work among their k nearest; works of its own group are not neighbours; int64 (n,)."""
    counts, own = np.zeros(space.n, dtype=np.int64), OwnGroup(group, group)
    for rows, similarity in space.blocks(np.arange(space.n)):
        scores = np.asarray(similarity, dtype=np.float32)
        scores[own.pairs(slice(rows[0], rows[-1] + 1))] = -np.inf
        found, score = best(scores, min(k, space.n))
        counts += np.bincount(found[np.isfinite(score)], minlength=space.n)
    return counts


def hubness(counts: np.ndarray) -> tuple[float, float]:
    """Skewness of the k-occurrence, and the share of anti-hubs: works that are nobody's neighbour.

    Radovanovic et al. 2010, "Hubs in space". Skewness is 0 where all occur equally often.
    """
    deviation = counts - counts.mean()
    spread = deviation.std()
    skewness = float((deviation**3).mean() / spread**3) if spread > 0 else 0.0
    return skewness, float((counts == 0).mean())


def _in_float64(unit: np.ndarray) -> Iterator[np.ndarray]:
    """The rows in blocks."""
    for start in range(0, len(unit), ROWS):
        yield unit[start : start + ROWS].astype(np.float64)


def mean_cosine(unit: np.ndarray) -> float:
    """Mean cosine of all pairs of different rows; 0 would be directions that fill the space evenly.

    Args:
        unit: Unit rows (n, d); NaN where n < 2.
    """
    n = len(unit)
    total = unit.sum(axis=0, dtype=np.float64)
    own = sum(float((block**2).sum()) for block in _in_float64(unit))
    return float((total @ total - own) / (n * (n - 1))) if n > 1 else float("nan")


def effective_rank(unit: np.ndarray) -> float:
    """Exponential of the entropy of the normalised singular values: how many dimensions are in use, 1 to min(n, d).

    Roy and Vetterli 2007, "The effective rank". Not centred: cosine similarity sees the mean as well.
    """
    if len(unit) < unit.shape[1]:
        gram = unit.astype(np.float64)
        gram = gram @ gram.T
    else:
        gram = np.zeros((unit.shape[1], unit.shape[1]))
        for block in _in_float64(unit):
            gram += block.T @ block
    values = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, None))
    # The root of an eigenvalue that is zero but for rounding is 1e-8 of the largest, times hundreds of them.
    values = values[values > 1e-6 * values.max()]
    share = values / values.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def health(space: Space, group: np.ndarray, k: int, near: np.ndarray | None = None) -> dict[str, float]:
    """Health figures of a space.

    Args:
        space: n works.
        group: Group of each work (n,).
        k: Neighbours of the k-occurrence.
        near: The k nearest works of every work, its own group left out (n, k), -1 where there are fewer; where they are
            at hand.

    Returns:
        hubness, anti_hubs, and, where the similarity is a cosine, mean_cosine and effective_rank.
    """
    counts = k_occurrence(space, group, k) if near is None else np.bincount(near[near >= 0], minlength=space.n)
    skewness, alone = hubness(counts)
    found = {"hubness": skewness, "anti_hubs": alone}
    if space.vectors is not None and space.n > 1:
        found |= {"mean_cosine": mean_cosine(space.vectors), "effective_rank": effective_rank(space.vectors)}
    return found
