"""What Pillow takes for granted of files that do otherwise, put right."""

from __future__ import annotations

from PIL import Image, ImagePalette

from artextract.data.images.deep import read_planes
from artextract.data.images.header import profile_of_jpeg2000
from artextract.data.images.rgb import POSITIVE

_COLOUR_TABLE = 320  # tag of TIFF


def mend_opened(image: Image.Image, data: bytes) -> None:
    """Before a pixel is decoded: the order of 16-bit colours, and the profile of a JPEG 2000.

    Args:
        image: Opened, not loaded.
        data: Its file.
    """
    read_planes(image)
    if image.format == "JPEG2000" and (profile := profile_of_jpeg2000(data)) is not None:
        image.info["icc_profile"] = profile


def mend_loaded(image: Image.Image, deep: bool) -> None:
    """After decoding: transparent colours of 16 bits, CMYK that is no negative, and colour tables of 8 bits.

    Args:
        image: Loaded.
        deep: See ``deep.is_deep``.
    """
    key = image.info.get("transparency")
    if deep and isinstance(key, tuple):  # a colour of 16 bits, of which the picture has 8
        image.info["transparency"] = tuple(value >> 8 for value in key)
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image.info[POSITIVE] = True
    tags = getattr(image, "tag_v2", None)
    if (
        tags is not None and image.mode == "P" and 0 < max(tags[_COLOUR_TABLE]) <= 255
    ):  # colours of 8 bits in a table for 16
        image.palette = ImagePalette.raw("RGB;L", bytes(tags[_COLOUR_TABLE]))
        image.load()
