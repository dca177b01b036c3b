"""Files of a pipeline are what the stages wrote: checked against dvc.lock before they are read.

DVC believes a read-only object of its cache, and what it has linked from there, without reading it. A byte that was
flipped on a disk or on a remote would pass through index, arrays and networks into every number.

Shards (``.tar``) are left out: each image in them is checked when it is read, against the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.known_hashes import KnownHashes
from artextract.core.locked import Locked, Out, caches, md5_of, object_in
from artextract.core.parent import by_dvc

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


def damaged(locked: Locked, reads: Iterable[str], md5_of: Callable[[Path], str] = md5_of) -> list[Damaged]:
    """The files among those that are read that are not what their stage wrote.

    Args:
        locked: dvc.lock.
        reads: Files and folders, relative to the folder of dvc.lock.
        md5_of: Gives the MD5 of a file or folder, "" where nothing is.
    """
    found = ((path, out, md5_of(path), md5) for path, out, md5 in wanted_files(locked, reads))
    return [Damaged(path, out.stage, here, md5) for path, out, here, md5 in found if here != md5]


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
    name = folder.resolve().name if parent.name == "collections" else ""
    collection, prefix = (f" --collection {name}", f"collections/{name}/dvc.yaml:") if name else ("", "")
    raise ArtExtractError(
        f"not what stage {first.stage} wrote: {what}, and dvc.lock says {first.wanted}{more}",
        where=str(first.path),
        remedy=f"`artextract verify --repair{collection}` takes it from DVC's cache or a remote, or says which "
        f"stage has to run again. Changed on purpose, or by hand: `dvc commit {prefix}{first.stage}`",
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
    if by_dvc():
        return
    pipelines: dict[Path, list[str]] = {}
    for path in map(Path.absolute, paths):
        folder = next((parent for parent in path.parents if (parent / "dvc.lock").is_file()), None)
        if folder is not None:
            pipelines.setdefault(folder, []).append(path.relative_to(folder).as_posix())
    for folder, reads in pipelines.items():
        known = KnownHashes(folder)
        if wrong := damaged(Locked(folder), reads, known.md5_of):
            known.forget(file.path for file in wrong)  # what is remembered may be what is damaged
            wrong = damaged(Locked(folder), reads, known.md5_of)
        known.save()
        found = [file for file in wrong if not _of_another_run(file, folder)]
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
