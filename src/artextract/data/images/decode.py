"""From the bytes of a file to an RGB image, the same way everywhere, and back to bytes for the shards."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from artextract.data.images.budget import MEMORY, cost, reserved
from artextract.data.images.deep import is_deep, rescaled
from artextract.data.images.formats import image_formats
from artextract.data.images.fraction import drafted, factors, reduced_by_decoder, size_decoded
from artextract.data.images.header import MAX_PIXELS, check, is_buffered, is_jpeg, significant_bits, why_not_opened
from artextract.data.images.mend import mend_loaded, mend_opened
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import MAX_FILE_BYTES, open_regular
from artextract.data.images.rgb import is_plain, orientation, to_rgb

LARGE = 32_000_000  # pixels above which a picture is reduced while it is decoded, as far as what is asked for allows
JPEG_QUALITY = 92

Shape = Callable[[int, int], tuple[int, int]]  # from width and height of a picture to what is asked for


@contextmanager
def _as_unreadable(content: Callable[[], bytes]) -> Iterator[None]:
    """Pillow raises a dozen exception types on broken files, with addresses and paths in their texts.

    Args:
        content: Gives the file, to see what it is in place of an image.
    """
    try:
        yield
    except UnreadableImage:
        raise
    except UnidentifiedImageError as error:
        raise why_not_opened(content()) from error
    except Image.DecompressionBombError as error:  # before ours, which needs an opened image
        raise UnreadableImage("too_large", f"more than {MAX_PIXELS:,} pixels") from error
    except MemoryError as error:  # of the machine, or of a file that asks for more than its size tells
        np.empty(MEMORY, dtype=np.uint8)  # raises where the machine is short of memory: no picture is at fault then
        raise UnreadableImage("broken") from error
    except Exception as error:
        cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise UnreadableImage("cut" if cut else "broken") from error


def look_at_header(path: Path) -> None:
    """Check the header of an image file, which is cheap; only ``decode`` proves the rest.

    Raises:
        UnreadableImage: No regular file, its header is not that of an image, or tells of more than ``MAX_PIXELS``.
        FileNotFoundError: There is no such file.
    """
    with open_regular(path) as handle:

        def content() -> bytes:
            handle.seek(0)
            return handle.read(MAX_FILE_BYTES)

        with _as_unreadable(content), Image.open(handle, formats=image_formats()) as image:
            check(image)


@dataclass(frozen=True)
class Target:
    """The size that images are going to be reduced to before a network sees them."""

    shorter_side: int  # pixels
    square: bool  # squashed to a square, else the aspect is kept
    resample: Image.Resampling

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the reduced image; rounded as torchvision does."""
        side = self.shorter_side
        if self.square:
            return side, side
        longer = int(side * max(width, height) / min(width, height))
        return (side, longer) if width <= height else (longer, side)


def decode(data: bytes, target: Target | None = None) -> Image.Image:
    """Decode every pixel (a header alone proves nothing) and give an upright image in sRGB.

    Args:
        data: An image file of one of ``image_formats``.
        target: What the image is going to be reduced to. A JPEG that has twice the pixels even at 1/2, 1/4 or 1/8 of
            its size is decoded at that size, by its DCT, and comes back reduced: within 48 dB (PSNR) of a full decode
            reduced in the same way. Other images come back whole.

    Raises:
        UnreadableImage: No image, a truncated one, one that is too large (``header.check``, ``budget.MEMORY``), or one
            whose colours are not known.
    """
    return _decoded(data, target, None)


def _decoded(data: bytes, target: Target | None, shape: Shape | None) -> Image.Image:
    """Decode an image.

    Args:
        data: See ``decode``.
        target: See ``decode``.
        shape: What the result will be reduced to afterwards: a picture of more than ``LARGE`` pixels comes back with
            ``REDUCING_GAP`` times as many, or more.
    """
    with _as_unreadable(lambda: data), Image.open(io.BytesIO(data), formats=image_formats()) as image:
        check(image, data)
        mend_opened(image, data)
        whole = image.size
        box, by = None, (1, 1)
        if target is not None and is_jpeg(image):
            box = drafted(image, (target.shorter_side, target.shorter_side))
        elif shape is not None and whole[0] * whole[1] > LARGE:
            least = shape(*whole)
            by = factors(reduced_by_decoder(image, data, least), least)
        size = size_decoded(image)
        kept, deep = _kept(image, data, size, by), is_deep(image)
        with reserved(cost(image, size, whole, buffered=is_buffered(image, data), kept=kept)):
            image.load()
            mend_loaded(image, deep)
            used = significant_bits(data) if image.format == "PNG" else None
            if target is not None and box is not None:
                return to_rgb(image.resize(target.size(*whole), target.resample, box))
            return to_rgb(rescaled(image, data, used) if deep else image, used, by)


def _kept(image: Image.Image, data: bytes, size: tuple[int, int], by: tuple[int, int]) -> float:
    """Pixels of the RGB image that is made of a decoded one; 0 where it is the decoded one itself."""
    # A PNG is decoded by asking for its orientation, so that it is only asked whether it may have one.
    turned = b"eXIf" in data if image.format == "PNG" else orientation(image) != 1
    if by == (1, 1) and not turned and is_plain(image) and not is_deep(image):
        return 0.0
    return size[0] * size[1] / (by[0] * by[1])


def _is_plain_jpeg(data: bytes) -> bool:
    """Whether the file can be stored as it is: RGB JPEG, upright, in sRGB."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return image.format == "JPEG" and is_plain(image) and orientation(image) == 1


def normalise(data: bytes, max_side: int) -> tuple[bytes, Image.Image]:
    """The bytes that shards hold: the original ones where they are a plain RGB JPEG small enough, else a new JPEG.

    Args:
        data: An image file of one of ``image_formats``.
        max_side: Longer side of the result, in pixels, at most; smaller images are never enlarged.

    Returns:
        The stored bytes, and the image that they decode to.

    Raises:
        UnreadableImage: See ``decode``.
    """

    def fitting(width: int, height: int) -> tuple[int, int]:
        if (longest := max(width, height)) <= max_side:
            return width, height
        across, down = (max(1, round(side / longest * max_side)) for side in (width, height))  # of a strip, one pixel
        return across, down

    image = _decoded(data, None, fitting)
    if max(image.size) <= max_side and data.startswith(b"\xff\xd8") and _is_plain_jpeg(data):
        return data, image
    if max(image.size) > max_side:
        image = image.resize(fitting(*image.size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue(), decode(buffer.getvalue())
