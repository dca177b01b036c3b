"""Evidence for an answer: the training works that the network sees as most alike, by name and without their images.

What the linear heads see of a work is centred, put in comparable units, reduced to a few principal components and
scaled to length one. Works are compared by the cosine of these vectors. Stored, a component takes one byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_table, write_tensors
from artextract.core.readable import readable

DIMS = 64
FITTED, BLOCK = 4000, 256  # works that the components are fitted on, and that are projected at a time
LEVELS = 127
NUMBERS, WORKS = "evidence.safetensors", "evidence.parquet"
LEAST = 1e-6  # spread of a channel that never changes
SAME = 0.995  # the same file has 1.00; other copies of a picture had .85 to .98, the nearest other painting .95


@dataclass(frozen=True)
class Evidence:
    """Training works in the network's own space.

    Attributes:
        works: One row per work: id, title, artist, and the name of its class in each task ("" where it has none).
        vectors: Unit vectors, float32 (n, d).
        mean: Of each channel that the heads see, float32 (c,).
        spread: Standard deviation of each channel, float32 (c,).
        components: Principal components, float32 (c, d).
    """

    works: pd.DataFrame
    vectors: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    components: np.ndarray

    def project(self, seen: np.ndarray) -> np.ndarray:
        """What the heads see (m, c) as unit vectors, float32 (m, d)."""
        return unit_rows((seen - self.mean) / self.spread @ self.components)

    def nearest(self, seen: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k works that are most alike, nearest first.

        Args:
            seen: What the heads see of m pictures, (m, c).
            k: Number of works.

        Returns:
            Rows of ``works`` and their cosines, both (m, min(k, n)).
        """
        cosines = self.project(seen) @ self.vectors.T
        rows = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return rows, np.take_along_axis(cosines, rows, 1)


def make_evidence(seen_of: Callable[[np.ndarray], np.ndarray], works: pd.DataFrame, dims: int = DIMS) -> Evidence:
    """Evidence from training works; memory holds what the heads see of at most ``FITTED`` of them.

    Args:
        seen_of: Gives what the heads see of the works with some numbers, float32 (m, c).
        works: See ``Evidence``; n of them.
        dims: Most components that are kept.
    """
    from sklearn.utils.extmath import randomized_svd

    n = len(works)
    seen = seen_of(np.sort(np.random.default_rng(0).permutation(n)[:FITTED]))
    mean, spread = seen.mean(0, dtype=np.float64), np.maximum(seen.std(0, dtype=np.float64), LEAST)
    scaled = ((seen - mean) / spread).astype(np.float32)
    dims = max(1, min(dims, len(seen) - 1, seen.shape[1]))
    components = randomized_svd(scaled, dims, random_state=0)[2].T if scaled.any() else np.eye(seen.shape[1], dims)
    basis = Evidence(works, np.empty(0), *(np.asarray(v, dtype=np.float32) for v in (mean, spread, components)))
    blocks = (np.arange(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))
    return replace(basis, vectors=np.concatenate([basis.project(seen_of(block)) for block in blocks]))


def write_evidence(folder: Path, evidence: Evidence) -> None:
    """Write evidence.safetensors and evidence.parquet beside a network; the works are written last."""
    vectors, _ = _quantised(evidence.vectors.T)  # of length one when they are read again, whatever their scale
    components, scale = _quantised(evidence.components)
    tensors = {"vectors": vectors.T, "components": components, "scale": scale.astype(np.float32)}
    tensors |= {"mean": evidence.mean, "spread": evidence.spread}
    write_tensors(folder / NUMBERS, tensors)
    write_table(folder / WORKS, evidence.works)


def read_evidence(folder: Path) -> Evidence | None:
    """Evidence beside a network; None where there is none."""
    if not ((folder / NUMBERS).is_file() and (folder / WORKS).is_file()):
        return None
    from safetensors.numpy import load_file

    remedy = "get the folder of the network again, or remove both files of its evidence"
    with readable(folder / NUMBERS, "evidence", remedy):
        kept = load_file(folder / NUMBERS)
        vectors, components = unit_rows(kept["vectors"].astype(np.float32)), kept["components"] * kept["scale"]
        mean, spread = kept["mean"], kept["spread"]
    with readable(folder / WORKS, "Parquet", remedy):
        works = pd.read_parquet(folder / WORKS)
    if len(works) != len(vectors):
        raise ArtExtractError(
            f"{len(works):,} works, and {NUMBERS} beside it has {len(vectors):,}",
            where=str(folder / WORKS),
            remedy=remedy,
        )
    return Evidence(works, vectors, mean, spread, components)


def _quantised(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns as int8, and what each is multiplied by to get its values back."""
    scale = np.maximum(np.abs(columns).max(axis=0), LEAST) / LEVELS
    return np.round(columns / scale).astype(np.int8), scale
