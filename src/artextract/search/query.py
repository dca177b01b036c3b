"""A query as a vector: words or an image, embedded by the same network as the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image
from pydantic import ValidationError

from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import UnreadableImage, decode, normalise
from artextract.data.images.shards import ShardReader
from artextract.params.sections import ImageEncoder, TitleEncoder

IMAGE_KEYS = ("name", "weights_sha256", "preprocessing", "layers")
TITLE_KEYS = ("name", "revision", "weights_sha256", "max_tokens")


class _One:
    """One image, read as a collection of one."""

    def __init__(self, image: Image.Image):
        self._image = image

    def __len__(self) -> int:
        return 1

    def image(self, row: int) -> Image.Image:
        return self._image


def read_image(path: Path, max_side: int) -> Image.Image:
    """An image file prepared like those of the collection: upright RGB, reduced, a JPEG.

    Args:
        path: File of any format that Pillow reads.
        max_side: Longest side of the collection's images in pixels.

    Raises:
        ArtExtractError: The file is not a readable image.
    """
    try:
        return decode(normalise(path.read_bytes(), max_side)[0])
    except (UnreadableImage, OSError) as error:
        raise ArtExtractError(
            f"not readable as an image: {error}", where=str(path), remedy="give a JPEG, PNG, TIFF or WebP file"
        ) from error


def embed_image(image: Image.Image, recorded: Mapping[str, Any]) -> np.ndarray:
    """The image as a unit vector (1, d).

    Args:
        image: RGB.
        recorded: The encoder of the collection, see ``Embedded.identity``.

    Raises:
        ArtExtractError: The encoder is not available, or is not the collection's.
    """
    from artextract.encoders.image import embed_images

    with _complete_record("image"):
        params = ImageEncoder(
            name=recorded["name"],
            weights=recorded["weights"],
            sha256=recorded.get("file_sha256", ""),  # of weights from a path
            layers=recorded.get("layers", []),
            batch_size=1,
            precision="fp32",
        )
    vector, identity = embed_images(cast(ShardReader, _One(image)), params)
    _same(recorded, identity, IMAGE_KEYS, "image")
    return vector


def embed_text(text: str, recorded: Mapping[str, Any]) -> np.ndarray:
    """Words as a unit vector (1, d), as a title would be.

    Args:
        text: Not empty.
        recorded: The encoder of the collection's titles, see ``Embedded.identity``.

    Raises:
        ArtExtractError: The encoder is not available, or is not the collection's.
    """
    from artextract.encoders.title import embed_titles

    with _complete_record("title"):
        params = TitleEncoder(
            name=recorded["name"],
            weights=recorded["weights"],
            revision=recorded["revision"],
            # A file from the hub is compared below, where the error message is clearer.
            sha256="" if recorded["weights"] == "hub" else recorded["weights_sha256"],
            batch_size=1,
            precision="fp32",
        )
    vector, identity = embed_titles([text], params)
    _same(recorded, identity, TITLE_KEYS, "title")
    return vector


@contextmanager
def _complete_record(kind: str) -> Iterator[None]:
    """Turn errors from an incomplete record, raised inside the block, into a message with a remedy."""
    try:
        yield
    except (KeyError, ValidationError) as error:
        raise ArtExtractError(
            f"the record of the {kind} encoder is not complete: {error}",
            where=f"embed_{kind}s.json",
            remedy=f"`dvc repro embed_{kind}s`",
        ) from error


def _same(recorded: Mapping[str, Any], found: Mapping[str, Any], keys: tuple[str, ...], kind: str) -> None:
    """Refuse an encoder that is not the collection's: cosines between two encoders mean nothing."""
    pairs = [(key, found.get(key), recorded.get(key)) for key in keys]
    other = [f"{key} is {now!r}, was {then!r}" for key, now, then in pairs if now != then]
    if other:
        raise ArtExtractError(
            f"the {kind} encoder here is not the one that embedded the collection: {'; '.join(other)}",
            where=f"embed_{kind}s.json",
            remedy=f"embed the collection again with `dvc repro embed_{kind}s`, or restore its weights",
        )
