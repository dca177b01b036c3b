"""Kept work that is checked before it is believed: a file or folder in the cache, and its seal.

``NAME.seal`` beside a file holds its size and its SHA-256; that of a folder those of every file in it. What is missing,
cut, flipped, or without a seal is dropped with one line on stderr, and made anew. The seal is written first and the
work moved to its name last: a kill between the two leaves nothing that would be believed, or that would be refused.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from artextract.core import shared
from artextract.core.atomic import (
    disk_is_full,
    problems_of,
    sync_tree,
    temporary_folder,
    write_bytes,
    write_text,
)
from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes, sha256_file
from artextract.core.folders import cache_folder
from artextract.core.temporary import sweep

SEAL, LOCK = ".seal", ".lock"

Make = Callable[[Path], object]  # makes a file or folder at the path that it is given


def seal(path: Path) -> None:
    """Write the seal of a file or folder, whatever it holds now."""
    write_text(_seal_of(path), json.dumps(_description(path)))


def is_intact(path: Path) -> bool:
    """Whether a file or folder is there, sealed, and what it was when it was sealed."""
    sealed = _read_seal(path)
    try:
        if not sealed or path.is_symlink():
            return False
        if path.is_file():  # the size first: nothing is read of a file that was cut
            size, sha256 = path.stat().st_size, sealed.get("sha256")
            return size == sealed.get("size") and sha256_file(path) == sha256
        return path.is_dir() and _description(path) == sealed
    except OSError:
        return False


def kept_file(path: Path, make: Make, what: str) -> Path:
    """A file or folder of the cache, as it is where it is intact; fetched from the shared layer, or made, where not.

    Args:
        path: Its place. Two processes that want it at once make it once.
        make: Called with a temporary path of the same name; the file or folder is moved to its place afterwards.
        what: What it is, for the line about a damaged one: "converted weights".

    Raises:
        ArtExtractError: The disk is full, or the cache may not be written.
    """
    with problems_of(path), locked(path):
        if not dropped_unless_intact(path, what) and not _fetched(path):
            make_kept(path, make)
        shared.offer(path, _read_seal(path))
    return path


def _fetched(path: Path) -> bool:
    """Whether the shared layer had it, intact; then it is in its place."""
    if shared.store() is None:
        return False
    with temporary_folder(path) as folder:
        found = shared.fetch(path, folder)
        if found is None:
            return False
        new, sealed = found
        if _description(new) != sealed:
            print(f"the shared copy of {path.name} is damaged; it is made anew", file=sys.stderr, flush=True)
            shared.drop(path)
            return False
        sync_tree(new)
        put(new, path)
        return True


def make_kept(path: Path, make: Make) -> None:
    """Make a file or folder, seal it and give it its name; for callers that hold a lock of their own.

    Args:
        path: Its place.
        make: See ``kept_file``.

    Raises:
        ArtExtractError: The disk is full, or the cache may not be written.
    """
    open_folder(path.parent)
    with temporary_folder(path) as folder:
        new = folder / path.name
        make(new)
        if disk_is_full(folder):  # before the seal: some writers end early without an error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        sync_tree(new)
        put(new, path)


def keep_bytes(path: Path, data: bytes) -> None:
    """Write a sealed file.

    Raises:
        ArtExtractError: The disk is full, or the cache may not be written.
    """
    open_folder(path.parent)
    write_text(_seal_of(path), json.dumps({"size": len(data), "sha256": sha256_bytes(data)}))
    _clear(path)
    write_bytes(path, data)


def put(new: Path, path: Path) -> None:
    """Seal a finished file or folder and give it its name, in this order; both are on one disk."""
    _clear(path, even_files=new.is_dir())
    write_text(_seal_of(path), json.dumps(_description(new)))
    os.replace(new, path)


def dropped_unless_intact(path: Path, what: str) -> bool:
    """Whether ``path`` is intact; what is there and is not is removed, with one line that says so."""
    if is_intact(path):
        return True
    if os.path.lexists(path):
        why = "was damaged" if os.path.lexists(_seal_of(path)) else "has no seal, as from an earlier version"
        print(f"{what}: {path} {why}; it is made anew", file=sys.stderr, flush=True)
        remove(path)
    return False


def remove(path: Path) -> None:
    """Remove a file or folder, whatever it is; its seal too where it has one."""
    for place in (path, _seal_of(path)):
        _clear(place, even_files=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a kept file or folder; its folder is made, and cleared of the left-overs of killed writers."""
    from filelock import FileLock

    open_folder(path.parent)
    lock = path.with_name(path.name + LOCK)
    _clear(lock)
    with FileLock(lock):
        sweep(path.parent)
        yield


def open_folder(folder: Path) -> Path:
    """Make a folder of the cache; something else in the cache that has its name is dropped with one line.

    Raises:
        ArtExtractError: What is in the way is not in the cache.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        blocking = next(part for part in (folder, *folder.parents) if os.path.lexists(part) and not part.is_dir())
        if cache_folder() not in blocking.parents:
            raise ArtExtractError(
                "is a file, or a link that leads nowhere, and a folder is needed here",
                where=str(blocking),
                remedy="give it another name, or export ARTEXTRACT_CACHE=FOLDER",
            ) from None
        print(f"{blocking} is no folder, as it was to be; it is made anew", file=sys.stderr, flush=True)
        blocking.unlink()
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _clear(path: Path, *, even_files: bool = False) -> None:
    """Make room for a file where a folder or a link has its name."""
    if path.is_symlink() or (even_files and not path.is_dir()):
        path.unlink(missing_ok=True)
    elif path.is_dir():
        shutil.rmtree(path)


def _seal_of(path: Path) -> Path:
    place = path.with_name(path.name + SEAL)
    _clear(place)
    return place


def _read_seal(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        sealed = json.loads(path.with_name(path.name + SEAL).read_text(encoding="utf-8"))
        return sealed if isinstance(sealed, dict) else {}
    return {}


def _description(path: Path) -> dict[str, Any]:
    """Size and hash of a file; of a folder, those of all its files by their names."""
    if not path.is_dir():
        return {"size": path.stat().st_size, "sha256": sha256_file(path)}
    parts = sorted(part for part in path.rglob("*") if not part.is_dir())
    return {"files": {part.relative_to(path).as_posix(): _description(part) for part in parts}}
