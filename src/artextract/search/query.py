"""A query as a vector: words or an image, embedded by the same network as the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image
from pydantic import ValidationError

from artextract.core.compute import device, set_threads, unit_rows
from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import normalise
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular
from artextract.params.sections import ImageEncoder, TitleEncoder

IMAGE_KEYS = ("name", "weights_sha256", "preprocessing", "layers")
TITLE_KEYS = ("name", "revision", "weights_sha256", "max_tokens")


def as_stored(data: bytes, max_side: int) -> Image.Image:
    """The bytes of an image file, prepared like the images of the collection: upright RGB, reduced, a JPEG.

    Args:
        data: An image file of one of ``image_formats``.
        max_side: Longest side of the collection's images in pixels.

    Raises:
        UnreadableImage: See ``decode``.
    """
    return normalise(data, max_side)[1]


def read_image(path: Path, max_side: int) -> Image.Image:
    """An image file, prepared like those of the collection: see ``as_stored``.

    Args:
        path: An image file of one of ``image_formats``.
        max_side: Longest side of the collection's images in pixels.

    Raises:
        ArtExtractError: The file is not a readable image.
    """
    try:
        return as_stored(read_regular(path), max_side)
    except (UnreadableImage, OSError) as error:
        raise ArtExtractError(
            f"not readable as an image: {error}", where=str(path), remedy="give a JPEG, PNG, TIFF or WebP file"
        ) from error


def image_embedder(recorded: Mapping[str, Any]) -> Callable[[Image.Image], np.ndarray]:
    """Load the collection's image encoder, for many queries.

    Args:
        recorded: The encoder of the collection, see ``Embedded.identity``.

    Returns:
        A function from an RGB image to a unit vector (1, d).

    Raises:
        ArtExtractError: The encoder is not available, or is not the collection's.
    """
    import torch

    from artextract.encoders.image import identity_of, load_encoder

    with _complete_record("image"):
        params = ImageEncoder(
            name=recorded["name"],
            weights=recorded["weights"],
            sha256=recorded.get("file_sha256", ""),  # of weights from a path
            layers=recorded.get("layers", []),
            batch_size=1,
            precision="fp32",
        )
    set_threads()
    model, preprocessing = load_encoder(params)
    _same(recorded, identity_of(model, preprocessing, params), IMAGE_KEYS, "image")
    pixels = preprocessing.pixels()

    def embed(image: Image.Image) -> np.ndarray:
        with torch.inference_mode():
            return unit_rows(model(preprocessing.normalise(pixels(image)[None].to(device()))).float().cpu().numpy())

    return embed


def embed_image(image: Image.Image, recorded: Mapping[str, Any]) -> np.ndarray:
    """One image as a unit vector (1, d); the arguments and errors of ``image_embedder``."""
    return image_embedder(recorded)(image)


def text_embedder(recorded: Mapping[str, Any]) -> Callable[[str], np.ndarray]:
    """Load the encoder of the collection's titles, for many queries.

    Args:
        recorded: The encoder, see ``Embedded.identity``.

    Returns:
        A function from words, which must not be empty, to a unit vector (1, d), as a title would have it.

    Raises:
        ArtExtractError: The encoder is not available, or is not the collection's.
    """
    from artextract.encoders.title import load_title_encoder

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
    set_threads()
    model, sha256 = load_title_encoder(params)
    found = {"name": params.name, "revision": params.revision, "weights_sha256": sha256}
    _same(recorded, found | {"max_tokens": int(model.max_seq_length)}, TITLE_KEYS, "title")

    def embed(text: str) -> np.ndarray:
        vectors = model.encode([text], batch_size=1, show_progress_bar=False, convert_to_numpy=True)
        return unit_rows(cast(np.ndarray, vectors))

    return embed


def embed_text(text: str, recorded: Mapping[str, Any]) -> np.ndarray:
    """Words as a unit vector (1, d); the arguments and errors of ``text_embedder``."""
    return text_embedder(recorded)(text)


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
