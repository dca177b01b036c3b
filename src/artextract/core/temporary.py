"""Temporary files and folders next to what they will be, and the sweeping of those whose writer was killed.

Each is locked (``flock``) for as long as its writer lives: whoever gets the lock knows that the writer is dead, in this
container or in another one.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

TEMPORARY = re.compile(r"\..+?\.(\d+)(\.\d+)?\.tmp")  # .NAME.PROCESS.COUNT.tmp; earlier versions had no count, no lock
NAME = 40  # letters of the final name in a temporary one: a name has 255 bytes at most

_counter = itertools.count()


def sweep(folder: Path, *, deep: bool = False) -> int:
    """Remove temporary files and folders of writers that are dead; never those of a live one.

    Args:
        folder: Where to look; need not exist.
        deep: Look into the folders below it too.

    Returns:
        How many were removed.
    """
    found = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if name := TEMPORARY.fullmatch(entry.name):
                found += (name[2] is not None or not _lives(int(name[1]))) and _removed(Path(entry.path))
            elif deep and entry.is_dir(follow_symlinks=False):
                found += sweep(Path(entry.path), deep=True)
    return found


def _lives(process: int) -> bool:
    """Whether a process of this number is there; True where that cannot be known."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _removed(path: Path) -> bool:
    """Remove a temporary file or folder unless its writer lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if not _locked(descriptor):
            return False
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        return not path.exists()
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock that tells a live writer; False where another has it, or the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name[:NAME]}.{os.getpid()}.{next(_counter)}.tmp")


def open_temporary(path: Path) -> tuple[Path, int]:
    """A new temporary file, locked; made again where a sweeper took it between its making and its lock."""
    while True:
        temporary = _temporary_name(path)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:  # of a dead process that had this number
            continue
        _locked(descriptor)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)


def make_temporary_folder(path: Path) -> tuple[Path, int]:
    """As ``open_temporary``, for a folder."""
    while True:
        folder = _temporary_name(path)
        with suppress(FileExistsError, FileNotFoundError):
            folder.mkdir()
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            _locked(descriptor)
            if folder.is_dir():
                return folder, descriptor
            os.close(descriptor)
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
