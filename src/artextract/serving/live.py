"""What a server with networks adds to the static folder: words by meaning, and one's own picture.

Networks and vectors are loaded when they are first asked for, and stay in memory. Everything here that computes runs in
the one thread of the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.search.collection import open_embedded
from artextract.search.query import text_embedder
from artextract.serving.folder import Explorer
from artextract.serving.pictures import Pictures
from artextract.serving.spaces import Found, Spaces
from artextract.serving.worker import Busy, Worker

BY_WORDS = ("title", "words")


class Live:
    """The networks of one collection."""

    def __init__(self, explorer: Explorer, model: Path | None = None):
        """Open the collection; nothing is loaded yet.

        Args:
            explorer: The collection's explorer.
            model: Folder of the network that predicts; None = the default one.

        Raises:
            ArtExtractError: The explorer was built for another index, or the model's folder holds no network.
        """
        data = explorer.root / "data"
        self.worker = Worker()
        self._collection = explorer.collection
        self._works = open_embedded(data / "nga", data / "embeddings")
        if explorer.ids() != self._works.index["id"].tolist():
            raise ArtExtractError(
                f"the explorer was built for other works: it shows {explorer.works:,}, and the collection has "
                f"{len(self._works.index):,}",
                where=str(explorer.folder),
                remedy=explorer.rebuild,
            )
        self._spaces = Spaces(self._works, data / "siamese")
        self._pictures = Pictures(explorer, self._spaces, model)

    def status(self) -> dict[str, Any]:
        """What the page may ask for."""
        return {
            "live": True,
            "words": self._recorded("title"),
            "upload": self._recorded("image"),
            "predict": self._pictures.prediction.model is not None,
            "spaces": self._spaces.there(),
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

    @cached_property
    def _embed_text(self) -> Callable[[str], np.ndarray]:
        return text_embedder(self._works.identity("title"))

    def words(self, query: str, space: str, k: int) -> Found:
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
        return self._spaces.nearest(space, self._embed_text(query), k)

    def picture(self, data: bytes) -> dict[str, Any]:
        """What the networks say about a picture; see ``Pictures.look``."""
        return self._pictures.look(data)

    def warm_up(self) -> None:
        """Begin to load what the first picture needs; other requests wait for it."""
        self.worker.start(self._warm_up)

    def _warm_up(self) -> None:
        self._pictures.warm_up()
        with suppress(Busy):
            self.worker.start(self._pictures.prediction.load_evidence)  # behind the requests that wait already
