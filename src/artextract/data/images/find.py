"""The picture of a work by the stem of its name: whatever accepted suffix it has, in any case."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.data.images.formats import begins_like_an_image, image_suffixes
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import open_regular

FIRST = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")  # where several are there, the first of these is taken


@dataclass(frozen=True)
class Found:
    """What there is for a stem.

    Attributes:
        path: The picture; None where there is none.
        others: Names of files of this stem that are not taken, sorted.
    """

    path: Path | None
    others: tuple[str, ...] = ()


class PictureFolder:
    """The files of one folder by their stems; the folder is looked at once."""

    def __init__(self, folder: Path):
        """Look at the names.

        Args:
            folder: Need not be there; links to files are followed, sub-folders are not entered.

        Raises:
            ArtExtractError: The folder cannot be read.
        """
        self._folder = folder
        self._names: dict[str, list[str]] = {}
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            names = []
        except OSError as error:
            raise ArtExtractError(
                f"the folder cannot be read: {error.strerror}", where=str(folder), remedy="give yourself the right to"
            ) from error
        for name in sorted(names):
            if not name.startswith("."):
                self._names.setdefault(name.split(".", 1)[0], []).append(name)

    def find(self, stem: str) -> Found:
        """The picture that is called like this.

        Args:
            stem: Name without suffix, ``1``; it may hold dots.
        """
        same = self._names.get(stem.split(".", 1)[0], [])
        named = [name for name in same if name == stem or name.startswith(f"{stem}.")]
        pictures = [n for n in named if n[len(stem) :].lower() in image_suffixes() and not (self._folder / n).is_dir()]
        if not pictures and stem in named and _is_image(self._folder / stem):
            pictures = [stem]  # without a suffix, by its content
        chosen = min(pictures, key=lambda name: _rank(name[len(stem) :]), default=None)
        return Found(None if chosen is None else self._folder / chosen, tuple(n for n in named if n != chosen))


def _rank(suffix: str) -> tuple[int, str, bool, str]:
    low = suffix.lower()
    return (FIRST.index(low) if low in FIRST else len(FIRST), low, suffix != low, suffix)


def _is_image(path: Path) -> bool:
    try:
        with open_regular(path) as handle:
            return begins_like_an_image(handle)
    except (OSError, UnreadableImage):
        return False


def is_picture_name(name: str) -> bool:
    """Whether a name has an accepted suffix, in any case."""
    return os.path.splitext(name)[1].lower() in image_suffixes()
