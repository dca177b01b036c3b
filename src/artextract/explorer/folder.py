"""The explorer's folder: where things are in it, and how its numbers are written.

Rows of all files are those of the collection's index. What grows with the collection is cut into chunks, so that a page
reads what it shows. ``docs/explorer.md`` describes the format.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.files import write_bytes

FORMAT = 1
CHUNK = 2000  # works in a chunk of data
PICTURES = 1000  # pictures in a folder
NONE = 65535  # code of a work that has no category


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """An empty folder to write into; it gets its name, and replaces an older one, when the block ends without an error.

    Args:
        path: The folder's name; its parent may not exist yet.
    """
    new = path.with_name(f".{path.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
    new.mkdir(parents=True)
    try:
        yield new
        shutil.rmtree(path, ignore_errors=True)
        new.rename(path)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write compact JSON; NaN is refused, since browsers cannot read it."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_bytes(path, text.encode())


def chunks(n: int) -> Iterator[tuple[str, slice]]:
    """Name and rows of each chunk of n works: ``0000``, ``0001`` and on; one empty chunk where there are no works."""
    for number in range(max(1, -(-n // CHUNK))):
        yield f"{number:04d}", slice(number * CHUNK, min(n, (number + 1) * CHUNK))


def write_numbers(path: Path, *arrays: np.ndarray) -> None:
    """Write arrays one after the other, row by row, little-endian, without a header.

    Args:
        path: File to write.
        arrays: Their types are kept: int8, uint16, int32 or float32.
    """
    parts = [np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays]
    write_bytes(path, b"".join(part.tobytes() for part in parts))


def picture_path(row: int) -> str:
    """Place of a work's picture below its folder: ``0003/3141.jpg``."""
    return f"{row // PICTURES:04d}/{row}.jpg"
