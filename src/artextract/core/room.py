"""Room on a disk, looked at before something large is written: better than to find out after an hour."""

from __future__ import annotations

import shutil
from pathlib import Path

from artextract.core.errors import ArtExtractError


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin where the disk has less room than what is certainly needed.

    Args:
        folder: Where it will be written; need not be there.
        needed: Bytes, or fewer: a disk that becomes full later ends in words too.
        what: What will be written, for the message.

    Raises:
        ArtExtractError: There is less.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    usage = shutil.disk_usage(there)
    if usage.total and usage.free < needed:  # some file systems do not count
        raise ArtExtractError(
            f"{what} take at least {needed / 2**20:,.0f} MiB, and {usage.free / 2**20:,.0f} MiB are free",
            where=str(folder),
            remedy="free some space, or name another disk in ARTEXTRACT_CACHE; nothing was written",
        )


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder: of work that a killed run has left and that is taken up."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
