"""Places of the works on the maps: those of the t-SNE tables, and further works placed on the same maps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.explorer.folder import write_numbers
from artextract.explorer.placing import ExistingMap, place

LABELS = {
    "image": ("How it looks", "Works that the image network finds alike are next to each other."),
    "title": ("What it is called", "Works with titles of like meaning are next to each other."),
    "siamese": ("Look and subject", "Look and subject count together: the image embedding, taught by titles."),
}


class Frame:
    """The square that a map is drawn in: units of t-SNE to 0 ... 1, aspect kept, y downwards."""

    def __init__(self, left: float, top: float, side: float):
        """A frame by its upper left corner and its side, in units of t-SNE."""
        self.left, self.top, self.side = left, top, side

    @classmethod
    def around(cls, positions: np.ndarray) -> Frame:
        """The smallest frame around positions (n, 2), which are in its middle."""
        if not len(positions):
            return cls(0.0, 1.0, 1.0)
        low, high = positions.min(axis=0), positions.max(axis=0)
        side = float((high - low).max()) or 1.0
        middle = (low + high) / 2
        return cls(float(middle[0] - side / 2), float(middle[1] + side / 2), side)

    @classmethod
    def read(cls, described: Mapping[str, float]) -> Frame:
        """A frame as ``described`` gives it."""
        return cls(described["left"], described["top"], described["side"])

    def described(self) -> dict[str, float]:
        """As the manifest holds it."""
        return {"left": self.left, "top": self.top, "side": self.side}

    def inside(self, positions: np.ndarray) -> np.ndarray:
        """Positions (n, 2) in units of t-SNE as float32 in the frame; what is outside of it is beyond 0 ... 1."""
        x, y = positions[:, 0] - self.left, self.top - positions[:, 1]
        return (np.stack([x, y], axis=1) / self.side).astype(np.float32)

    def outside(self, framed: np.ndarray) -> np.ndarray:
        """The inverse of ``inside``, float64 (n, 2)."""
        x, y = framed[:, 0] * self.side + self.left, self.top - framed[:, 1] * self.side
        return np.stack([x, y], axis=1).astype(np.float64)


def complete(table: pd.DataFrame, ids: pd.Series, vectors: np.ndarray) -> np.ndarray:
    """Positions of all works on one map, in units of t-SNE.

    Args:
        table: id, x, y of the works that t-SNE has mapped.
        ids: Ids of all n works.
        vectors: Their vectors in the space of the map (n, d); works that are not in the table are placed by them.

    Returns:
        float64 (n, 2).
    """
    known = table.set_index(table["id"].astype(str))[["x", "y"]]
    positions = known.reindex(ids.astype(str)).to_numpy(dtype=np.float64, copy=True)
    mapped = np.isfinite(positions).all(axis=1)
    if not mapped.all():
        positions[~mapped] = place(vectors[~mapped], ExistingMap(vectors[mapped], positions[mapped]))
    return positions


def write_maps(
    folder: Path, table: pd.DataFrame, ids: pd.Series, spaces: Mapping[str, np.ndarray], trust: Mapping[str, float]
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Write ``positions.bin``.

    Args:
        folder: ``data/`` of the explorer.
        table: tsne.csv: id, space, x, y.
        ids: Ids of all n works.
        spaces: Space to vectors (n, d).
        trust: Trustworthiness of the map of each space.

    Returns:
        The descriptions of the maps for the manifest, and the positions on the first one, float32 (n, 2).
    """
    written, described = [], []
    for key, vectors in spaces.items():
        positions = complete(table[table["space"] == key], ids, vectors)
        frame = Frame.around(positions)
        written.append(frame.inside(positions))
        label, description = LABELS[key]
        entry = {"key": key, "label": label, "description": description, "trustworthiness": trust[key]}
        described.append(entry | {"frame": frame.described(), "placed": int(len(ids) - table["space"].eq(key).sum())})
    write_numbers(folder / "positions.bin", *written)
    return described, written[0]
