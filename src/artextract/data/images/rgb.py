"""From a decoded image of any mode to upright 8-bit sRGB, in strips, so that memory holds one more copy at most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops

from artextract.data.images.budget import STRIP
from artextract.data.images.profile import by_gamma, changes_colours, to_srgb
from artextract.data.images.white import Range, declared, range_of, unsigned

POSITIVE = (
    "cmyk_as_ink"  # in an image's info: Pillow takes every CMYK JPEG for a negative, as Adobe's are, wrongly here
)
Convert = Callable[[Image.Image], Image.Image]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF's orientation, and what undoes it
_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")


def orientation(image: Image.Image) -> int:
    """EXIF's orientation of an image, 1 where it is upright or nothing is said."""
    found = image.getexif().get(0x0112, 1)
    return found if isinstance(found, int) and found in _TURNS else 1


def is_plain(image: Image.Image) -> bool:
    """Whether an image is RGB as it is, so that nothing has to be converted."""
    plain = image.mode == "RGB" and "transparency" not in image.info
    return plain and not changes_colours(image) and by_gamma(image) is None


def to_rgb(image: Image.Image, bits: int | None = None, factors: tuple[int, int] = (1, 1)) -> Image.Image:
    """Upright 8-bit sRGB: first frame, orientation applied, profile applied, transparency over white.

    Args:
        image: Loaded.
        bits: Of a sample that are used, where the file tells that apart from ``image``.
        factors: Whole numbers by which width and height are divided, as a mean over boxes.

    Raises:
        UnreadableImage: It is not known which of its values is white.
    """
    turn = _TURNS.get(orientation(image))
    result = _converted(image, bits, factors)
    return result if turn is None else result.transpose(turn)


def _converted(image: Image.Image, bits: int | None, factors: tuple[int, int]) -> Image.Image:
    if is_plain(image):
        return image if factors == (1, 1) else image.reduce(factors)
    convert, table = _conversion(image, bits), by_gamma(image)
    if table is not None:
        of_gamma = convert
        convert = lambda part: of_gamma(part).point(table * 3)  # noqa: E731
    (across, down), (width, height) = factors, image.size
    rows = max(1, STRIP // width // down) * down
    if rows >= height:
        return _reduced(convert(image), factors)
    result = Image.new("RGB", (-(-width // across), -(-height // down)))
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows)))
        result.paste(_reduced(convert(strip), factors), (0, top // down))
    return result


def _reduced(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    return image if factors == (1, 1) else image.reduce(factors)


def _conversion(image: Image.Image, bits: int | None) -> Convert:
    """What makes RGB of any part of an image."""
    profile, key = image.info.get("icc_profile"), image.info.get("transparency")
    if image.mode in _DEEP:
        says = declared(image, bits)
        found = range_of(image, says)
        return lambda part: _of_deep(unsigned(np.asarray(part), says), found, key, profile)
    if key is not None or image.mode in _ALPHA:
        return lambda part: _over_white(part, profile)
    if image.mode == "CMYK" and image.info.get(POSITIVE):
        return lambda part: to_srgb(ImageChops.invert(part), profile)
    if image.mode in ("L", "CMYK", "LAB", "RGB"):
        return lambda part: to_srgb(part, profile)
    return lambda part: to_srgb(part.convert("RGB"), profile)


def _of_deep(values: np.ndarray, found: Range, key: object, profile: bytes | None) -> Image.Image:
    result = to_srgb(Image.fromarray(found.as_bytes(values)), profile)
    if isinstance(key, int):  # one value is declared transparent
        result.paste("white", mask=Image.fromarray((values == key).astype(np.uint8) * 255))
    return result


def _over_white(part: Image.Image, profile: bytes | None) -> Image.Image:
    colours = (part.convert("LA") if part.mode == "La" else part).convert("RGBA")
    if profile:
        alpha, grey = colours.getchannel("A"), part.mode in ("L", "LA", "La")
        plain = colours.convert("RGB").getchannel(0) if grey else colours.convert("RGB")
        colours = to_srgb(plain, profile).convert("RGBA")
        colours.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")
