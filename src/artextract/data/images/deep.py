"""Colours of 16 bits: Pillow keeps the higher byte of each, which is nothing where 12 bits were written into 16."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
from PIL import Image

from artextract.data.images.budget import STRIP
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.white import Range, declared, range_of_integers

_DARK = 64  # of the higher byte: below it, the white of 16 bits is not reached to a quarter by any value
_PLANES, _PLANAR, _BITS = 2, 284, 258  # PlanarConfiguration and BitsPerSample of a TIFF
_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def _raw_mode(tile: Any) -> str:
    args = tile.args
    return str(args[0] if isinstance(args, tuple) and args else args)


def is_deep(image: Image.Image) -> bool:
    """Whether the file of an opened image has 16 bits per colour, of which Pillow will keep 8."""
    tiles = getattr(image, "tile", [])
    return image.mode in ("RGB", "RGBA") and bool(tiles) and ";16" in _raw_mode(tiles[0])


def read_planes(image: Image.Image) -> None:
    """Have an opened TIFF read rightly that holds 16-bit colours one after the other: Pillow takes them for 8 bits."""
    tags = getattr(image, "tag_v2", None)
    if tags is None or tags.get(_PLANAR) != _PLANES or tags.get(_BITS, (8,))[0] != 16:
        return
    order = "L" if tags.prefix == b"II" else "B"
    _replace(image, lambda raw: raw if ";16" in raw else f"{raw};16{order}")


def _replace(image: Any, change: Any) -> None:
    tiles = []
    for tile in image.tile:
        raw = change(_raw_mode(tile))
        tiles.append(tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw))
    image.tile = tiles


def _lower_bytes(data: bytes, mode: str) -> Image.Image:
    """The lower byte of each colour: what the higher one is in the other order of bytes."""

    def swapped(raw: str) -> str:
        if raw[-4:-1] != ";16" or not raw.startswith(("RGB", "R;", "G;", "B;", "A;")) or raw.startswith("RGBa"):
            raise UnreadableImage("unclear_range", "16-bit colours that are all dark")
        return raw[:-1] + _SWAPPED[raw[-1]]

    image = Image.open(io.BytesIO(data), formats=("PNG", "TIFF"))
    read_planes(image)
    _replace(image, swapped)
    image.load()
    if image.mode != mode:
        raise UnreadableImage("unclear_range", "16-bit colours that are all dark")
    return image


def rescaled(image: Image.Image, data: bytes, used: int | None) -> Image.Image:
    """An image of 16 bits per colour with the white that its file means.

    Args:
        image: Loaded, with the higher bytes.
        data: Its file.
        used: See ``white.declared``.

    Raises:
        UnreadableImage: It is not known which value is white.
    """
    most = max(high for _, high in image.getextrema()[:3])  # type: ignore[misc]
    if not 0 < most < _DARK:
        return image  # black, or white is reached as far as a picture reaches it
    low = _lower_bytes(data, image.mode)
    found = range_of_integers((_values(*parts)[..., :3] for parts in _strips(image, low)), declared(image, used))
    if found == Range(0.0, 65535.0):
        return image
    result = Image.new(image.mode, image.size)
    top = 0
    for parts in _strips(image, low):
        values = found.as_bytes(_values(*parts))
        result.paste(Image.fromarray(values), (0, top))
        top += len(values)
    result.info = image.info
    return result


def _strips(*images: Image.Image) -> Any:
    width, height = images[0].size
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        yield [np.asarray(image.crop((0, top, width, min(height, top + rows)))) for image in images]


def _values(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return high.astype(np.uint16) << 8 | low
