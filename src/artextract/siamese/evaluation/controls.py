"""Embeddings that the siamese projection is compared with: controls that must not gain.

Shuffled titles keep all of the training but its meaning; a random projection and a PCA of equal size keep the size.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.siamese.projection.linear import principal_directions
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
    centred = images - images[rows].mean(axis=0)
    return unit_rows(centred @ _directions(images.shape[1], size, seed))


@lru_cache(maxsize=1)
def _directions(dim: int, size: int, seed: int) -> np.ndarray:
    """The random directions, float64 (dim, size): the same for every training, and drawing them takes time."""
    return np.random.default_rng([seed, 3]).normal(size=(dim, size))


def principal_components(images: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """Centred images on the first principal components of some rows; unit rows (n, at most size)."""
    mean = images[rows].mean(axis=0)
    return unit_rows((images - mean) @ principal_directions(images[rows] - mean, size))
