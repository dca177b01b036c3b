"""All files below a folder that the user has named: links are followed, wherever they lead, and circles are cut.

The user chose the folder, so that a style folder on another disk or a single linked picture belongs to it. Names that
lists and tables give are another matter: ``files.check_relative`` refuses those that leave their folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

DEEPEST = 40  # folders inside each other: links that lead back and forth end here


def files_below(root: Path, enter: Callable[[str], bool] = lambda name: True) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file below a folder, in an order that does not depend on the disk.

    A folder is not entered again below itself; one that is linked in two places is seen in both.

    Args:
        root: A folder.
        enter: Whether to look into a folder of this name.

    Returns:
        Relative path with slashes, and the entry; a link that leads nowhere is an entry too.

    Raises:
        OSError: A folder cannot be read.
    """
    start = os.stat(root)
    waiting: list[tuple[str, str, frozenset[tuple[int, int]]]] = [
        (str(root), "", frozenset({(start.st_dev, start.st_ino)}))
    ]
    while waiting:
        folder, prefix, above = waiting.pop()
        with os.scandir(folder) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
        folders = []
        for entry in inside:
            if not _is_folder(entry):
                yield prefix + entry.name, entry
            elif enter(entry.name):
                place = os.stat(entry.path)
                own = (place.st_dev, place.st_ino)
                if own not in above and len(above) < DEEPEST:
                    folders.append((entry.path, f"{prefix}{entry.name}/", above | {own}))
        waiting += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder; a link to itself is none, and asking about it is an error."""
    try:
        return entry.is_dir()
    except OSError:
        return False
