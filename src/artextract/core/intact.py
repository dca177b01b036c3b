"""Files of a pipeline are what the stages wrote: checked against dvc.lock before they are read.

DVC believes a read-only object of its cache, and what it has linked from there, without reading it. A byte that was
flipped on a disk or on a remote would pass through index, arrays and networks into every number.

Shards (``.tar``) are left out: each image in them is checked when it is read, against the index.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.locked import Locked, Out, caches, folder_md5, md5_file, object_in
from artextract.core.temporary import sweep

UNCHECKED = ".tar"
SMALL = 100_000_000  # bytes of a folder that is read whole where the list of its files is missing


@dataclass(frozen=True)
class Damaged:
    """A file that is not what a stage wrote.

    Attributes:
        path: The file, as its reader would open it.
        stage: The stage that wrote it.
        found: MD5 of what is there; "" where nothing is.
        wanted: MD5 in dvc.lock.
    """

    path: Path
    stage: str
    found: str
    wanted: str


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def wanted_files(locked: Locked, reads: Iterable[str]) -> Iterator[tuple[Path, Out, str]]:
    """The files among those that a stage reads whose hash is known: path, out that they belong to, MD5.

    Args:
        locked: dvc.lock.
        reads: Files and folders, relative to the folder of dvc.lock.
    """
    read = list(reads)
    for out in locked.outs:
        if not any(_inside(path, out.path) or _inside(out.path, path) for path in read):
            continue
        files = locked.files(out)
        if files is None:
            folder = locked.folder / out.path
            if any(_inside(out.path, path) for path in read) and 0 < _bytes_in(folder) < SMALL:
                yield folder, out, out.md5
            continue
        for name, md5 in files.items():
            if not name.endswith(UNCHECKED) and any(_inside(name, path) for path in read):
                yield locked.folder / name, out, md5


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def damaged(locked: Locked, reads: Iterable[str], known: dict[str, Any] | None = None) -> list[Damaged]:
    """The files among those that are read that are not what their stage wrote.

    Args:
        locked: dvc.lock.
        reads: Files and folders, relative to the folder of dvc.lock.
        known: Hashes of files by path, size, time and place on the disk; completed. None: every file is read.
    """
    found = []
    for path, out, md5 in wanted_files(locked, reads):
        here = _hash(path, known)
        if here != md5 and known and known.pop(str(path.resolve()), None):
            here = _hash(path, known)  # what is remembered may be what is damaged
        if here != md5:
            found.append(Damaged(path, out.stage, here, md5))
    return found


def _hash(path: Path, known: dict[str, Any] | None) -> str:
    if path.is_dir():
        return folder_md5(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        return ""
    key = str(path.resolve())
    state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    if known is not None and isinstance(known.get(key), Mapping) and known[key].get("state") == state:
        return str(known[key].get("md5"))
    md5 = md5_file(path)
    if known is not None:
        known[key] = {"state": state, "md5": md5}
    return md5


def refuse(found: list[Damaged], folder: Path) -> None:
    """Stop where files are damaged.

    Args:
        found: The damaged files.
        folder: The folder of dvc.lock.

    Raises:
        ArtExtractError: Names the first one, how many there are, and the remedy.
    """
    if not found:
        return
    first = found[0]
    more = f"; {len(found) - 1} more like this" if len(found) > 1 else ""
    what = f"its MD5 is {first.found}" if first.found else "it is missing"
    parent = folder.resolve().parent
    collection = f" --collection {folder.resolve().name}" if parent.name == "collections" else ""
    raise ArtExtractError(
        f"not what stage {first.stage} wrote: {what}, and dvc.lock says {first.wanted}{more}",
        where=str(first.path),
        remedy=f"`artextract verify --repair{collection}` takes it from DVC's cache or a remote, or says which stage "
        f"has to run again. Changed on purpose, or by a stage that was started by hand: `dvc commit {first.stage}`",
    )


def require_intact(*paths: Path) -> None:
    """Refuse files of a pipeline that are not what its stages wrote; a command calls this before it reads them.

    Files that are in no pipeline are not known, and so is one that another run has written: its content is in DVC's
    cache. What was checked is remembered until the file changes. A stage has checked what it reads when it began.

    Args:
        paths: Files and folders.

    Raises:
        ArtExtractError: See ``refuse``.
    """
    if "DVC_STAGE" in os.environ:
        return
    pipelines: dict[Path, list[str]] = {}
    for path in map(Path.absolute, paths):
        folder = next((parent for parent in path.parents if (parent / "dvc.lock").is_file()), None)
        if folder is not None:
            pipelines.setdefault(folder, []).append(path.relative_to(folder).as_posix())
    for folder, reads in pipelines.items():
        memory = cache_folder() / "checked" / f"{content_key(str(folder))}.json"
        known = _read(memory)
        before = json.dumps(known)
        found = [file for file in damaged(Locked(folder), reads, known) if not _of_another_run(file, folder)]
        if json.dumps(known) != before:
            _remember(memory, known)
        refuse(found, folder)


def intact_content(content: bytes, md5: str | None, tracked: str) -> bytes:
    """Content that was read from DVC's cache, if it is what its name says.

    Args:
        content: What was read.
        md5: Its hash in dvc.lock of that revision; None for a file of git's.
        tracked: Its path in the repository.

    Raises:
        ArtExtractError: The object in the cache is damaged.
    """
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 and found != md5:
        raise ArtExtractError(
            f"DVC's cache holds something else under {md5}: its MD5 is {found}",
            where=tracked,
            remedy="`artextract verify --repair` drops what is damaged; `dvc fetch`, or `dvc repro` at that commit, "
            "brings it back",
        )
    return content


def _of_another_run(file: Damaged, folder: Path) -> bool:
    """True for a file that is missing, which its reader says better, or that is a whole object of DVC's cache."""
    return not file.found or any(object_in(cache, file.found).is_file() for cache in caches(folder))


def _read(memory: Path) -> dict[str, Any]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(memory: Path, known: Mapping[str, Any]) -> None:
    sweep(memory.parent)
    try:
        write_text(memory, json.dumps(known))
    except (OSError, ArtExtractError):  # a full or foreign cache costs the next start some time, and nothing else
        pass
