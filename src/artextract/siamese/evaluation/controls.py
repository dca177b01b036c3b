"""Embeddings that the siamese projection is compared with: controls that must not gain.

Shuffled titles keep all of the training but its meaning; a random projection and a PCA of equal size keep the size.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.siamese.projection.linear import ROWS, principal_directions
from artextract.siamese.projection.pairs import titled_rows


def shuffled_titles(
    index: pd.DataFrame, titles: np.ndarray, rows: np.ndarray, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """The titles of some rows dealt out anew among them; works without a title of their own keep out of it.

    Args:
        index: title and more, n works.
        titles: Title embeddings (n, d).
        rows: Works whose titles are dealt out.
        seed: Seed of the shuffle.

    Returns:
        Index and title embeddings, both in the same new order of titles.
    """
    known = titled_rows(index, np.sort(rows))
    source = np.arange(len(index))
    source[known] = np.random.default_rng([seed, 2]).permutation(known)
    return index.assign(title=index["title"].to_numpy()[source]), titles[source]


def random_projection(images: np.ndarray, rows: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Centred images on random Gaussian directions; unit rows (n, size)."""
    return _on_directions(images, images[rows].mean(axis=0), _random_directions(images.shape[1], size, seed))


@lru_cache(maxsize=1)
def _random_directions(dim: int, size: int, seed: int) -> np.ndarray:
    """The random directions, float64 (dim, size): the same for every training, and drawing them takes time."""
    return np.random.default_rng([seed, 3]).normal(size=(dim, size))


def principal_components(images: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """Centred images on the first principal components of some rows; unit rows (n, at most size)."""
    mean = images[rows].mean(axis=0)
    return _on_directions(images, mean, principal_directions(images[rows] - mean, size))


def _on_directions(images: np.ndarray, mean: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Images (n, d), less their mean, on directions (d, size): unit rows float32, computed some rows at a time."""
    result = np.empty((len(images), directions.shape[1]), dtype=np.float32)
    for start in range(0, len(images), ROWS):
        result[start : start + ROWS] = unit_rows((images[start : start + ROWS] - mean) @ directions)
    return result
