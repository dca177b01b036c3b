"""Places further works on an existing t-SNE map, which stays as it is: by openTSNE's partial embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PERPLEXITY = 5.0  # of a further work: it is near its few nearest works on the map
NEIGHBOURS = 25
SAME = 0.9999  # cosine from which a work counts as one that is on the map: it belongs to its own place
BLOCK = 5000  # works that are placed at a time; they do not see each other


@dataclass(frozen=True)
class ExistingMap:
    """A map: works that are on it.

    Attributes:
        vectors: Their unit vectors (n, d).
        positions: Their positions in units of t-SNE (n, 2).
    """

    vectors: np.ndarray
    positions: np.ndarray


def place(vectors: np.ndarray, existing: ExistingMap) -> np.ndarray:
    """Positions of further works on a map.

    Args:
        vectors: Unit vectors of the further works (m, d).
        existing: The map; its works do not move.

    Returns:
        float64 (m, 2), in the units of the map. On a map of fewer than three works, that of the nearest one.
    """
    if len(existing.vectors) < 3:
        return existing.positions[_nearest(vectors, existing.vectors, 1)[0][:, 0]].astype(np.float64)
    blocks = [_placed(vectors[at : at + BLOCK], existing) for at in range(0, len(vectors), BLOCK)]
    placed = np.concatenate(blocks) if blocks else np.empty((0, 2))
    rows, cosine = _nearest(vectors, existing.vectors, 1)
    same = cosine[:, 0] > SAME
    placed[same] = existing.positions[rows[same, 0]]
    return placed


def _nearest(vectors: np.ndarray, gallery: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    from artextract.similarity.ranking.neighbours import nearest

    return nearest(np.ascontiguousarray(vectors), np.ascontiguousarray(gallery), k)


class _Affinities:
    """What openTSNE asks of affinities when works are added to a map: neighbours on the map, and their weights.

    openTSNE's own class would compute the affinities between all works of the map first, which are not needed: for one
    uploaded picture that is most of the time.
    """

    def __init__(self, vectors: np.ndarray):
        from scipy.sparse import csr_array

        self.vectors = vectors
        self.P = csr_array((len(vectors), len(vectors)))  # openTSNE compares its size with that of the map

    def to_new(
        self, data: np.ndarray, perplexity: float = PERPLEXITY, return_distances: bool = True
    ) -> tuple[object, np.ndarray, np.ndarray]:
        from openTSNE.affinity import joint_probabilities_nn

        k = min(NEIGHBOURS, len(self.vectors) - 1)
        rows, cosine = _nearest(data, self.vectors, k)
        distances = np.sqrt(np.maximum(0, 2 - 2 * cosine.astype(np.float64)))  # Euclidean, of unit vectors
        weights = joint_probabilities_nn(
            rows,
            distances,
            [min(perplexity, k / 3)],
            symmetrize=False,
            normalization="point-wise",
            n_reference_samples=len(self.vectors),
        )
        return weights, rows, distances


def _placed(vectors: np.ndarray, existing: ExistingMap) -> np.ndarray:
    from openTSNE import TSNEEmbedding

    middle = (existing.positions.max(axis=0) + existing.positions.min(axis=0)) / 2  # openTSNE wants it near the origin
    reference = TSNEEmbedding(
        np.asarray(existing.positions - middle, dtype=np.float64),
        _Affinities(existing.vectors),
        negative_gradient_method="bh",
        random_state=0,
    )
    further = reference.prepare_partial(vectors, initialization="median", k=NEIGHBOURS, perplexity=PERPLEXITY)
    further.optimize(n_iter=250, learning_rate=0.1, momentum=0.8, max_grad_norm=0.25, inplace=True)
    return np.asarray(further) + middle
