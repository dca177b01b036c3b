"""Folders for work that takes long and is taken up again after a kill."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from artextract.core.atomic import problems_of
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import LOCK, locked, open_folder
from artextract.core.temporary import sweep

ABANDONED = 30 * 24 * 3600  # seconds without a change in a folder that nobody holds


@contextmanager
def scratch(kind: str, *key: Any) -> Iterator[Path]:
    """A folder for resumable work, keyed by content and held by one process at a time.

    After a kill, the next run gets the same folder and finds the finished parts in it. The caller removes the folder
    (``discard``) when its result has its final name. What was killed and never asked for again goes after 30 days.
    """
    folder = cache_folder() / "scratch" / f"{kind}-{content_key(*key)}"
    with ExitStack() as held:
        with problems_of(folder):  # not those of the caller's block
            held.enter_context(locked(folder))
            sweep(open_folder(folder), deep=True)
            os.utime(folder)
            forget_abandoned(folder.parent)
        yield folder


def discard(folder: Path) -> None:
    """Remove a scratch folder that has served its purpose."""
    shutil.rmtree(folder, ignore_errors=True)


def forget_abandoned(place: Path) -> None:
    """Remove the folders of killed work that nobody has taken up for ``ABANDONED`` seconds, and that nobody holds.

    Their key will hardly come again: parameters, data or code have changed since. One that is held is left alone.

    Args:
        place: The folder of all scratch folders.
    """
    from filelock import FileLock

    for folder in place.iterdir():
        try:
            if folder.is_dir() and time.time() - folder.stat().st_mtime > ABANDONED:
                with FileLock(folder.with_name(folder.name + LOCK), timeout=0):
                    discard(folder)
        except OSError:  # it is held (a TimeoutError), gone, or of another user
            continue
