"""Problems of disk, permissions and memory in words: what happened, where, whose folder it is, and the remedy.

Libraries say them in many ways: as an ``OSError`` with or without a number, as a ``RuntimeError`` of C++, or as an
error of Rust that has the number in its text.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.folders import cache_folder

FULL = (errno.ENOSPC, errno.EDQUOT)
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
AGAIN = "start the same command again: finished work is kept"
PROBLEMS = {
    errno.ENOSPC: "the disk is full; nothing was left half-written",
    errno.EDQUOT: "your quota on this disk is used up; nothing was left half-written",
    errno.EFBIG: "the file would be larger than is allowed here; nothing was left half-written",
    errno.EROFS: "this is on a file system that is mounted read-only",
    errno.EIO: "the disk reports an error of its own (input/output error)",
    errno.EMFILE: "this process has too many open files",
    errno.ENFILE: "this machine has too many open files",
}
REMEDIES = {
    errno.ENOSPC: f"free some space and {AGAIN}",
    errno.EDQUOT: f"delete some of your files, or ask for a larger quota, and {AGAIN}",
    errno.EFBIG: f"raise the limit (`ulimit -f unlimited`), or use another file system, and {AGAIN}",
    errno.EIO: "look at the disk and its cable (`dmesg`), and copy what is on it to another one",
    errno.EMFILE: "raise the limit (`ulimit -n 4096`)",
    errno.ENFILE: "close other programs",
}
# How Rust (safetensors, tokenizers) and Python (copies of folders, workers) put an OSError into a text.
NUMBER = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")
TEXTS = {os.strerror(number): number for number in (*FULL, errno.EFBIG, errno.EROFS, errno.EIO)}  # as C++ puts them
NUMPY = re.compile(r"\d+ requested and \d+ written")  # numpy's OSError of a write that was cut short has no number
MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|bad_alloc|bad allocation|ALLOC_FAILED", re.IGNORECASE
)


def in_words(error: BaseException, where: Path | str | None = None) -> ArtExtractError | None:
    """A problem of disk, permissions or memory as a message for the user; None for any other error.

    A file that is missing is a user's problem too where the error names it, unless the error was only raised while
    that was being handled.

    Args:
        error: What was raised; what it was raised from counts too.
        where: The file that was being written or read, where the error does not name it.
    """
    for link, meant in _chain(error):
        if isinstance(link, ArtExtractError) and meant:
            return link
        if isinstance(link, MemoryError) or (isinstance(link, RuntimeError) and MEMORY.search(str(link))):
            return _memory(link)
        number = number_of(link)
        if number is not None and (meant or number in (*FULL, errno.EFBIG, errno.EIO)):
            return _disk(link, number, where)
    return None


def number_of(error: BaseException) -> int | None:
    """The ``errno`` of an error that has one, in its attribute or in its text; None for any other."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    text = str(error)
    if isinstance(error, OSError) and NUMPY.search(text):
        return errno.ENOSPC
    if named := NUMBER.search(text):
        return int(named[1] or named[2])
    return next((number for told, number in TEXTS.items() if told.lower() in text.lower()), None)


def _chain(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """The error, and those that it was raised from, or while they were handled (False: it may be another matter)."""
    link: BaseException | None = error
    meant, seen = True, set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link, meant
        meant = meant and link.__cause__ is not None
        link = link.__cause__ or link.__context__


def _memory(error: BaseException) -> ArtExtractError:
    first = (str(error).splitlines() or [""])[0].strip()
    on_gpu = "cuda" in first.lower() or "gpu" in first.lower()
    return ArtExtractError(
        f"the memory of the {'GPU' if on_gpu else 'machine'} does not suffice{f': {first[:200]}' if first else ''}",
        remedy="lower batch_size or the number of works in params.yaml, or close other programs that use it",
    )


def _disk(error: BaseException, number: int, where: Path | str | None) -> ArtExtractError | None:
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)
    named = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else None
    near = where is None or named is None or Path(named).parent == Path(where).parent
    written = where is not None and (near or number in (*FULL, errno.EFBIG))  # and not by its temporary name
    place = str(where) if written else named
    if number in UNWRITABLE:
        if place is None:  # of no file: a port, a process
            return ArtExtractError(os.strerror(number).lower(), remedy="ask for something that this user may do")
        return _unwritable(Path(place), number)
    if number in PROBLEMS:
        return ArtExtractError(PROBLEMS[number], where=place, remedy=REMEDIES.get(number, "") + _elsewhere(place))
    if place is None:
        return None
    return ArtExtractError((getattr(error, "strerror", "") or os.strerror(number)).lower(), where=place)


def _unwritable(path: Path, number: int) -> ArtExtractError:
    """Names the folder or file that is in the way, and its owner."""
    path = path.absolute()
    there = next((part for part in (path, *path.parents) if os.path.lexists(part)), Path("/"))
    if there.is_file() and os.access(there, os.R_OK | os.W_OK):  # replacing or removing a file is up to its folder
        there = there.parent
    kind = "folder" if there.is_dir() else "file"
    if number == errno.EROFS:
        problem = f"{PROBLEMS[number]}: {there}"
    else:
        mode = stat.filemode(there.lstat().st_mode)
        problem = f"the {kind} {there} belongs to {owner(there)} ({mode}), and {owner()} has no permission for this"
    remedy = _elsewhere(str(path)).removeprefix("; or ")
    if not remedy:
        remedy = "use a folder that may be written" if number == errno.EROFS else _to_own(there)
    return ArtExtractError(problem, where=str(path), remedy=remedy)


def _to_own(path: Path) -> str:
    """What gives the user of this process the right to a file or folder."""
    if owner() == owner(path):
        return f"`chmod u+rwX {path}`"
    return f"use a folder of your own, or have this one given to you: `sudo chown -R {owner()} {path}`"


def owner(path: Path | None = None) -> str:
    """Name of the owner of a file, or of the user of this process; the number where it has no name."""
    import pwd

    try:
        number = os.getuid() if path is None else path.lstat().st_uid
    except OSError:
        return "somebody else"
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _elsewhere(place: str | None) -> str:
    """The remedy that only the cache has: it may be anywhere."""
    if place is None or not Path(place).absolute().is_relative_to(cache_folder()):
        return ""
    return f"; or keep the cache ({cache_folder()}) in another place: export ARTEXTRACT_CACHE=FOLDER"
