"""What a picture's header tells before a pixel is decoded: what must not be decoded, and what decodes smaller."""

from __future__ import annotations

import io
import re
import struct

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from artextract.data.images.budget import MAX_SIDE
from artextract.data.images.formats import HEAD, other_format
from artextract.data.images.reasons import UnreadableImage

MAX_PIXELS = 178_000_000  # Pillow's own bound; a gigapixel scan is refused, its museum serves smaller ones
MAX_SCANS = 100  # of a JPEG in several passes, each of which may be as long as the picture; usual ones have 10
MAX_SCANNED = 2_000_000_000  # pixels of all passes together
MAX_SLOW_PIXELS = 16_000_000  # of formats that Pillow decodes in Python, about a second for a million
_TIFF = (b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b")
_DNG_VERSION, _SAMPLE_FORMAT, _BITS = 50706, 339, 258  # tags of TIFF
_KINDS = {1: "whole numbers", 2: "whole numbers with a sign", 3: "floating point numbers"}
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of a JPEG; the others are within the pixels of a pass
_SEEN = 2**16  # bytes in which the header of a picture ends


def check(image: Image.Image, data: bytes = b"") -> None:
    """Refuse what would take too long or would be misread.

    Args:
        image: Opened, not loaded.
        data: Its file, where it is at hand.

    Raises:
        UnreadableImage: Says why.
    """
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        most = f"at most {MAX_PIXELS:,} and a side of {MAX_SIDE:,} are read"
        raise UnreadableImage("too_large", f"{width:,} x {height:,} pixels, {most}")
    slow = any(tile.codec_name in Image.DECODERS for tile in getattr(image, "tile", []))
    if slow and width * height > MAX_SLOW_PIXELS:
        most = f"at most {MAX_SLOW_PIXELS:,} in this form of {image.format}"
        raise UnreadableImage("too_large", f"{width:,} x {height:,} pixels, {most}")
    scans = _scans(data) if is_buffered(image, data) else 1
    if scans > MAX_SCANS or scans * width * height > MAX_SCANNED:
        raise UnreadableImage("too_large", f"a JPEG of {width:,} x {height:,} pixels in {scans:,} passes")
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        if _DNG_VERSION in tags:
            raise UnreadableImage("format_not_accepted", "a camera's raw picture (DNG)")
        if tags.get(_SAMPLE_FORMAT, (1,))[0] == 2 and tags.get(_BITS, (8,))[0] == 8:
            raise UnreadableImage("samples_not_read", "8-bit whole numbers with a sign")


def _scans(data: bytes) -> int:
    """Passes of a JPEG, up to one more than are accepted."""
    at, found = 2, 0
    while found <= MAX_SCANS and (marker := _MARKER.search(data, at)) is not None:
        code, at = data[marker.start() + 1], marker.end()
        if code == 0xD9:  # end of the picture; a telephone may have put a film behind it
            break
        found += code == 0xDA
        if code not in (0x01, 0xD8):
            at += int.from_bytes(data[at : at + 2], "big")
    return found


def is_jpeg(image: Image.Image) -> bool:
    """Whether an image is a JPEG, or the first of several in one file."""
    return image.format in ("JPEG", "MPO")


def is_buffered(image: Image.Image, data: bytes) -> bool:
    """Whether a JPEG comes in several passes over the whole picture, which is kept as coefficients until the last."""
    if not is_jpeg(image):
        return False
    at = data.find(b"\xff\xda")
    in_scan = data[at + 4] if 0 <= at < len(data) - 4 else 0
    return bool(image.info.get("progressive")) or in_scan < len(image.getbands())


def levels_of_jpeg2000(data: bytes) -> int:
    """How many times a JPEG 2000 can be halved while it is decoded, by its COD marker; 0 where there is none."""
    at = data[:_SEEN].find(b"\xff\x52")
    return min(data[at + 9], 32) if 0 <= at < len(data) - 9 else 0


def profile_of_jpeg2000(data: bytes) -> bytes | None:
    """The ICC profile in the colr box of a JPEG 2000, which Pillow passes over; None where there is none."""
    at = data[:_SEEN].find(b"colr")
    if at < 4 or data[at + 4 : at + 5] not in (b"\2", b"\3"):  # the method: a profile, and not a number
        return None
    length = int.from_bytes(data[at - 4 : at], "big")
    return data[at + 7 : at - 4 + length] or None


def significant_bits(data: bytes) -> int | None:
    """The bits of a sample that are used, by the sBIT chunk of a PNG; None where it has none."""
    at = 8
    while at + 8 <= min(len(data), _SEEN):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"sBIT":
            return max(data[at + 8 : at + 8 + length], default=0) or None
        if kind in (b"IDAT", b"PLTE"):
            return None
        at += length + 12
    return None


def why_not_opened(data: bytes) -> UnreadableImage:
    """Why Pillow does not open a file."""
    if not data:
        return UnreadableImage("empty")
    if data.startswith(_TIFF):
        return _why_not_tiff(data)
    if data.startswith(b"\xff\xd8\xff"):
        at = next((at for code in b"\xc0\xc1\xc2" if (at := data.find(b"\xff" + bytes([code]))) >= 0), -1)
        if 0 <= at < len(data) - 4 and data[at + 4] != 8:
            return UnreadableImage("samples_not_read", f"a JPEG of {data[at + 4]} bits")
        return UnreadableImage("broken")
    boxes = data[4:12] in (b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypjp2 ")
    if boxes or data.startswith((b"\x89PNG", b"GIF8")) or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return UnreadableImage("broken")
    other = other_format(data[:HEAD])
    return UnreadableImage("format_not_accepted" if other else "not_an_image", other)


def _why_not_tiff(data: bytes) -> UnreadableImage:
    try:
        big = data[2] == 43 or data[3] == 43
        tags = ImageFileDirectory_v2(data[: 16 if big else 8])
        handle = io.BytesIO(data)
        handle.seek(tags.next)
        tags.load(handle)
        if _BITS not in tags:  # the file ends before them
            return UnreadableImage("broken")
        bits = [int(one) for one in tags.get(_BITS, (1,))]
        kind = _KINDS.get(int(tags.get(_SAMPLE_FORMAT, (1,))[0]), "a kind of their own")
    except Exception:  # the tags of a broken file
        return UnreadableImage("broken")
    return UnreadableImage("samples_not_read", f"{kind} of {bits[0]} bits, {len(bits)} per pixel of a TIFF")
