"""What the explorer's folder is built from: a collection, and what the stages before have made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artextract.data.images.shards import ShardReader
from artextract.params.sections import Explorer
from artextract.siamese.projection.projection import Projection, projected
from artextract.siamese.projection.saved import load_projection
from artextract.siamese.projection.words import UntrainedHead, words_vectors
from artextract.similarity.ranking.collection import Collection, open_collection


@dataclass(frozen=True)
class Siamese:
    """What the siamese stage has made.

    Attributes:
        net: The projection.
        vectors: The works in its space, unit rows (n, d + k).
        seen: Images in the space of words, unit rows (n, t); None where there was too little to learn from.
    """

    net: Projection
    vectors: np.ndarray
    seen: np.ndarray | None


@dataclass(frozen=True)
class Inputs:
    """A collection with all that is shown of it.

    Attributes:
        root: Root of the repository or of a collection of the user's.
        collection: n works.
        reader: Their images.
        shown: Works whose pictures may be shown, boolean (n,).
        siamese: None where the pipeline has no such part.
    """

    root: Path
    collection: Collection
    reader: ShardReader
    shown: np.ndarray
    siamese: Siamese | None

    @property
    def spaces(self) -> dict[str, np.ndarray]:
        """The spaces in which works are compared: image, title and, where there is one, siamese."""
        further = {} if self.siamese is None else {"siamese": self.siamese.vectors}
        return self.collection.embeddings | further


def _in_words(images: np.ndarray, head: Path) -> np.ndarray | None:
    """``words_vectors``; None for a collection that was too small for a training."""
    try:
        return words_vectors(images, head)
    except UntrainedHead:
        return None


def read_inputs(root: Path, params: Explorer) -> Inputs:
    """Read what the stages before have made."""
    data = root / "data"
    collection = open_collection(data / "nga", data / "embeddings")
    siamese = None
    if "siamese" in params.parts:
        net = load_projection(data / "siamese" / "projection.safetensors")
        seen = _in_words(collection.images, data / "siamese" / "crossmodal.safetensors")
        siamese = Siamese(net, projected(net, collection.images), seen)
    open_access = collection.index["open_access"].to_numpy(dtype=bool)
    shown = open_access | params.show_all
    return Inputs(root, collection, ShardReader(data / "nga", collection.index), shown, siamese)
