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

from artextract.core.compute import unit_rows
from artextract.data.images.colours import colour_histogram
from artextract.similarity.ranking.topk import best

BLOCK = 512
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
        similarity: From query rows int64 (q,) to float32 (q, n), higher = more similar.
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
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            yield part, self.similarity(part)


def cosine_space(name: str, vectors: np.ndarray, fields: frozenset[str] = frozenset()) -> Space:
    """Cosine of vectors (n, d); rows are scaled to length one."""
    unit = unit_rows(vectors)
    return Space(name, len(unit), lambda rows: unit[rows] @ unit.T, fields, unit)


def centred(vectors: np.ndarray, fit: np.ndarray | None = None) -> np.ndarray:
    """Vectors less the mean of the rows ``fit`` (default: all); unit rows (n, d)."""
    return unit_rows(vectors - _fitted(vectors, fit).mean(axis=0))


def whitened(vectors: np.ndarray, components: int, fit: np.ndarray | None = None) -> np.ndarray:
    """PCA-whitened vectors: the first principal components, each scaled to variance one.

    Args:
        vectors: (n, d).
        components: Wanted; at most one less than the rows, and d, are there.
        fit: Rows that mean, components and variances are taken from; default all.

    Returns:
        Unit rows (n, at most components).
    """
    from sklearn.decomposition import PCA

    rows = _fitted(vectors, fit).astype(np.float64)
    if len(rows) < 2 or not np.ptp(rows, axis=0).any():  # one work, or equal ones: no direction differs from another
        return np.zeros((len(vectors), 1), dtype=np.float32)
    components = min(components, len(rows) - 1, rows.shape[1])
    # The covariance of few works in many dimensions is large and almost empty: thirty times the work for 140 by 1,280.
    solver = "full" if 2 * len(rows) < rows.shape[1] else "covariance_eigh"
    pca: Any = PCA(components, svd_solver=solver).fit(rows)  # attributes are typed as maybe None
    variance = pca.explained_variance_
    # Directions without variance (equal works) would be noise of the arithmetic, blown up.
    kept = variance > 1e-9 * max(float(variance[0]), 1e-30)
    return unit_rows((vectors - pca.mean_) @ pca.components_[kept].T / np.sqrt(variance[kept]))


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
    among = np.arange(len(unit)) if fit is None else np.asarray(fit)
    reach = _mean_of_nearest(unit, among, k)

    def similarity(rows: np.ndarray) -> np.ndarray:
        return 2 * (unit[rows] @ unit.T) - reach[rows, None] - reach[None, :]

    return Space(name, len(unit), similarity, fields)


def popularity_space(
    vectors: np.ndarray, k: int = 10, fit: np.ndarray | None = None, fields: frozenset[str] = frozenset()
) -> Space:
    """The same ranking for every query: works by how many others have them among their k nearest.

    Args:
        vectors: (n, d).
        k: Neighbours.
        fit: Rows that are used as queries; default all.
        fields: Fields that the vectors were made from.
    """
    cosine = cosine_space("popularity", vectors)
    asked = np.arange(cosine.n) if fit is None else np.asarray(fit)
    counts = np.zeros(cosine.n, dtype=np.float32)
    for rows, block in cosine.blocks(asked):
        block[np.arange(len(rows)), rows] = -np.inf
        found, _ = best(block, min(k, cosine.n - 1))
        counts += np.bincount(found.ravel(), minlength=cosine.n)
    return Space("popularity", cosine.n, lambda rows: np.tile(counts, (len(rows), 1)), fields)


def image_spaces(images: np.ndarray, components: int, k: int, fit: np.ndarray | None = None) -> list[Space]:
    """The image embedding as it is, and its post-processings: image, centred, whitened, csls.

    Args:
        images: Image embedding (n, d).
        components: Number of components of the whitened space.
        k: Neighbours of CSLS.
        fit: Rows that all is fitted on; default all.
    """
    return [
        cosine_space("image", images),
        cosine_space("centred", centred(images, fit)),
        cosine_space("whitened", whitened(images, components, fit)),
        csls_space("csls", images, k, fit),
    ]


def _fitted(vectors: np.ndarray, fit: np.ndarray | None) -> np.ndarray:
    rows = vectors if fit is None else vectors[fit]
    if not len(rows):
        raise ValueError("a space cannot be fitted on no rows")
    return rows


def _mean_of_nearest(unit: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """Mean cosine of each row to its k nearest rows ``among`` the given ones, itself left out; float32 (n,)."""
    reach = np.zeros(len(unit), dtype=np.float32)
    place = np.full(len(unit), -1)
    place[among] = np.arange(len(among))
    for start in range(0, len(unit), BLOCK):
        block = unit[start : start + BLOCK] @ unit[among].T
        own = place[start : start + BLOCK]
        block[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
        most = min(k, len(among))
        best = -np.partition(-block, most - 1, axis=1)[:, :most]
        counted = np.isfinite(best)
        reach[start : start + BLOCK] = np.where(counted, best, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return reach


def colour_space(images: Iterable[Image.Image]) -> Space:
    """Bhattacharyya coefficient of colour histograms (64 colours): what can be found without knowing any shape.

    Args:
        images: n images, RGB.
    """
    pixels = (np.asarray(image.resize((THUMB, THUMB))).transpose(2, 0, 1)[None] for image in images)
    histograms = np.concatenate([colour_histogram(one) for one in pixels])
    return cosine_space("colour", np.sqrt(histograms))
