"""Sources of listed images: a folder of files, a folder of tar shards, or a zip archive, behind one interface."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from artextract.core.errors import ArtExtractError
from artextract.core.files import check_relative, contained
from artextract.core.walk import files_below
from artextract.data.images.archives import common_top, not_a_tar, not_a_zip
from artextract.data.images.find import is_picture_name
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular


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


class FolderImages:
    """Loose files below a folder; a common top folder is left out of the names."""

    def __init__(self, root: Path):
        """Nothing is read yet."""
        self.root = root
        self._top = ""

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        try:
            found = {name: _size(entry.path) for name, entry in files_below(self.root) if is_picture_name(name)}
        except OSError as error:
            raise ArtExtractError(
                f"cannot be read: {error.strerror}",
                where=str(error.filename or self.root),
                remedy="check its permissions",
            ) from error
        self._top = common_top(found)
        return {name.removeprefix(self._top): size for name, size in found.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``."""
        return read_regular(contained(self.root, self._top + name, where="the lists"))


def _size(path: str) -> int:
    """Size in bytes; 0 of what cannot be looked at, such as a link that leads nowhere: reading it tells why."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class TarImages:
    """Uncompressed tar shards below a folder; members are found once and then read by offset."""

    def __init__(self, root: Path, tars: list[Path]):
        """Read the members' places.

        Raises:
            ArtExtractError: A shard cannot be read, or a name is in two of them.
        """
        self.root = root
        self._places: dict[str, tuple[Path, int, int]] = {}
        for path in tars:
            try:
                with tarfile.open(path, "r:") as tar:
                    members = [m for m in tar if m.isfile() and is_picture_name(m.name)]
            except tarfile.TarError as error:
                raise not_a_tar(path, error) from error
            for member in members:
                name = member.name.removeprefix("./")
                if name in self._places:
                    other = self._places[name][0].name
                    raise ArtExtractError(f"{name} is in {other} already", where=str(path), remedy="remove one")
                self._places[name] = (path, member.offset_data, member.size)

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        return {name: size for name, (_, _, size) in self._places.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``."""
        if name not in self._places:
            raise FileNotFoundError(name)
        path, offset, size = self._places[name]
        with path.open("rb") as handle:
            handle.seek(offset)
            return handle.read(size)


class ZipImages:
    """Members of a zip archive, WikiArt's own; a common top folder is left out of the names."""

    def __init__(self, path: Path):
        """Read the archive's directory.

        Raises:
            ArtExtractError: No zip archive, an unsafe or double name.
        """
        self.root = path.parent
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise not_a_zip(path, error) from error
        members = [i for i in self._archive.infolist() if not i.is_dir() and is_picture_name(i.filename)]
        members = [i for i in members if not i.filename.startswith("__MACOSX/")]
        prefix = common_top([i.filename for i in members])
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in members:
            name = info.filename.removeprefix(prefix)
            check_relative(name, where=str(path))
            if name in self._members:
                raise ArtExtractError(f"{name} is in the archive twice", where=str(path))
            self._members[name] = info

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        return {name: info.file_size for name, info in self._members.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``; a member whose checksum is wrong is unreadable."""
        if name not in self._members:
            raise FileNotFoundError(name)
        try:
            return self._archive.read(self._members[name])
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise UnreadableImage("archive_member") from error
        except Exception as error:
            if type(error).__module__ == "zlib":
                raise UnreadableImage("archive_member") from error
            raise


def open_images(path: Path) -> ImageSource:
    """The images at a path: a zip or uncompressed tar archive, a folder that holds tar shards, or a folder of files."""
    if path.is_file():
        return TarImages(path.parent, [path]) if path.suffix.lower() == ".tar" else ZipImages(path)
    tars = sorted(path.glob("*.tar"))
    if tars:
        return TarImages(path, tars)
    archive = path / "wikiart.zip"
    return ZipImages(archive) if archive.is_file() else FolderImages(path)
