"""What the networks say about a picture that someone has sent: it is looked at and forgotten."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.search.find import BY_IMAGE
from artextract.search.query import as_stored, image_embedder
from artextract.serving.folder import Explorer
from artextract.serving.places import Places
from artextract.serving.prediction import Prediction
from artextract.serving.spaces import Spaces, found

NEIGHBOURS = 10
PREVIEW = 480  # pixels on the longer side of the picture that is sent back


class Pictures:
    """The networks that look at pictures."""

    def __init__(self, explorer: Explorer, spaces: Spaces, model: Path | None):
        """Nothing is loaded yet.

        Args:
            explorer: The collection's explorer.
            spaces: The collection's spaces.
            model: Folder of the network that predicts; None = the default one, where there is one.

        Raises:
            ArtExtractError: The folder holds no network.
        """
        self._explorer, self._spaces = explorer, spaces
        self._places, self.prediction = Places(explorer, spaces), Prediction(model, explorer.root)

    def warm_up(self) -> None:
        """Load what the first picture needs; a problem is told to the one who sends it."""
        try:
            self.look(_png(Image.new("RGB", (64, 48), "grey")))
        except ArtExtractError:
            pass

    def look(self, data: bytes) -> dict[str, Any]:
        """What the networks say about a picture.

        Args:
            data: An image file.

        Raises:
            UnreadableImage: It is none, or is too large.
            ArtExtractError: The image encoder is not available.
        """
        works = self._spaces.works
        image = as_stored(data, int(works.index[["width", "height"]].to_numpy().max()))
        vector = self._embed(image)
        there = [space for space in BY_IMAGE if space in self._spaces.there()]
        return self.prediction.of(data) | {
            "neighbours": {s: self._spaces.nearest(s, vector, NEIGHBOURS) for s in there} | self._slider(vector),
            "place": self._places.of(vector),
            "thumbnail": preview(image),
            "size": list(image.size),
        }

    @cached_property
    def _embed(self) -> Callable[[Image.Image], np.ndarray]:
        return image_embedder(self._spaces.works.identity("image"))

    def _slider(self, vector: np.ndarray) -> dict[str, Any]:
        """Neighbours at each weight of the page's slider from look to subject."""
        if "siamese" not in self._spaces.there():
            return {}
        weighed = self._spaces.weighed
        weights = self._explorer.manifest().get("subject", [])
        return {f"subject-{w}": found(weighed.index, weighed.query(vector, w / 100), NEIGHBOURS) for w in weights}


def preview(image: Image.Image) -> str:
    """A small copy of an image as an address that holds the picture itself."""
    small = image.copy()
    small.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
