"""The siamese part with matrices of all pairs of works: slow and large, and easy to check. The oracle of its tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from artextract.data.museum.painters import artist_clusters
from artextract.data.museum.titles import normalised_title
from artextract.params.sections import Siamese, Splits
from artextract.siamese.projection.pairs import titled_rows
from artextract.siamese.projection.splits import THRESHOLD_STEP


def cosines(index: pd.DataFrame, titles: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Title cosine of each two rows (m, m), and True where they are of different groups."""
    group, own = index["group"].to_numpy()[rows], titles[rows]
    return own @ own.T, group[:, None] != group[None, :]


def positive_cosine(index: pd.DataFrame, titles: np.ndarray, quantile: float) -> float:
    cosine, possible = cosines(index, titles, titled_rows(index, np.arange(len(index))))
    return float(np.quantile(cosine[np.triu(possible, 1)].astype(np.float64), quantile))


@dataclass(frozen=True)
class DensePairs:
    positive: np.ndarray
    negative: np.ndarray
    positive_from: float
    negative_to: float


def mine_pairs(
    index: pd.DataFrame, titles: np.ndarray, images: np.ndarray, rows: np.ndarray, params: Siamese, seed: int
) -> DensePairs:
    rows = titled_rows(index, np.sort(rows))
    cosine, possible = cosines(index, titles, rows)
    upper = np.triu(possible, 1)
    levels = [params.positive_quantile, params.negative_quantile]
    positive_from, negative_to = np.quantile(cosine[upper], levels)
    unlike = possible & (cosine <= negative_to) & (cosine < positive_from)
    positive = _positive(index, rows, upper & (cosine >= positive_from), params, seed)
    negative = unlike.astype(np.float32)
    if params.hard_negatives:
        similarity = np.where(unlike, images[rows] @ images[rows].T, -np.inf)
        count = min(params.hard_negatives, len(rows))
        least = torch.topk(torch.from_numpy(similarity), count, dim=1).values[:, -1:].numpy()
        negative[(similarity >= least) & unlike] = params.hard_weight
    return DensePairs(positive, negative, float(positive_from), float(negative_to))


def _positive(index: pd.DataFrame, rows: np.ndarray, alike: np.ndarray, params: Siamese, seed: int) -> np.ndarray:
    title = pd.factorize(index["title"].iloc[rows].map(normalised_title))[0]
    painter = artist_clusters(index)[rows]
    pairs = np.argwhere(alike)
    used, seen, kept = [0] * (int(painter.max()) + 1), set(), []
    for i, j in pairs[np.random.default_rng(seed).permutation(len(pairs))].tolist():
        name, (a, b) = frozenset((title[i], title[j])), (painter[i], painter[j])
        if name not in seen and max(used[a], used[b]) < params.max_pairs_per_artist:
            seen.add(name)
            used[a] += 1
            used[b] += a != b
            kept.append((i, j))
    return np.array(kept, dtype=np.int64).reshape(-1, 2)


def title_clusters(index: pd.DataFrame, titles: np.ndarray, params: Splits) -> np.ndarray:
    names = pd.factorize(index["title"].map(normalised_title))[0]
    group, n = index["group"].to_numpy(), len(index)
    same = _components((names[:, None] == names) | (group[:, None] == group))
    largest, result, count = math.ceil(params.max_cluster * n), np.full(n, -1), 0
    waiting = [(np.arange(n), params.title_cosine)]
    while waiting:
        rows, threshold = waiting.pop()
        near = same[rows][:, None] == same[rows]
        if threshold < 1:
            near |= titles[rows] @ titles[rows].T >= threshold
        part = _components(near)
        for c in range(part.max() + 1):
            members = rows[part == c]
            if len(members) > largest and threshold < 1:
                waiting.append((members, threshold + THRESHOLD_STEP))
            else:
                result[members], count = count, count + 1
    return pd.factorize(result)[0]


def _components(linked: np.ndarray) -> np.ndarray:
    """Components of a symmetric boolean matrix (n, n)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    return connected_components(csr_matrix(linked), directed=False)[1]


def title_score(
    titles: np.ndarray, group: np.ndarray, queries: np.ndarray, gallery: np.ndarray, cosine: float, vectors: np.ndarray
) -> tuple[float, float]:
    """What ``title_judge.TitleJudge`` gives for vectors (n, k)."""
    possible = group[queries][:, None] != group[gallery][None, :]
    relevant = (titles[queries] @ titles[gallery].T >= np.float64(cosine)) & possible
    asked = relevant.any(axis=1)
    similarity = np.where(possible, vectors[queries] @ vectors[gallery].T, -np.inf)[asked]
    hit = np.take_along_axis(relevant[asked], np.argsort(-similarity, axis=1, kind="stable"), axis=1)
    values = ((np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)) * hit).sum(axis=1) / hit.sum(axis=1)
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
