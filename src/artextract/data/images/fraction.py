"""Pictures that are decoded at a fraction of their size, where their format can do that."""

from __future__ import annotations

import math

from PIL import Image

from artextract.data.images.header import is_jpeg, levels_of_jpeg2000

REDUCING_GAP = 2  # with less left, what is reduced afterwards shows aliasing: 33 dB


def drafted(image: Image.Image, least: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8 where it then still has ``REDUCING_GAP`` times the pixels asked for.

    Returns:
        The part of the decoded picture that is the picture: half of an odd number of pixels ends in the middle of one,
        and without it 36 dB are left. None where it is decoded whole.
    """
    whole = image.size
    found = image.draft(None, (REDUCING_GAP * least[0], REDUCING_GAP * least[1]))
    return found[1] if found is not None and image.size != whole else None


def reduced_by_decoder(image: Image.Image, data: bytes, least: tuple[int, int]) -> tuple[int, int]:
    """Have a large picture decoded at a fraction, where its format can do that; gives the size that is decoded."""
    if is_jpeg(image):
        drafted(image, least)
    if image.format == "JPEG2000":
        halvings = int(math.log2(min(factors(image.size, least))))
        image.reduce = min(halvings, levels_of_jpeg2000(data))  # type: ignore[method-assign]
    return size_decoded(image)


def size_decoded(image: Image.Image) -> tuple[int, int]:
    """Width and height that will be decoded; of a JPEG 2000, Pillow tells that afterwards only."""
    if image.format != "JPEG2000":
        return image.size
    halvings = image.reduce if isinstance(image.reduce, int) else 0
    width, height = (-(-side // 2**halvings) for side in image.size)
    return width, height


def factors(size: tuple[int, int], least: tuple[int, int]) -> tuple[int, int]:
    """Whole numbers by which width and height can be divided so that ``REDUCING_GAP`` times the pixels are left."""
    across, down = (max(1, side // (REDUCING_GAP * wanted)) for side, wanted in zip(size, least, strict=True))
    return across, down
