"""A corpus of files that are called .jpg and are not: each with the code of the reason that must be told."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from artextract.data.images.formats import image_formats
from tests.conftest import jpeg
from tests.odd_pictures import png, tiff

Make = Callable[[Path], object]
GREY = np.linspace(10, 240, 1200).astype(np.uint8).reshape(30, 40)


def saved(kind: str, **options: object) -> bytes:
    image_formats()  # registers HEIF
    buffer = io.BytesIO()
    Image.fromarray(GREY).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def _told_size(width: int, height: int) -> bytes:
    """A PNG whose header tells of this size."""
    data = bytearray(png(GREY[..., None]))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _sparse(path: Path) -> None:
    with path.open("wb") as handle:
        handle.truncate(6 * 10**9)


HOLES = (GREY / 255).astype("<f4")
HOLES[3, 3] = np.nan
_PNG, _TIFF = png(np.stack([GREY] * 3, axis=-1)), saved("TIFF", compression="tiff_lzw")
CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "text": (b"no picture", "not_an_image"),
    "zeros": (bytes(500), "not_an_image"),
    "noise": (np.random.default_rng(1).bytes(800), "not_an_image"),
    "web page": (b"\xef\xbb\xbf <!DOCTYPE html><html>404", "format_not_accepted"),
    "pdf": (b"%PDF-1.4\n", "format_not_accepted"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "format_not_accepted"),
    "photoshop": (b"8BPS\0\1" + bytes(40), "format_not_accepted"),
    "zip": (b"PK\3\4" + bytes(60), "format_not_accepted"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "format_not_accepted"),
    "icon": (saved("ICO"), "format_not_accepted"),
    "raw": (tiff(GREY, 1, {50706: (4, [0x01040000])}), "format_not_accepted"),
    "half a jpeg": (jpeg(1)[: len(jpeg(1)) // 2], "cut"),
    "head of a jpeg": (jpeg(1)[:20], "broken"),
    "half a png": (_PNG[:-400], "cut"),
    "flipped png": (_flipped(_PNG, 200), "broken"),
    "half a tiff": (_TIFF[: len(_TIFF) // 2], "broken"),
    "half a gif": (saved("GIF")[:300], "broken"),
    "half a webp": (saved("WEBP", lossless=True)[:90], "broken"),
    "half a bmp": (saved("BMP")[:900], "cut"),
    "half a heic": (saved("HEIF")[:300], "broken"),
    "half an avif": (saved("AVIF")[:200], "broken"),
    "half a jp2": (saved("JPEG2000")[:200], "broken"),
    "bomb": (_told_size(20_000, 20_000), "too_large"),
    "long line": (_told_size(150_000, 1), "too_large"),
    "14 bits": (tiff(GREY.astype("<u2") * 64), "unclear_range"),
    "not numbers": (tiff(HOLES), "not_finite"),
    "64 bits": (tiff((GREY / 255).astype("<f8")), "samples_not_read"),
}  # what it is: its bytes, and the code
PLACES: dict[str, tuple[Make, str]] = {
    "pipe": (os.mkfifo, "not_a_regular_file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not_a_regular_file"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "link_to_nothing"),
    "link to itself": (lambda path: path.symlink_to(path.name), "link_to_nothing"),
    "6 GB": (_sparse, "too_many_bytes"),
}  # what it is: how it is made, and the code


def write_broken(folder: Path, suffix: str = ".jpg") -> dict[str, str]:
    """Write the corpus.

    Returns:
        Name of each file without its suffix, and the code that must be told of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    codes = {}
    for name, (data, code) in CONTENTS.items():
        (folder / f"{name.replace(' ', '-')}{suffix}").write_bytes(data)
        codes[name.replace(" ", "-")] = code
    for name, (make, code) in PLACES.items():
        make(folder / f"{name.replace(' ', '-')}{suffix}")
        codes[name.replace(" ", "-")] = code
    return codes
