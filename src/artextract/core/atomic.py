"""The one writer: a file appears under its final name complete or not at all, and says why where it cannot.

Temporary name in the same folder (``core/temporary.py``), fsync, ``os.replace``.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.temporary import make_temporary_folder, open_temporary
from artextract.core.words import FULL, in_words, number_of

BLOCK = 1 << 20
PROBE = 1 << 16
TOLD = (*FULL, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE)


class Output(io.BufferedIOBase):
    """A file that remembers why a write failed: libraries turn the reason into errors that no longer name it."""

    def __init__(self, descriptor: int):
        """Take over an open descriptor."""
        self._file = os.fdopen(descriptor, "wb", buffering=BLOCK)
        self.error: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write all of ``data``."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Hand everything to the system."""
        if not self._file.closed:
            self._file.flush()

    def sync(self) -> None:
        """Bring everything to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def tell(self) -> int:
        """Bytes written so far, or where ``seek`` went."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to another place, as archives do that put sizes into headers."""
        return self._file.seek(offset, whence)

    def writable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def close(self) -> None:
        """Close, without an error where the rest cannot be written any more."""
        with suppress(OSError):
            self._file.close()
        super().close()


@contextmanager
def atomic(path: Path) -> Iterator[Output]:
    """Open ``path`` for writing; it appears only when the block ends without an error.

    Raises:
        ArtExtractError: The disk is full, or nothing may be written here.
    """
    with problems_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, descriptor = open_temporary(path)
        handle = Output(descriptor)
        try:
            yield handle
            handle.sync()
            os.replace(temporary, path)
        except Exception as error:
            if handle.error is not None and error is not handle.error:
                raise handle.error from error
            raise
        finally:
            temporary.unlink(missing_ok=True)
            handle.close()  # last: the lock goes with it


@contextmanager
def problems_of(path: Path) -> Iterator[None]:
    """Say in words why ``path`` cannot be written, where the disk or its permissions are the reason.

    Raises:
        ArtExtractError: They are.
    """
    try:
        yield
    except ArtExtractError:
        raise
    except Exception as error:
        if number_of(error) not in TOLD:
            raise
        told = in_words(error, path)
        assert told is not None
        raise told from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` atomically."""
    with atomic(path) as handle:
        handle.write(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode())


def copy_file(source: Path | str, target: Path | str) -> None:
    """Copy a file's content atomically; links, owner and permissions are not taken over."""
    with Path(source).open("rb") as handle, atomic(Path(target)) as out:
        shutil.copyfileobj(handle, out, BLOCK)


def move_file(source: Path, target: Path) -> None:
    """Give a file another name; where that is on another disk, as a copy that appears whole or not at all."""
    with problems_of(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    copy_file(source, target)
    source.unlink()


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """An empty folder next to ``path``, to make something in that is moved to ``path`` when it is complete.

    What is left in it when the block ends is removed.

    Raises:
        ArtExtractError: The disk is full, or nothing may be written here.
    """
    with problems_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder, descriptor = make_temporary_folder(path)
        try:
            yield folder
        except ArtExtractError as error:  # names the place that was meant, as the temporary one is gone
            if str(folder) not in (error.where or ""):
                raise
            where = str(error.where).replace(str(folder), str(path.parent))
            raise ArtExtractError(error.problem, where=where, remedy=error.remedy) from error
        except Exception as error:
            if number_of(error) not in TOLD and disk_is_full(folder):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def disk_is_full(folder: Path) -> bool:
    """Whether not even a small file can be written: C++ libraries report a full disk as anything, or not at all."""
    probe = folder / "probe"
    try:
        with probe.open("wb", buffering=0) as handle:
            written = handle.write(bytes(PROBE))  # NFS may refuse only as it is closed
        return written < PROBE
    except OSError as error:
        return error.errno in FULL
    finally:
        probe.unlink(missing_ok=True)


def sync_tree(path: Path) -> None:
    """Bring a file, or all files of a folder, to the disk."""
    for part in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if part.is_file():
            descriptor = os.open(part, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
