"""Damaged objects of DVC's cache whose content a stage has just written again.

DVC takes a read-only object for whole: it would keep the damaged one, and put it in the place of the stage's new file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from artextract.core.locked import caches, hashes_in, list_of_files, md5_file, md5_of_list, object_in


def drop_damaged_objects(outs: Iterable[str]) -> list[Path]:
    """Remove objects that should hold what these files hold, and do not; DVC then stores the files anew.

    Args:
        outs: Files and folders that a stage has written.

    Returns:
        The objects that were removed.
    """
    cache = next((place for place in caches(Path()) if (place / "files/md5").is_dir()), None)
    if cache is None:
        return []
    damaged = [path for md5 in _hashes(outs) if _is_damaged(path := object_in(cache, md5), md5)]
    for path in damaged:
        try:
            path.unlink(missing_ok=True)
            print(f"a damaged object of DVC's cache was dropped, and is stored anew: {path}", file=sys.stderr)
        except OSError as error:
            print(f"a damaged object of DVC's cache cannot be dropped: {path}: {error.strerror}", file=sys.stderr)
    return damaged


def _hashes(outs: Iterable[str]) -> Iterable[str]:
    for path in map(Path, outs):
        if path.is_dir():
            hashes = hashes_in(path)
            yield md5_of_list(list_of_files(hashes))
            yield from hashes.values()
        elif path.is_file():
            yield md5_file(path)


def _is_damaged(path: Path, md5: str) -> bool:
    return path.is_file() and md5_file(path) != md5.partition(".")[0]
