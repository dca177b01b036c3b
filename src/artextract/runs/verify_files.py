"""What a pipeline has to hold, by the MD5 of the content, and what is found in each place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from artextract.core.locked import Locked, Out, hashes_in, list_of_files, md5_file, md5_of_list
from artextract.runs.verify_stores import ABSENT, Cache, Remote, Store, is_whole

Show = Callable[[Iterable[str], str], Iterable[str]]  # progress over objects or files, with a name


@dataclass
class Wanted:
    """A content that a pipeline has to hold.

    Attributes:
        md5: Its hash in dvc.lock, or in the list of a folder's files.
        stages: Stages that wrote it, as `dvc repro` takes them.
        files: Its places among the data. None for the list of a folder's files.
        content: The content of such a list, where it is known.
        data: What was found at each place, by MD5.
    """

    md5: str
    stages: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    content: bytes | None = None
    data: dict[Path, str] = field(default_factory=dict)


def listing(out: Out, folder: Path, stores: Iterable[Store], scratch: Path) -> bytes | None:
    """The list of a folder's files: from the first store that has it whole, or made from the files themselves.

    Args:
        out: The folder in dvc.lock.
        folder: Its place among the data.
        stores: Where to look.
        scratch: A folder for what is read.
    """
    for store in stores:
        for _, found in store.hashes([out.md5]):
            if is_whole(out.md5, found):
                store.fetch(out.md5, scratch / "listing")
                return (scratch / "listing").read_bytes()
    content = list_of_files(hashes_in(folder)) if folder.is_dir() else b""
    return content if md5_of_list(content) == out.md5 else None


def wanted(locked: Locked, called: str, stores: Iterable[Store], scratch: Path) -> tuple[dict[str, Wanted], list[Out]]:
    """What dvc.lock of a pipeline names: contents by MD5, and the folders of which no list is to be had.

    Args:
        locked: dvc.lock.
        called: In front of a stage's name for `dvc repro`: "", or dvc.yaml of a collection and ":".
        stores: Where lists of folders may be.
        scratch: A folder for what is read.
    """
    found: dict[str, Wanted] = {}
    unlisted = []
    for out in locked.outs:
        if not locked.cached.get(out.path, True):
            continue
        whole = found.setdefault(out.md5, Wanted(out.md5))
        whole.stages.append(called + out.stage)
        if not out.is_folder:
            whole.files.append(locked.folder / out.path)
            continue
        whole.content = listing(out, locked.folder / out.path, stores, scratch)
        if whole.content is None:
            unlisted.append(out)
            continue
        for entry in json.loads(whole.content):
            part = found.setdefault(entry["md5"], Wanted(entry["md5"]))
            part.stages.append(called + out.stage)
            part.files.append(locked.folder / PurePosixPath(out.path, entry["relpath"]))
    return found, unlisted


def look_at_data(objects: dict[str, Wanted], outs: Iterable[Path], show: Show) -> int:
    """Read every file of the data.

    Args:
        objects: Completed by what was found.
        outs: Files and folders that stages wrote. What is not here at all was not asked for: a clone without data.
        show: Shows progress.

    Returns:
        Number of files that were read.
    """
    here = [path for path in outs if path.exists()]
    owner = {str(file): one for one in objects.values() for file in one.files}
    read = [name for name in owner if any(Path(name) == path or path in Path(name).parents for path in here)]
    for name in show(read, "data"):
        owner[name].data[Path(name)] = md5_file(Path(name)) if Path(name).is_file() else ABSENT
    return sum(Path(name).is_file() for name in read)


def look_into(store: Cache | Remote, objects: Iterable[str], show: Show) -> dict[str, str]:
    """The MD5 of each object's content in a store; ``ABSENT`` where it is not there."""

    def hashes() -> Iterator[tuple[str, str]]:
        names = list(objects)
        shown = iter(show(names, store.name))
        for pair in store.hashes(names):
            next(shown, None)
            yield pair
        for _ in shown:
            pass

    return dict(hashes())
