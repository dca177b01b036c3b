"""Rows of a file that are written without surprises and hashed one by one: what both caches of rows are made of."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.kept import remove
from artextract.core.prefetch import prefetched
from artextract.core.runtime import threads

WIDTH = 16  # bytes of a row's sum
TOGETHER = 64  # rows that a thread hashes at a time
UNKNOWN = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EPERM)  # file systems that reserve nothing


def sum_of(salt: str, row: Any) -> bytes:
    """The sum of a row: its bytes, and what it is a row of, so that rows in each other's places are noticed.

    Args:
        salt: What it is a row of.
        row: Its bytes, or a contiguous array.
    """
    state = sha256(salt.encode())
    state.update(row)
    return state.digest()[:WIDTH]


def sums_of(salts: Iterable[str], rows: Iterable[np.ndarray]) -> Iterator[bytes]:
    """The sum of each row, hashed in threads.

    Args:
        salts: What each row is.
        rows: uint8 (bytes of a row,) each, read as they are hashed.
    """
    pairs = zip(salts, rows, strict=True)
    together = iter(lambda: list(islice(pairs, TOGETHER)), [])

    def some(part: list[tuple[str, np.ndarray]]) -> list[bytes]:
        return [sum_of(salt, row) for salt, row in part]

    for sums in prefetched(some, together, workers=threads(), ahead=2 * threads()):
        yield from sums


def regular(path: Path) -> bool:
    """Whether a file is there, and no folder, link or pipe."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The descriptor of a file, for reading and writing; what has its name and is no file is removed, with a line."""
    if os.path.lexists(path) and not regular(path):
        print(f"{path} was no file; it is made anew", file=sys.stderr)
        remove(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def reserve(descriptor: int, rows: Sequence[int], size: int) -> None:
    """Have the disk keep room for rows, so that a full one is noticed before hours of work and not in the midst of it.

    Args:
        descriptor: The file.
        rows: Their numbers, rising.
        size: Bytes of a row.
    """
    numbers = np.asarray(rows, dtype=np.int64)
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        if not len(run) or not size:
            continue
        try:
            os.posix_fallocate(descriptor, int(run[0]) * size, len(run) * size)
        except OSError as error:
            if error.errno not in UNKNOWN:
                raise
            return


def write_at(descriptor: int, data: bytes | bytearray, offset: int) -> None:
    """Write all of ``data`` at a place; never through mapped memory, where a full disk ends the process (SIGBUS)."""
    view = memoryview(data)
    while len(view):
        done = os.pwrite(descriptor, view, offset)
        view, offset = view[done:], offset + done
