"""What a server with networks adds to the static folder: words by meaning, and one's own picture.

Networks and vectors are loaded when they are first asked for, and stay in memory. Everything here runs in the one
thread of the worker.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.search.collection import open_embedded
from artextract.search.find import BY_IMAGE, gallery
from artextract.search.index import VectorIndex
from artextract.search.query import as_stored, image_embedder, text_embedder
from artextract.serving.folder import Explorer
from artextract.serving.worker import Worker

NEIGHBOURS = 10
PREVIEW = 480  # pixels on the longer side of the picture that is sent back
BY_WORDS = ("title", "words")
Gallery = tuple[VectorIndex, Callable[[np.ndarray], np.ndarray]]


class Live:
    """The networks of one collection."""

    def __init__(self, explorer: Explorer):
        """Open the collection; nothing is loaded yet.

        Args:
            explorer: The collection's explorer.

        Raises:
            ArtExtractError: The explorer was built for another index.
        """
        data = explorer.root / "data"
        self.worker = Worker()
        self._collection = explorer.collection
        self._works = open_embedded(data / "nga", data / "embeddings")
        self._trained = data / "siamese"
        if len(self._works.index) != explorer.works:
            raise ArtExtractError(
                f"the explorer shows {explorer.works:,} works, and the collection has {len(self._works.index):,}",
                where=str(explorer.folder),
                remedy=explorer.rebuild,
            )
        self._galleries: dict[str, Gallery] = {}

    def status(self) -> dict[str, Any]:
        """What the page may ask for."""
        return {
            "live": True,
            "words": self._recorded("title"),
            "upload": self._recorded("image"),
            "spaces": self._spaces(),
            "names": True,
            "collection": self._collection,
        }

    def _recorded(self, kind: str) -> bool:
        """Whether the network that embedded the collection is known."""
        try:
            self._works.identity(kind)
        except ArtExtractError:
            return False
        return True

    def _spaces(self) -> list[str]:
        """Spaces that can be searched: those of images need what train_siamese writes."""
        needed = {"title": None, "image": None, "siamese": "projection", "words": "crossmodal"}
        there = [s for s, name in needed.items() if not name or (self._trained / f"{name}.safetensors").is_file()]
        return there

    @cached_property
    def _embed_image(self) -> Callable[[Image.Image], np.ndarray]:
        return image_embedder(self._works.identity("image"))

    @cached_property
    def _embed_text(self) -> Callable[[str], np.ndarray]:
        return text_embedder(self._works.identity("title"))

    def _nearest(self, space: str, vector: np.ndarray, k: int) -> dict[str, list[Any]]:
        """Rows of the nearest works and their cosines, the nearest first."""
        if space not in self._galleries:
            index, _, to_space = gallery(self._works, space)
            self._galleries[space] = index, to_space
        index, to_space = self._galleries[space]
        rows, scores = index.nearest(to_space(vector), k)
        found = rows[0] >= 0
        return {"rows": rows[0][found].tolist(), "scores": [round(float(s), 4) for s in scores[0][found]]}

    def words(self, query: str, space: str, k: int) -> dict[str, list[Any]]:
        """Works that words find, as `artextract search` finds them.

        Args:
            query: Words.
            space: ``title``, or ``words``: images, mapped into the space of words.
            k: Number of works.

        Raises:
            ArtExtractError: The space is another, or was not computed.
        """
        if space not in BY_WORDS:
            raise ArtExtractError(f"words are compared in the spaces {' and '.join(BY_WORDS)}")
        return self._nearest(space, self._embed_text(query), k)

    def picture(self, data: bytes) -> dict[str, Any]:
        """What the networks say about a picture. It is not written anywhere.

        Args:
            data: An image file.

        Raises:
            UnreadableImage: It is none, or is too large.
            ArtExtractError: A network is not available.
        """
        image = as_stored(data, int(self._works.index[["width", "height"]].to_numpy().max()))
        vector = self._embed_image(image)
        spaces = [space for space in BY_IMAGE if space in self._spaces()]
        return {
            "prediction": None,
            "neighbours": {space: self._nearest(space, vector, NEIGHBOURS) for space in spaces},
            "place": {},
            "thumbnail": _preview(image),
            "size": list(image.size),
        }


def _preview(image: Image.Image) -> str:
    """A small copy as an address that holds the picture itself."""
    small = image.copy()
    small.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
