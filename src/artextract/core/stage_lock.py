"""One run of a stage at a time in a checkout: a lock in the checkout itself, whoever runs the stage and from where."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.parent import GRACE, by_dvc, checkout_root

FOLDER = Path(".dvc/tmp/artextract")  # DVC's folder for passing things: neither git nor DVC looks into it


def lock_file(name: str) -> Path:
    """The file that a run of the stage locks.

    It is in the checkout: two users, each with a cache of their own, share it. A collection has files of its own, and
    so has the checkout of a queued experiment. Outside of a checkout the file is in the user's cache.

    Args:
        name: Name of the stage.
    """
    root = checkout_root()
    if root is None:
        return cache_folder() / "locks" / f"{name}-{content_key(str(Path.cwd()), sys.argv[1:])}.lock"
    inside = os.path.relpath(os.getcwd(), root)
    return Path(root) / FOLDER / f"{name}-{content_key(inside, sys.argv[1:])}.lock"


@contextmanager
def stage_lock(name: str) -> Iterator[None]:
    """Hold the lock of a stage while the block runs.

    A run whose DVC was killed has a few seconds to end: so long is waited for under DVC.

    Args:
        name: Name of the stage.

    Raises:
        ArtExtractError: Another run holds it, or the lock cannot be taken here.
    """
    from filelock import FileLock, Timeout

    path = lock_file(name)
    try:
        allowed = _make_folders(path.parent)
        lock = FileLock(path, mode=0o666 & allowed)
        lock.acquire(timeout=GRACE + 1 if by_dvc() else 0)
    except Timeout:
        raise ArtExtractError(
            f"stage {name} is already running in this checkout",
            where=str(path),
            remedy="wait for it to end, or stop that process",
        ) from None
    except (OSError, NotImplementedError) as error:
        raise ArtExtractError(
            f"the lock of this checkout cannot be taken: {getattr(error, 'strerror', None) or error}; "
            f"you are {_user(os.geteuid())}, and the checkout belongs to {_owner(path)}",
            where=str(path),
            remedy="work in a clone of your own on a disk of this machine, or let the owner share this one "
            "(`chmod -R g+w .`)",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _make_folders(folder: Path) -> int:
    """Make the folder of the locks; the permissions that a lock may have: whoever may write into .dvc may take it."""
    dvc = folder.parents[1]
    if dvc.name != ".dvc":
        folder.mkdir(parents=True, exist_ok=True)
        return 0o644
    allowed = stat.S_IMODE(dvc.stat().st_mode)
    for part in (folder.parent, folder):
        if not part.is_dir():
            part.mkdir(exist_ok=True)
            part.chmod(allowed)
    return allowed


def _owner(path: Path) -> str:
    existing = next(part for part in (path, *path.parents) if part.exists())
    return _user(existing.stat().st_uid)


def _user(number: int) -> str:
    """The name of a user, or their number."""
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return f"user {number}"
