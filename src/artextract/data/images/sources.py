"""Sources of listed images: a folder of files, a folder of tar shards, or a zip archive, behind one interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from artextract.core.errors import ArtExtractError
from artextract.core.files import contained
from artextract.core.walk import files_below
from artextract.data.images.archives import common_top
from artextract.data.images.find import is_picture_name
from artextract.data.images.regular import read_regular
from artextract.data.images.tars import TarImages
from artextract.data.images.zips import ZipImages


class ImageSource(Protocol):
    """Images by name.

    Attributes:
        root: Folder that may hold a manifest.
    """

    root: Path

    def sizes(self) -> Mapping[str, int]:
        """Name (``Style/artist_title.jpg``) and size in bytes of every image that is there."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of one image; raises OSError or UnreadableImage where they cannot be had."""
        ...

    def reader(self, name: str) -> Callable[[], bytes]:
        """What ``read`` does for one image, as a function that can be pickled: another process may call it."""
        ...


MANIFEST = "manifest.csv"  # beside the style folders, wherever these are


class FolderImages:
    """Loose files below a folder; a common top folder is left out of the names."""

    def __init__(self, root: Path):
        """Nothing is read yet."""
        self.root = self._folder = root
        self._top = ""

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        try:
            found = {name: _size(entry.path) for name, entry in files_below(self._folder) if is_picture_name(name)}
        except OSError as error:
            raise ArtExtractError(
                f"cannot be read: {error.strerror}",
                where=str(error.filename or self._folder),
                remedy="check its permissions",
            ) from error
        self._top = common_top(found)
        if not (self._folder / MANIFEST).exists() and (self._folder / self._top / MANIFEST).exists():
            self.root = self._folder / self._top
        return {name.removeprefix(self._top): size for name, size in found.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``."""
        return self.reader(name)()

    def reader(self, name: str) -> Callable[[], bytes]:
        """See ``ImageSource``."""
        return partial(_read_in, self._folder, self._top + name)


def _read_in(folder: Path, name: str) -> bytes:
    return read_regular(contained(folder, name, where="the lists"))


def _size(path: str) -> int:
    """Size in bytes; 0 of what cannot be looked at, such as a link that leads nowhere: reading it tells why."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def open_images(path: Path) -> ImageSource:
    """The images at a path: a zip or uncompressed tar archive, a folder that holds tar shards, or a folder of files."""
    if path.is_file():
        return TarImages(path.parent, [path]) if path.suffix.lower() == ".tar" else ZipImages(path)
    tars = sorted(tar for tar in path.glob("*.tar") if tar.is_file())
    if tars:
        return TarImages(path, tars)
    archive = path / "wikiart.zip"
    return ZipImages(archive) if archive.is_file() else FolderImages(path)
