"""Spaces of a collection that a query is compared in: opened when they are first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from artextract.search.collection import Embedded
from artextract.search.find import gallery
from artextract.search.index import CompressedIndex, ExactIndex

NEEDED = {"title": None, "image": None, "siamese": "projection", "words": "crossmodal"}  # files of train_siamese
Found = dict[str, list[Any]]
Index = ExactIndex | CompressedIndex


def found(index: Index, query: np.ndarray, k: int) -> Found:
    """Rows of the k works that are nearest to a query (1, d), and their cosines, the nearest first."""
    rows, scores = index.nearest(query, k)
    known = rows[0] >= 0
    return {"rows": rows[0][known].tolist(), "scores": [round(float(score), 4) for score in scores[0][known]]}


@dataclass(frozen=True)
class Weighed:
    """The siamese space under every weight of the subject, from one gallery in memory.

    Both parts have length one and are stored under the weight one half. A query whose parts are scaled by twice their
    weight has with a stored work the cosine (1 - subject) * own part + subject * head, as if the gallery were projected
    anew.

    Attributes:
        index: All works, under the weight one half.
        project: Image embeddings (m, d) to the space under the weight one half.
        dimensions: Of the own part: d.
        subject: Weight of the training.
    """

    index: Index
    project: Callable[[np.ndarray], np.ndarray]
    dimensions: int
    subject: float

    def query(self, image: np.ndarray, subject: float | None = None) -> np.ndarray:
        """An image embedding (1, d) as a query under a weight of the subject; default: that of the training."""
        weight = self.subject if subject is None else subject
        parts = self.project(image)
        return np.hstack([2 * (1 - weight) * parts[:, : self.dimensions], 2 * weight * parts[:, self.dimensions :]])


class Spaces:
    """The spaces of one collection."""

    def __init__(self, works: Embedded, trained: Path):
        """Nothing is loaded yet.

        Args:
            works: The collection.
            trained: Folder of train_siamese's outputs.
        """
        self.works, self._trained = works, trained
        self._galleries: dict[str, tuple[Index, Callable[[np.ndarray], np.ndarray]]] = {}

    def there(self) -> list[str]:
        """Spaces that can be searched."""
        return [s for s, name in NEEDED.items() if name is None or (self._trained / f"{name}.safetensors").is_file()]

    def compared(self, space: str, vector: np.ndarray) -> tuple[Index, np.ndarray]:
        """The index of a space, and a vector of an encoder (1, d) as a query of it."""
        if space == "siamese":
            return self.weighed.index, self.weighed.query(vector)
        if space not in self._galleries:
            index, _, to_space = gallery(self.works, space)
            self._galleries[space] = index, to_space
        index, to_space = self._galleries[space]
        return index, to_space(vector)

    def nearest(self, space: str, vector: np.ndarray, k: int) -> Found:
        """The k works nearest to a vector of an encoder (1, d), as `artextract search` finds them."""
        return found(*self.compared(space, vector), k)

    @cached_property
    def weighed(self) -> Weighed:
        """The siamese space.

        Raises:
            ArtExtractError: The projection is missing, or belongs to another embedding.
        """
        from artextract.siamese.projection.saved import load_projection

        net = load_projection(self._trained / "projection.safetensors")
        index, _, project = gallery(self.works, "siamese", subject=0.5)
        return Weighed(index, project, len(net.mean), float(net.subject))
