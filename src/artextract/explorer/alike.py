"""Why two works are alike, in words: palette, texture, composition and subject, each against pairs drawn at random.

Each of the four is a vector of length one per work, and two works are as alike in it as the cosine of their vectors.
The cosine counts by how many standard deviations it is above that of pairs of works drawn at random; what is below
their mean counts nothing. The shares are what the four contribute to the sum. So a share says where two works are more
alike than works of this collection usually are. It does not say what the image network looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from artextract.core.compute import unit_rows
from artextract.explorer.folder import chunks, write_json

PAIRS = 20_000  # pairs drawn at random
MEASURES = {
    "palette": "How much of the picture each of 64 colours takes.",
    "texture": "Three early stages of a small image network (EfficientNet-Lite0), averaged over the picture in grey.",
    "composition": "Where light and colours are, on a grid of 8 x 8 cells.",
    "subject": "What the picture shows, as the network that learnt from titles sees it.",
}
EXPLAINED = (
    "Each share says how much more alike two works are in this respect than two works of the collection usually are. "
    "It does not say what the image network looked at."
)
UNTAUGHT = "What the picture shows, as the last layer of the image network sees it."


def usual(vectors: np.ndarray, group: np.ndarray, seed: int) -> tuple[float, float]:
    """Mean and standard deviation of the cosine of works of two different groups, drawn at random.

    Args:
        vectors: Unit rows (n, d).
        group: Group of each work (n,).
        seed: Seed of the drawing.
    """
    left, right = np.random.default_rng(seed).integers(len(vectors), size=(2, PAIRS))
    apart = group[left] != group[right]
    if not apart.any():
        return 0.0, 1.0
    cosine = np.einsum("ij,ij->i", vectors[left[apart]], vectors[right[apart]])
    return float(cosine.mean()), float(cosine.std()) or 1.0


def shares(measures: Mapping[str, np.ndarray], rows: np.ndarray, group: np.ndarray, seed: int) -> np.ndarray:
    """Shares of the measures for each work and each of its neighbours.

    Args:
        measures: Unit rows (n, d) of each measure.
        rows: Neighbours of each work (n, k), -1 = none.
        group: Group of each work (n,).
        seed: Seed of the pairs drawn at random.

    Returns:
        float32 (n, k, measures); each sums to 1, or is 0 where the two are no more alike than usual in any of them.
    """
    above = np.zeros((*rows.shape, len(measures)), dtype=np.float32)
    for number, vectors in enumerate(measures.values()):
        mean, deviation = usual(vectors, group, seed)
        for place in range(rows.shape[1]):
            cosine = np.einsum("ij,ij->i", vectors, vectors[rows[:, place]])
            above[:, place, number] = np.maximum(0, (cosine - mean) / deviation)
    above[rows < 0] = 0
    total = above.sum(axis=2, keepdims=True)
    return above / np.where(total == 0, 1, total)


def centred(vectors: np.ndarray) -> np.ndarray:
    """Unit rows of what is left without the collection's mean; float32 (n, d)."""
    return unit_rows(vectors - vectors.mean(axis=0))


def write_shares(folder: Path, found: np.ndarray) -> None:
    """Write the chunks of ``alike/``: two decimals, which is what a bar can show."""
    rounded = np.round(found.astype(np.float64), 2)
    for name, part in chunks(len(found)):
        write_json(folder / "alike" / f"{name}.json", rounded[part].tolist())
