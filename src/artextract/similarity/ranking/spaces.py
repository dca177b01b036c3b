"""Spaces, which tell how similar works are: one small type, and the baselines that every score is compared with.

A space gives the similarity of query rows to all works. Each space states which catalogue fields it was made from, so
that a judge of the same field can be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from artextract.core.compute import ROWS, unit_of, unit_rows
from artextract.data.images.colours import colour_histogram
from artextract.similarity.ranking.topk import best

BLOCK = 512  # queries at a time
SCORES = 1 << 24  # similarities at a time, where so many queries have more: 64 MB
THUMB = 64  # side of the image that colours are counted in
# Names for people, in figures and tables, where they differ from the name in metrics.
LABELS = {
    "colour": "colour histogram",
    "image": "image, raw",
    "centred": "image, centred",
    "whitened": "image, PCA-whitened",
    "csls": "image, CSLS",
    "siamese": "image, siamese projection",
}


def space_label(name: str) -> str:
    """Name of a space for people; a space that ``LABELS`` does not list is called by its own name."""
    return LABELS.get(name, name)


@dataclass(frozen=True)
class Space:
    """Similarity between n works.

    Attributes:
        name: Short and stable: part of metric names.
        n: Works.
        similarity: From query rows int64 (q,) to float32 (q, n), higher = more similar; an array of its own each time.
        fields: Catalogue fields that the space was made from (``title``): their judges may not score it.
        vectors: Unit rows (n, d) where the similarity is their cosine, else None.
    """

    name: str
    n: int
    similarity: Callable[[np.ndarray], np.ndarray]
    fields: frozenset[str] = frozenset()
    vectors: np.ndarray | None = None

    def blocks(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The given rows in blocks with their similarities (b, n): memory stays small however many works there are."""
        step = _step(self.n)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            yield part, self.similarity(part)


def _step(n: int) -> int:
    """Queries whose similarities to n works are held at a time."""
    return max(1, min(BLOCK, SCORES // max(1, n)))


def cosine_space(name: str, vectors: np.ndarray, fields: frozenset[str] = frozenset()) -> Space:
    """Cosine of vectors (n, d); rows are scaled to length one."""
    return _of_unit_rows(name, unit_rows(vectors), fields)


def _of_unit_rows(name: str, unit: np.ndarray, fields: frozenset[str] = frozenset()) -> Space:
    return Space(name, len(unit), _Cosine(unit), fields, unit)


@dataclass(frozen=True)
class _Cosine:
    """Similarity of unit rows (n, d); a class, and no closure, so that it can be computed in another process."""

    unit: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self.unit[rows] @ self.unit.T


def centred(vectors: np.ndarray, fit: np.ndarray | None = None) -> np.ndarray:
    """Vectors less the mean of the rows ``fit`` (default: all); unit rows (n, d)."""
    mean = _fitted(vectors, fit).mean(axis=0)
    return unit_of(vectors.shape, lambda rows: vectors[rows] - mean)


def whitened(vectors: np.ndarray, components: int, fit: np.ndarray | None = None) -> np.ndarray:
    """PCA-whitened vectors: the first principal components, each scaled to variance one.

    Args:
        vectors: (n, d).
        components: Wanted; at most one less than the rows, and d, are there.
        fit: Rows that mean, components and variances are taken from; default all.

    Returns:
        Unit rows (n, at most components).
    """
    n, d = len(vectors) if fit is None else len(fit), vectors.shape[1]
    # One work, or equal ones: no direction differs from another.
    if n < 2 or not np.ptp(_fitted(vectors, fit), axis=0).any():
        return np.zeros((len(vectors), 1), dtype=np.float32)
    components = min(components, n - 1, d)
    # The covariance of few works in many dimensions is large and almost empty: thirty times the work for 140 by 1,280.
    directions = _of_few if 2 * n < d else principal_directions
    mean, axes, variance = directions(vectors, fit, components)
    # Directions without variance (equal works) would be noise of the arithmetic, blown up.
    kept = variance > 1e-9 * max(float(variance[0]), 1e-30)
    axes, spread = axes[kept].T, np.sqrt(variance[kept])
    return unit_of((len(vectors), axes.shape[1]), lambda rows: (vectors[rows] - mean) @ axes / spread)


Reach = Callable[[np.ndarray, np.ndarray | None, int], np.ndarray]  # see ``mean_of_nearest``
Directions = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean (d,), directions (components, d), variances (components,)


def _of_few(vectors: np.ndarray, fit: np.ndarray | None, components: int) -> Directions:
    """Principal directions by a decomposition of the rows themselves."""
    from sklearn.decomposition import PCA

    pca: Any = PCA(components, svd_solver="full")  # attributes are typed as maybe None
    pca.fit(_fitted(vectors, fit).astype(np.float64))
    return pca.mean_, pca.components_, pca.explained_variance_


def principal_directions(vectors: np.ndarray, fit: np.ndarray | None, components: int) -> Directions:
    """Principal directions from the covariance (d, d), which is summed over blocks of the rows in float64.

    Args:
        vectors: (n, d); may be mapped from a file.
        fit: Rows that they are taken from; default all.
        components: Number of directions, at most d.
    """
    rows = np.arange(len(vectors)) if fit is None else np.asarray(fit)
    blocks = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    mean = np.sum([vectors[block].sum(axis=0, dtype=np.float64) for block in blocks], axis=0) / len(rows)
    scatter = np.zeros((vectors.shape[1], vectors.shape[1]))
    for block in blocks:
        middle = vectors[block] - mean
        scatter += middle.T @ middle
    values, axes = np.linalg.eigh(scatter / (len(rows) - 1))
    order = np.argsort(-values, kind="stable")[:components]
    return mean, axes[:, order].T, values[order]


def csls_space(
    name: str,
    vectors: np.ndarray,
    k: int = 10,
    fit: np.ndarray | None = None,
    fields: frozenset[str] = frozenset(),
) -> Space:
    """Cross-domain similarity local scaling: cosine less how near everything is to either work.

    2 cos(q, x) - r(q) - r(x), where r is the mean cosine to the k nearest works: a hub is near to all and gains nothing
    by it. Lample, Conneau et al. 2018, "Word translation without parallel data", equation 3, with one domain.

    Args:
        name: Name of the space.
        vectors: (n, d).
        k: Neighbours that r is taken over; fewer where there are fewer.
        fit: Rows among which the neighbours are sought; default all. A work is not a neighbour of itself.
        fields: Fields that the vectors were made from.
    """
    unit = unit_rows(vectors)
    return Space(name, len(unit), _LessReach(unit, mean_of_nearest(unit, fit, k)), fields)


@dataclass(frozen=True)
class _LessReach:
    """Similarity of CSLS: unit rows (n, d), and for each the mean cosine to its nearest rows (n,)."""

    unit: np.ndarray
    reach: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        found = self.unit[rows] @ self.unit.T
        found *= 2
        found -= self.reach[rows, None]
        found -= self.reach[None, :]
        return found


def popularity_space(
    vectors: np.ndarray,
    k: int = 10,
    fit: np.ndarray | None = None,
    fields: frozenset[str] = frozenset(),
    near: np.ndarray | None = None,
) -> Space:
    """The same ranking for every query: works by how many others have them among their k nearest.

    Args:
        vectors: (n, d).
        k: Neighbours.
        fit: Rows that are used as queries; default all.
        fields: Fields that the vectors were made from.
        near: The k nearest rows of every row (n, k), where they are at hand and ``fit`` is not given.
    """
    if near is not None:
        counts = np.bincount(near[near >= 0], minlength=len(vectors)).astype(np.float32)
        return Space("popularity", len(vectors), _Same(counts), fields)
    cosine = cosine_space("popularity", vectors)
    asked = np.arange(cosine.n) if fit is None else np.asarray(fit)
    counts = np.zeros(cosine.n, dtype=np.float32)
    for rows, block in cosine.blocks(asked):
        block[np.arange(len(rows)), rows] = -np.inf
        found, _ = best(block, min(k, cosine.n - 1))
        counts += np.bincount(found.ravel(), minlength=cosine.n)
    return Space("popularity", cosine.n, _Same(counts), fields)


@dataclass(frozen=True)
class _Same:
    """One score of each work (n,), whatever the query."""

    scores: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return np.tile(self.scores, (len(rows), 1))


def image_spaces(
    images: np.ndarray, components: int, k: int, fit: np.ndarray | None = None, reach: Reach | None = None
) -> list[Space]:
    """The image embedding as it is, and its post-processings: image, centred, whitened, csls.

    Args:
        images: Image embedding (n, d).
        components: Number of components of the whitened space.
        k: Neighbours of CSLS.
        fit: Rows that all is fitted on; default all.
        reach: Finds what CSLS takes off; default: ``mean_of_nearest``.
    """
    unit = unit_rows(images)  # of two spaces
    less = (reach or mean_of_nearest)(unit, fit, k)
    return [
        _of_unit_rows("image", unit),
        cosine_space("centred", centred(images, fit)),
        cosine_space("whitened", whitened(images, components, fit)),
        Space("csls", len(unit), _LessReach(unit, less)),
    ]


def _fitted(vectors: np.ndarray, fit: np.ndarray | None) -> np.ndarray:
    rows = vectors if fit is None else vectors[fit]
    if not len(rows):
        raise ValueError("a space cannot be fitted on no rows")
    return rows


def mean_of_nearest(unit: np.ndarray, fit: np.ndarray | None, k: int, rows: np.ndarray | None = None) -> np.ndarray:
    """Mean cosine of each row to its k nearest rows among those of ``fit``, itself left out; float32 (n,) or (r,).

    Args:
        unit: Unit rows (n, d).
        fit: Rows among which the nearest are sought; default all.
        k: How many; fewer where there are fewer.
        rows: Only for these rows (r,); default all.
    """
    gallery, place = unit, np.arange(len(unit))
    if fit is not None:
        gallery, place = unit[fit], np.full(len(unit), -1)
        place[fit] = np.arange(len(gallery))
    asked = np.arange(len(unit)) if rows is None else rows
    reach = np.zeros(len(asked), dtype=np.float32)
    most, step = min(k, len(gallery)), _step(len(gallery))
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        block = (unit[start : start + step] if rows is None else unit[part]) @ gallery.T
        own = place[part]
        block[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
        np.negative(block, out=block)
        best = -np.partition(block, most - 1, axis=1)[:, :most]
        counted = np.isfinite(best)
        reach[start : start + step] = np.where(counted, best, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return reach


def colour_space(images: Iterable[Image.Image]) -> Space:
    """Bhattacharyya coefficient of colour histograms (64 colours): what can be found without knowing any shape.

    Args:
        images: n images, RGB.
    """
    pixels = (np.asarray(image.resize((THUMB, THUMB))).transpose(2, 0, 1)[None] for image in images)
    histograms = np.concatenate([colour_histogram(one) for one in pixels])
    return cosine_space("colour", np.sqrt(histograms))
