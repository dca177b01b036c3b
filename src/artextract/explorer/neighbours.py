"""Nearest works of each work in each space, and for each weight of the subject."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from artextract.explorer.folder import chunks, write_numbers
from artextract.siamese.projection.projection import Projection, projected
from artextract.similarity.ranking.neighbours import nearest

SUBJECT = (0, 25, 50, 75, 100)  # weights of the subject, in per cent


def neighbours_of(vectors: np.ndarray, group: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest works outside of each work's own group, best first.

    Args:
        vectors: Unit rows (n, d).
        group: Group of each work (n,).
        k: Neighbours wanted.

    Returns:
        Rows int32 (n, k) and cosines float32 (n, k); -1 and 0 where there are fewer.
    """
    found, cosine = nearest(vectors, vectors, k, (group, group))
    rows, scores = np.full((len(vectors), k), -1, dtype=np.int32), np.zeros((len(vectors), k), dtype=np.float32)
    known = found >= 0
    rows[:, : found.shape[1]][known], scores[:, : found.shape[1]][known] = found[known], cosine[known]
    return rows, scores


def write_neighbours(folder: Path, space: str, rows: np.ndarray, scores: np.ndarray) -> None:
    """Write the chunks of ``neighbours/<space>/``.

    Args:
        folder: ``data/`` of the explorer.
        space: Name of the space.
        rows: int32 (n, k).
        scores: float32 (n, k).
    """
    for name, part in chunks(len(rows)):
        write_numbers(folder / "neighbours" / space / f"{name}.bin", rows[part], scores[part])


def write_spaces(folder: Path, spaces: Mapping[str, np.ndarray], group: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Write the neighbours in each space (unit rows by its name); their rows int32 (n, k) by the same name."""
    found = {}
    for space, vectors in spaces.items():
        found[space], scores = neighbours_of(vectors, group, k)
        write_neighbours(folder, space, found[space], scores)
    return found


def write_subject(folder: Path, net: Projection, images: np.ndarray, group: np.ndarray, k: int) -> None:
    """Write the neighbours for each weight of the subject: the slider from look to subject."""
    for percent in SUBJECT:
        rows, scores = neighbours_of(projected(net, images, subject=percent / 100), group, k)
        write_neighbours(folder, f"subject-{percent}", rows, scores)
