"""What decoding a picture costs in memory, known from its header; all decoding threads share one bound."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from artextract.data.images.reasons import UnreadableImage

MEMORY = 2**30  # bytes that all pictures that are being decoded take together
MAX_SIDE = 100_000  # pixels: reducing a line takes memory in proportion to its length
STRIP = 4_000_000  # pixels that are converted at a time
_OF_STRIP = 16 * STRIP  # bytes: a strip, its numbers, its RGB
_ROWS, _TILE_WIDTH, _TILE_LENGTH, _BITS, _ORIENTATION = 278, 322, 323, 258, 274  # tags of TIFF
_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2}  # bytes per pixel in Pillow; 4 in other modes
# Bytes per pixel that a decoder takes besides the picture itself, as measured on pictures of 16 million pixels.
_DECODER = {"WEBP": 13, "AVIF": 12, "HEIF": 10}
_JPEG2000 = 5  # the same, per channel; and a byte for each pixel of the file, however small it is decoded


def stored_bytes(mode: str) -> int:
    """Bytes that Pillow keeps for a pixel of a mode."""
    return _STORED.get(mode, 4)


def _coefficients(image: Image.Image, buffered: bool) -> float:
    """Bytes per pixel of the DCT coefficients that a JPEG in several passes keeps until the last one."""
    layers = getattr(image, "layer", [])
    if not buffered or not layers:
        return 0.0
    most = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
    return 2.0 * sum(h * v for _, h, v, _ in layers) / most


def _chunk(image: Image.Image) -> float:
    """Bytes of a strip or tile of a TIFF, which may be the whole picture; twice the picture if it has to be turned."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    lines, across = tags.get(_TILE_LENGTH) or tags.get(_ROWS) or image.height, tags.get(_TILE_WIDTH) or image.width
    sides = [min(int(side), most) for side, most in ((across, MAX_SIDE), (lines, MAX_SIDE))]
    bits = sum(tags.get(_BITS, (1,)))
    turned = stored_bytes(image.mode) * image.width * image.height if tags.get(_ORIENTATION, 1) != 1 else 0
    return sides[0] * sides[1] * bits / 8 + turned


def cost(image: Image.Image, size: tuple[int, int], whole: tuple[int, int], *, buffered: bool, kept: float) -> int:
    """Bytes that decoding takes at its peak, besides those of the file.

    Args:
        image: Opened and not loaded.
        size: Width and height that are decoded.
        whole: Width and height of the file.
        buffered: The decoder keeps the whole picture as coefficients, at its full size (a JPEG in several passes).
        kept: Pixels of what is made of it, as RGB.
    """
    pixels = size[0] * size[1]
    decoder = float(_DECODER.get(image.format or "", 0)) * pixels
    if image.format == "JPEG2000":
        decoder = _JPEG2000 * len(image.getbands()) * pixels + whole[0] * whole[1]
    if image.format == "TIFF":
        decoder = _chunk(image)
    coefficients = _coefficients(image, buffered) * whole[0] * whole[1]
    return int(pixels * stored_bytes(image.mode) + decoder + coefficients + 8 * kept + min(_OF_STRIP, 16 * pixels))


class _Shared:
    """Bytes in use by all threads of this process."""

    def __init__(self) -> None:
        self.used, self.changed = 0, threading.Condition()


_shared = _Shared()


def _anew() -> None:
    """A child inherits no thread, so nothing that it counts as used would ever be given back."""
    global _shared
    _shared = _Shared()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)


@contextmanager
def reserved(needed: int) -> Iterator[None]:
    """Wait until the memory for a picture is free, and hold it.

    Args:
        needed: Bytes, see ``cost``.

    Raises:
        UnreadableImage: More than there is for all pictures together.
    """
    if needed > MEMORY:
        raise UnreadableImage(
            "too_large", f"decoding takes about {needed / 2**20:,.0f} MiB, at most {MEMORY / 2**20:,.0f} are used"
        )
    shared = _shared
    with shared.changed:
        shared.changed.wait_for(lambda: shared.used + needed <= MEMORY)
        shared.used += needed
    try:
        yield
    finally:
        with shared.changed:
            shared.used -= needed
            shared.changed.notify_all()
