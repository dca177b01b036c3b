"""Reading a file that somebody else has named: never a pipe, a device or an endless file, never more than a bound."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from artextract.data.images.reasons import UnreadableImage, of_os_error

MAX_FILE_BYTES = 256 * 2**20  # of one picture; a TIFF of 89 million pixels without compression
# Without O_NONBLOCK, opening a pipe waits until somebody writes into it. Windows knows neither.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def open_regular(path: Path, most: int = MAX_FILE_BYTES) -> Iterator[BinaryIO]:
    """Open a regular file of bounded size for reading; links are followed.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableImage: It is no regular file, too large, or must not be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # some devices act upon being opened
            raise UnreadableImage("not_a_regular_file")
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _reason(path, error) from error
    with os.fdopen(descriptor, "rb") as handle:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):  # exchanged in between
            raise UnreadableImage("not_a_regular_file")
        if found.st_size > most:
            raise UnreadableImage("too_many_bytes", f"{found.st_size:,} bytes, at most {most:,} are read")
        yield handle


def read_regular(path: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a regular file of bounded size; links are followed.

    Args:
        path: A file.
        most: Bytes that are read at most.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableImage: It is no regular file, too large, must not be read, or changed while it was read.
    """
    with open_regular(path, most) as handle:
        before = os.fstat(handle.fileno())
        try:
            data = handle.read(most + 1)
        except OSError as error:
            raise _reason(path, error) from error
        after = os.fstat(handle.fileno())
    if len(data) > most:  # files of /proc say that they are empty
        raise UnreadableImage("too_many_bytes", f"more than {most:,}")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnreadableImage("changed_while_read")
    return data


def _reason(path: Path, error: OSError) -> UnreadableImage | FileNotFoundError:
    """What an error of the operating system means; a link that leads nowhere is there, a missing file is not."""
    reason = of_os_error(error)
    if reason.code != "missing":
        return reason
    return UnreadableImage("link_to_nothing") if path.is_symlink() else FileNotFoundError(path.name)
