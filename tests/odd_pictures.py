"""Picture files as scanners and programs write them and Pillow does not: TIFFs by tag, PNGs by chunk, ICC profiles."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

PROPHOTO = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))  # red, green, blue in XYZ (D50)
ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
_KINDS = {3: "H", 4: "I", 11: "f"}  # types of a TIFF's tags: short, long, float


def tiff(
    values: np.ndarray, photometric: int = 1, more: Mapping[int, tuple[int, Sequence[float]]] | None = None
) -> bytes:
    """A TIFF without compression; its bits, its kind of samples and its order of bytes are those of the array.

    Args:
        values: (height, width) or (height, width, channels).
        photometric: 0: white is zero, 1: black is zero, 2: RGB, 3: palette, 5: CMYK.
        more: Further tags, or others in place of its own: type and values by number. With 284 = 2 the channels follow
            each other.
    """
    cube = values if values.ndim == 3 else values[..., None]
    height, width, channels = cube.shape
    end = ">" if values.dtype.byteorder == ">" else "<"
    tags: dict[int, tuple[int, Sequence[float]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8 * values.dtype.itemsize] * channels),
        259: (3, [1]),
        262: (3, [photometric]),
        277: (3, [channels]),
        278: (4, [height]),
        339: (3, [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * channels),
        **(more or {}),
    }
    planes = channels if tags.get(284, (3, [1]))[1][0] == 2 else 1
    data = (np.moveaxis(cube, 2, 0) if planes > 1 else cube).tobytes()
    tags |= {273: (4, [0] * planes), 279: (4, [len(data) // planes] * planes)}
    packed = {tag: struct.pack(f"{end}{len(v)}{_KINDS[kind]}", *v) for tag, (kind, v) in tags.items()}
    place = 8 + 2 + 12 * len(tags) + 4
    places = {}
    for tag, content in packed.items():
        if len(content) > 4:
            places[tag], place = place, place + len(content)
    strips = struct.pack(f"{end}{planes}I", *(place + i * len(data) // planes for i in range(planes)))
    packed[273] = strips
    entries = b""
    for tag in sorted(tags):
        content = packed[tag]
        inside = struct.pack(f"{end}I", places[tag]) if tag in places else content.ljust(4, b"\0")
        entries += struct.pack(f"{end}HHI", tag, tags[tag][0], len(tags[tag][1])) + inside
    head = (b"II\x2a\0" if end == "<" else b"MM\0\x2a") + struct.pack(f"{end}IH", 8, len(tags))
    return head + entries + bytes(4) + b"".join(packed[tag] for tag in places) + data


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 8 or 16 bits: (height, width, channels), 1 to 4 of them; with further chunks before the pixels."""
    height, width, channels = values.shape
    lines = values.astype(">u2" if values.dtype.itemsize == 2 else "u1")
    packer = zlib.compressobj(6)
    pixels = b"".join(packer.compress(b"\0" + line.tobytes()) for line in lines) + packer.flush()
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8 * values.dtype.itemsize, kind, 0, 0, 0)
    body = [_chunk(b"IHDR", head), *(_chunk(*one) for one in chunks), _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def big_png(side: int, bits: int) -> bytes:
    """A square grey PNG of one colour, which is small however large the picture is."""
    packer = zlib.compressobj(9)
    line = b"\0" + b"\x40" * (side * bits // 8)
    pixels = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def icc(primaries: Sequence[Sequence[float]] = (), gamma: float = 2.2) -> bytes:
    """An ICC profile: of RGB with these primaries, or of greys where there are none."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249), b"cprt": b"text" + bytes(4) + b"none\0"}
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    for name, primary in zip((b"r", b"g", b"b"), primaries, strict=False):
        tags |= {name + b"XYZ": b"XYZ " + bytes(4) + fixed(*primary), name + b"TRC": curve}
    if not primaries:
        tags[b"kTRC"] = curve
    places, content = b"", b""
    start = 132 + 12 * len(tags)
    for name, value in tags.items():
        places += name + struct.pack(">II", start + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    space = b"RGB " if primaries else b"GRAY"
    head = struct.pack(">I4xI", start + len(content), 0x02100000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head = head + bytes(28) + fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + places + content
