"""Folders for work that takes long and is taken up again after a kill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from artextract.core.atomic import problems_of
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import locked, open_folder
from artextract.core.temporary import sweep


@contextmanager
def scratch(kind: str, *key: Any) -> Iterator[Path]:
    """A folder for resumable work, keyed by content and held by one process at a time.

    After a kill, the next run gets the same folder and finds the finished parts in it. The caller removes the folder
    (``discard``) when its result has its final name.
    """
    folder = cache_folder() / "scratch" / f"{kind}-{content_key(*key)}"
    with ExitStack() as held:
        with problems_of(folder):  # not those of the caller's block
            held.enter_context(locked(folder))
            sweep(open_folder(folder), deep=True)
        yield folder


def discard(folder: Path) -> None:
    """Remove a scratch folder that has served its purpose."""
    shutil.rmtree(folder, ignore_errors=True)
