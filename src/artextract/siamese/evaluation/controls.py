"""Embeddings that the siamese projection is compared with: controls that must not gain, baselines that it should beat.

Shuffled titles keep all of the training but its meaning; a random projection and a PCA of equal size keep the size.
Ridge regression from images to titles is the strong and simple rival.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.siamese.projection.linear import principal_directions, ridge_weight
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
    return unit_rows(centred @ np.random.default_rng([seed, 3]).normal(size=(images.shape[1], size)))


def principal_components(images: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """Centred images on the first principal components of some rows; unit rows (n, at most size)."""
    mean = images[rows].mean(axis=0)
    return unit_rows((images - mean) @ principal_directions(images[rows] - mean, size))


def ridge_embedding(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, rows: np.ndarray, penalty: float
) -> np.ndarray:
    """Titles predicted from images by ridge regression, less the mean title; unit rows (n, t).

    Args:
        index: title, n works.
        images: (n, d).
        titles: (n, t); only those of ``rows`` are read.
        rows: Training rows; those without a title of their own are left out.
        penalty: Penalty for ``ridge_weight``.
    """
    known = titled_rows(index, rows)
    mean, of = images[known].mean(axis=0), titles[known].mean(axis=0)
    return unit_rows((images - mean) @ ridge_weight(images[known] - mean, titles[known] - of, penalty))


def beside(images: np.ndarray, rows: np.ndarray, other: np.ndarray, beta: float) -> np.ndarray:
    """Centred images beside another embedding with weight beta; unit rows (n, d + k)."""
    centred = unit_rows(images - images[rows].mean(axis=0))
    return unit_rows(np.hstack([centred, beta * unit_rows(other)]))
