"""From the bytes of a file to an RGB image, the same way everywhere, and back to bytes for the shards."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from artextract.data.images.formats import HEAD, image_formats, other_format
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import open_regular

MAX_PIXELS = 200_000_000  # a decompression bomb is refused, a gigapixel scan too: its museum serves smaller ones
JPEG_QUALITY = 92
REDUCING_GAP = 2  # with less left, what is reduced afterwards shows aliasing: 33 dB


@contextmanager
def _as_unreadable(data: bytes = b"") -> Iterator[None]:
    """Pillow raises a dozen exception types on broken files, with addresses and paths in their texts."""
    try:
        yield
    except UnreadableImage:
        raise
    except UnidentifiedImageError as error:
        other = other_format(data[:HEAD])
        raise UnreadableImage("format_not_accepted" if other else "not_an_image", other) from error
    except Image.DecompressionBombError as error:  # before ours, which needs an opened image
        raise UnreadableImage("too_large", f"more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:
        cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise UnreadableImage("cut" if cut else "broken") from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadableImage("too_large", f"{width} x {height} pixels, more than {MAX_PIXELS:,}")


def look_at_header(path: Path) -> None:
    """Check the header of an image file, which is cheap; only ``decode`` proves the rest.

    Raises:
        UnreadableImage: No regular file, its header is not that of an image, or tells of more than ``MAX_PIXELS``.
        FileNotFoundError: There is no such file.
    """
    with open_regular(path) as handle:
        head = handle.read(HEAD)
        if not head:
            raise UnreadableImage("empty")
        handle.seek(0)
        with _as_unreadable(head), Image.open(handle, formats=image_formats()) as image:
            _check_size(image)


def to_rgb(image: Image.Image) -> Image.Image:
    """Upright 8-bit RGB: EXIF orientation applied, 16 bit rescaled, transparency over white, first frame."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and "transparency" not in image.info:  # a PNG may declare one colour transparent
        return image
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow clips 16-bit values on conversion, which turns most scans white; rescale instead.
        values = np.asarray(image, dtype=np.float64)
        high = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray((values / high * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


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
    """Decode every pixel (a header alone proves nothing) and give an upright RGB image.

    Args:
        data: An image file of one of ``image_formats``.
        target: What the image is going to be reduced to. A JPEG that has twice the pixels even at 1/2, 1/4 or 1/8 of
            its size is decoded at that size, by its DCT, and comes back reduced: within 48 dB (PSNR) of a full decode
            reduced in the same way. Other images come back whole.

    Raises:
        UnreadableImage: No image, a truncated one, or one over ``MAX_PIXELS``.
    """
    if not data:
        raise UnreadableImage("empty")
    with _as_unreadable(data), Image.open(io.BytesIO(data), formats=image_formats()) as image:
        _check_size(image)
        width, height = image.size
        box = None
        if target is not None:
            side = REDUCING_GAP * target.shorter_side
            drafted = image.draft(None, (side, side))  # None where it is no JPEG
            if drafted is not None and image.size != (width, height):
                box = drafted[1]  # half of an odd number of pixels ends in the middle of one: without it 36 dB
        image.load()
        if target is not None and box is not None:
            image = image.resize(target.size(width, height), target.resample, box)
        return to_rgb(image)


def _is_plain_jpeg(data: bytes) -> bool:
    """Whether the file can be stored as it is: RGB JPEG, upright."""
    with Image.open(io.BytesIO(data)) as image:
        return image.format == "JPEG" and image.mode == "RGB" and image.getexif().get(0x0112, 1) == 1


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
    image = decode(data)
    if max(image.size) <= max_side and _is_plain_jpeg(data):
        return data, image
    if max(image.size) > max_side:
        longest = max(image.size)
        width, height = (max(1, round(side / longest * max_side)) for side in image.size)  # of a strip one pixel stays
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue(), decode(buffer.getvalue())
