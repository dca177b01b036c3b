"""The embedding space to look at: t-SNE maps with their trustworthiness, and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

PCA_DIMENSIONS = 50


def sample_rows(n: int, most: int, seed: int) -> np.ndarray:
    """All rows, or ``most`` of them drawn at random where there are more; sorted, int64."""
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False)) if n > most else np.arange(n)


def reduce(embedding: np.ndarray, seed: int) -> np.ndarray:
    """The first principal components, at most 50; (n, d')."""
    from sklearn.decomposition import PCA

    dimensions = min(PCA_DIMENSIONS, *embedding.shape)
    return PCA(dimensions, svd_solver="full", random_state=seed).fit_transform(embedding)


def tsne_map(embedding: np.ndarray, perplexity: float, seed: int) -> tuple[np.ndarray, float]:
    """Two-dimensional t-SNE after PCA, started from PCA.

    Args:
        embedding: (n, d).
        perplexity: Lowered to (n - 1) / 3 where there are few works.
        seed: Of the algorithm.

    Returns:
        Positions (n, 2), and the trustworthiness of the map over the ten nearest neighbours, 0 to 1.
    """
    from sklearn.manifold import TSNE, trustworthiness

    if len(embedding) < 3:  # t-SNE needs neighbours; one or two works stand side by side, and nothing can be wrong
        return np.eye(2, dtype=np.float32)[: len(embedding)], 1.0
    reduced = reduce(embedding, seed)
    perplexity = min(perplexity, (len(embedding) - 1) / 3)
    positions = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    neighbours = min(10, (len(embedding) - 1) // 2)
    return positions, float(trustworthiness(embedding, positions, n_neighbors=neighbours, metric="cosine"))


def tsne_maps(
    spaces: Mapping[str, np.ndarray], rows: np.ndarray, perplexity: float, seed: int
) -> dict[str, tuple[np.ndarray, float]]:
    """``tsne_map`` of the same rows in any number of spaces; name to positions and trustworthiness."""
    return {name: tsne_map(vectors[rows], perplexity, seed) for name, vectors in spaces.items()}


def cluster(embedding: np.ndarray, k: int, seed: int) -> np.ndarray:
    """k-means over the reduced embedding; clusters are numbered by size, the largest first; int64 (n,).

    k-means, since every painting should land on some contact sheet. HDBSCAN calls 43% to 89% of 1,326 paintings of the
    National Gallery of Art noise, whatever its settings (smallest cluster 5 to 50 works, 1 to 50 samples).
    """
    from sklearn.cluster import KMeans

    k = min(k, len(embedding))
    starts: Any = 10  # the default is a word, from which type checkers conclude that only words are allowed
    labels = KMeans(k, n_init=starts, random_state=seed).fit_predict(reduce(embedding, seed))
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    rank = np.empty(k, dtype=np.int64)
    rank[order] = np.arange(k)
    return rank[labels]


def central_first(embedding: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of one cluster, the most typical (closest to their mean) first."""
    centre = embedding[rows].mean(axis=0)
    return rows[np.argsort(-(embedding[rows] @ centre), kind="stable")]
