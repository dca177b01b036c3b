"""The formats of pictures that are read, one list for the whole project, and what else a file may be.

Only formats that paintings come in, read by Pillow itself and by pillow-heif: no reader that starts another program,
and none that nobody needs and nobody attacks but attackers.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import BinaryIO

from PIL import Image

_READ = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "JPEG2000", "AVIF", "PPM", "HEIF")  # tried in this order
USUAL = "JPEG, PNG, TIFF, WebP, HEIC, AVIF, JPEG 2000, GIF, BMP or PPM"  # for messages
HEAD = 64  # bytes of a file's beginning that ``other_format`` looks at

_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "a Photoshop document (PSD)"),
    (b"PK\3\4", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"II\x2a\0\x10\0\0\0CR", "a camera's raw picture"),
    (b"IIU\0", "a camera's raw picture"),
    (b"FUJIFILM", "a camera's raw picture"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"SIMPLE  =", "FITS"),
    (b"\0\0\1\0", "an icon"),
    (b"version https://git-lfs", "a pointer of Git LFS: the file itself was not fetched"),
)  # how the file begins, and what it is
_TEXTS = ((b"<svg", "SVG"), (b"<!doctype html", "a web page"), (b"<html", "a web page"), (b"<?xml", "XML"))


@cache
def image_formats() -> tuple[str, ...]:
    """Names of the formats that are read, for ``Image.open(formats=...)``."""
    from pillow_heif import register_heif_opener

    Image.preinit()
    Image.init()
    register_heif_opener()
    # Our own caps are stricter and end in a reason; Pillow's remarks would be lines without the picture's name.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return tuple(name for name in _READ if name in Image.OPEN)


@cache
def image_suffixes() -> frozenset[str]:
    """Suffixes of the formats that are read, in lower case, with the dot."""
    formats = set(image_formats())
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in formats)


def other_format(head: bytes) -> str:
    """What a file is that is no picture, in words, "" where that is unknown.

    Args:
        head: The first ``HEAD`` bytes, or more.
    """
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return name
    text = head[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((name for magic, name in _TEXTS if text.startswith(magic)), "")


def begins_like_an_image(handle: BinaryIO) -> bool:
    """Whether a file's header is that of a picture, whatever it is called; reads a few bytes and no pixel."""
    try:
        with Image.open(handle, formats=image_formats()):
            return True
    except Exception:  # Pillow raises a dozen types on what is no picture
        return False
