"""Pictures in uncompressed tar archives: found once, then read by their place."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import check_relative
from artextract.data.images.archives import not_a_tar
from artextract.data.images.find import is_picture_name
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import MAX_FILE_BYTES
from artextract.data.images.zips import MAX_MEMBERS

_LONGEST_READ = 2**20  # bytes of a header with a long name; a tar may tell of gigabytes


class _Bounded(BufferedReader):
    """A file that is never asked for much at once: tarfile reads whatever a header tells."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return super().read(size)


class TarImages:
    """Uncompressed tar shards below a folder; members are found once and then read by offset."""

    def __init__(self, root: Path, tars: list[Path]):
        """Read the members' places.

        Raises:
            ArtExtractError: A shard cannot be read, or a name is unsafe or in two of them.
        """
        self.root = root
        self._places: dict[str, tuple[Path, tarfile.TarInfo]] = {}
        for path in tars:
            for name, member in _pictures(path):
                check_relative(name, where=str(path))
                if name in self._places:
                    other = self._places[name][0].name
                    raise ArtExtractError(f"{name} is in {other} already", where=str(path), remedy="remove one")
                self._places[name] = (path, member)

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        return {name: member.size for name, (_, member) in self._places.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``; a link and a file in pieces are unreadable."""
        return self.reader(name)()

    def reader(self, name: str) -> Callable[[], bytes]:
        """See ``ImageSource``."""
        if name not in self._places:
            return partial(_read_nothing, name)
        path, member = self._places[name]
        return partial(_read_at, path, member.offset_data, member.size, member.isfile() and not member.issparse())


def _read_nothing(name: str) -> bytes:
    raise FileNotFoundError(name)


def _read_at(path: Path, offset: int, size: int, whole: bool) -> bytes:
    if not whole:
        raise UnreadableImage("archive_link")
    if size > MAX_FILE_BYTES:
        raise UnreadableImage("too_many_bytes", f"{size:,} bytes, at most {MAX_FILE_BYTES:,} are read")
    with path.open("rb") as handle:
        handle.seek(offset)
        data = handle.read(size)
    if len(data) < size:
        raise UnreadableImage("cut")
    return data


def _pictures(path: Path) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Names and members of the pictures of a tar; links among them, so that they are not called missing."""
    size = os.stat(path).st_size
    try:
        with _Bounded(FileIO(path)) as handle, tarfile.open(fileobj=handle, mode="r:") as tar:
            number = 0
            while (member := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # tarfile keeps every one
                number += 1
                if number > MAX_MEMBERS:
                    raise tarfile.ReadError(f"more than {MAX_MEMBERS:,} members")
                if member.isreg() and not member.issparse() and not 0 <= member.size <= size - member.offset_data:
                    raise tarfile.ReadError(f"{member.name} is longer than the archive")
                if (member.isfile() or member.issym() or member.islnk()) and is_picture_name(member.name):
                    yield member.name.removeprefix("./"), member
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise not_a_tar(path, error) from error
