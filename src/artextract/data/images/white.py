"""Which value of a picture with more than 8 bits is white: said by its file, or clear from its values, or unknown.

Scanners and programs write 10, 12 or 14 bits into 16, and floating point numbers up to 1, 255 or 65,535, mostly
without a word about it. What is taken for the wrong one becomes black, or white, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from artextract.data.images.budget import STRIP
from artextract.data.images.reasons import UnreadableImage

_MIN, _MAX, _SMIN, _SMAX, _BITS, _FORMAT, _PHOTOMETRIC = 280, 281, 340, 341, 258, 339, 262  # tags of TIFF
_SIGNED = 2  # of SampleFormat
_DEPTHS = (10, 12)  # bits that are taken for granted where they are reached up to half
_SAID = (8, 10, 12, 14, 16, 24, 32)  # bits that a file may say: the largest value of a tag may be the picture's own
# White of floating point numbers, and how far past it and below 0 the values may be: resampling overshoots.
_WHITES = ((1.0, 0.25), (255.0, 0.05), (1023.0, 0.0), (4095.0, 0.0), (65535.0, 0.05))


@dataclass(frozen=True)
class Range:
    """The values of black and white; black may be the larger one, in a negative."""

    black: float
    white: float

    def as_bytes(self, values: np.ndarray) -> np.ndarray:
        """Values as uint8: black is 0, white is 255."""
        scaled = (values.astype(np.float32) - np.float32(self.black)) * np.float32(255 / (self.white - self.black))
        return (scaled.clip(0, 255) + np.float32(0.5)).astype(np.uint8)


@dataclass(frozen=True)
class Declared:
    """What a file says about its values.

    Attributes:
        bits: Of a sample as it is stored.
        low: Smallest value, where it is told.
        high: Largest value, where it is told.
        signed: Whether values below zero can be meant.
        negative: Whether 0 is white.
        scaled: Values past ``high`` mean that the file has spread them over all bits, as PNG demands.
    """

    bits: int = 16
    low: float | None = None
    high: float | None = None
    signed: bool = False
    negative: bool = False
    scaled: bool = False


def declared(image: Image.Image, used: int | None = None) -> Declared:
    """What the file of an image says about its values.

    Args:
        image: An opened image of mode I;16, I or F, or of 16 bits per channel.
        used: Bits of a sample that are used, where the file says so (sBIT of a PNG).
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        scaled = image.format in ("JPEG2000", "PPM") and image.mode != "F"  # by Pillow, from whatever depth
        high = 65535.0 if scaled else float(2**used - 1) if used else None
        return Declared(high=high, scaled=scaled or used is not None)
    bits, kind = int(_first(tags, _BITS) or 16), _first(tags, _FORMAT)
    low, high = _first(tags, _SMIN), _first(tags, _SMAX)
    if high is None:
        low, high = _first(tags, _MIN), _first(tags, _MAX)
    if high is None and kind in (None, 1) and bits not in (8, 16, 32):
        high = float(2**bits - 1)  # 12 bits, unpacked by Pillow into 16
    return Declared(bits, low, high, kind == _SIGNED, _first(tags, _PHOTOMETRIC) == 0)


def _first(tags: Any, tag: int) -> float | None:
    value: Any = tags.get(tag)
    value = value[0] if isinstance(value, tuple) and value else value
    try:
        return None if value is None or value == () else float(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def strips(image: Image.Image) -> Iterator[np.ndarray]:
    """The values of a loaded image, some lines at a time, so that memory holds it once."""
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield np.asarray(image.crop((0, top, image.width, min(image.height, top + rows))))


def range_of(image: Image.Image, says: Declared) -> Range:
    """Black and white of a loaded image of mode I;16, I or F.

    Raises:
        UnreadableImage: Neither its file nor its values tell which value is white.
    """
    if image.mode == "F":
        found = range_of_floats(strips(image), says)
    else:
        found = range_of_integers((unsigned(part, says) for part in strips(image)), says)
    return Range(found.white, found.black) if says.negative else found


def unsigned(values: np.ndarray, says: Declared) -> np.ndarray:
    """Values as they were stored: Pillow keeps 32-bit ones with a sign, whatever the file says."""
    return values.view(np.uint32) if values.dtype == np.int32 and says.bits == 32 and not says.signed else values


def range_of_floats(parts: Iterator[np.ndarray], says: Declared) -> Range:
    """Black and white of floating point values, see ``range_of``."""
    low, high = np.inf, -np.inf
    for part in parts:
        if not np.isfinite(part).all():
            raise UnreadableImage("not_finite")
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    for white, slack in _WHITES:
        told = high if says.high is None else max(high, says.high)
        if low >= -slack * white and told <= (1 + slack) * white and (white == 1 or told > white / 2):
            return Range(0.0, white)
    if says.high is not None and says.low is not None and says.low <= low and high <= says.high > says.low:
        return Range(says.low, says.high)
    raise UnreadableImage("unclear_range", f"floating point numbers from {low:.4g} to {high:.4g}")


def range_of_integers(parts: Iterator[np.ndarray], says: Declared) -> Range:
    """Black and white of whole numbers of more than 8 bits, see ``range_of``."""
    low, high, spread = 0, 0, {256: True, 257: True}
    for part in parts:
        low, high = min(low, int(part.min())), max(high, int(part.max()))
        # 8 bits that were spread over 16, as v * 256 or v * 257: their white is that of 16 bits.
        spread = {by: yes and not (part % by).any() for by, yes in spread.items()}
    if low < 0:
        raise UnreadableImage("unclear_range", f"whole numbers from {low:,}")
    bits = says.bits - says.signed
    if says.high is not None and high <= says.high < 2**bits:
        return Range(0.0, 2.0 ** next(depth for depth in _SAID if says.high < 2**depth) - 1)
    if says.high is not None and says.scaled:
        return Range(0.0, 2.0**bits - 1)
    if high <= 255:
        return Range(0.0, 255.0)
    if any(spread.values()) and high < 65536:
        return Range(0.0, 65535.0)
    for depth in (*_DEPTHS, *((16,) if bits > 16 else ())):
        if 2 ** (depth - 1) <= high < 2**depth:
            return Range(0.0, 2.0**depth - 1)
    if high >= (2**14 if bits <= 16 else 2 ** (bits - 2)):
        return Range(0.0, 2.0**bits - 1)
    raise UnreadableImage("unclear_range", f"whole numbers of {says.bits} bits up to {high:,}")
