"""Pictures in a zip archive: members are unpacked into memory one at a time, never more of them than they may be."""

from __future__ import annotations

import itertools
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import check_relative
from artextract.data.images.archives import common_top, not_a_zip
from artextract.data.images.find import is_picture_name
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import MAX_FILE_BYTES

MAX_MEMBERS = 500_000  # WikiArt's archive has 81,000
MAX_DIRECTORY = 128 * 2**20  # bytes of the list of members
MAX_RATIO = 200  # of unpacked to packed bytes, from ``RATIO_FROM`` bytes on: pictures are packed already
RATIO_FROM = 16 * 2**20
_BLOCK = 2**20
_LOCAL_HEADER = 30  # bytes before a member's name
_UNPACKED_IN_BLOCKS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python unpacks the others without a bound
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_END = b"PK\5\6"  # of the record at an archive's end


class ZipImages:
    """Members of a zip archive, WikiArt's own; a common top folder is left out of the names."""

    def __init__(self, path: Path):
        """Read the archive's directory.

        Raises:
            ArtExtractError: No zip archive, an unsafe or double name, too many members, or members inside each other.
        """
        self.root = path.parent
        try:
            _check_directory(path)
            self._archive = _Archive(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise not_a_zip(path, error) from error
        every = self._archive.file.infolist()
        _check_members(every, path)
        members = [i for i in every if not i.is_dir() and is_picture_name(i.filename)]
        members = [i for i in members if not i.filename.startswith("__MACOSX/")]
        prefix = common_top([i.filename for i in members])
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in members:
            name = info.filename.removeprefix(prefix)
            check_relative(name, where=str(path))
            if name in self._members:
                raise ArtExtractError(
                    f"{name} is in the archive twice", where=str(path), remedy="pack it again, or unpack it"
                )
            self._members[name] = info

    def sizes(self) -> dict[str, int]:
        """See ``ImageSource``."""
        return {name: info.file_size for name, info in self._members.items()}

    def read(self, name: str) -> bytes:
        """See ``ImageSource``; a member whose checksum is wrong is unreadable, and so is one that grows too much."""
        return self.reader(name)()

    def reader(self, name: str) -> Callable[[], bytes]:
        """See ``ImageSource``."""
        return partial(self._archive.read, name, self._members.get(name))


class _Archive:
    """An open archive. Another process opens it again, once for all members that it reads."""

    def __init__(self, path: Path):
        """Read the archive's directory."""
        self._path = path
        self.file = zipfile.ZipFile(path)

    def __reduce__(self) -> tuple[Callable[..., _Archive], tuple[Path, int]]:
        return _again, (self._path, os.stat(self._path).st_mtime_ns)

    def read(self, name: str, info: zipfile.ZipInfo | None) -> bytes:
        """The bytes of a member."""
        if info is None:
            raise FileNotFoundError(name)
        _check_member(info)
        try:
            with self.file.open(info) as member:
                # In blocks: read at once, a member is unpacked whole, however little of it the directory promises.
                return b"".join(iter(lambda: member.read(_BLOCK), b""))
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error, ValueError) as error:
            raise UnreadableImage("archive_member") from error


@lru_cache(maxsize=4)
def _again(path: Path, changed: int) -> _Archive:
    return _Archive(path)


def _check_directory(path: Path) -> None:
    """Refuse an archive whose list of members alone would fill the memory, before it is read."""
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        handle.seek(max(0, size - 2**16 - 22))
        tail = handle.read(2**16 + 22)
    at = tail.rfind(_END)
    told = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if told == 0xFFFFFFFF:  # more than 4 GB by the record of old, the size is in a newer one
        at = tail.rfind(b"PK\6\6")
        told = int.from_bytes(tail[at + 40 : at + 48], "little") if at >= 0 else 0
    if told > MAX_DIRECTORY:
        raise _too_many(path)


def _too_many(path: Path) -> ArtExtractError:
    return ArtExtractError(
        f"holds more than {MAX_MEMBERS:,} members", where=str(path), remedy="unpack it, and name the folder"
    )


def _check_members(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """Refuse too many members, and members that share their bytes: a few megabytes could unpack to petabytes."""
    if len(members) > MAX_MEMBERS:
        raise _too_many(path)
    ordered = sorted(members, key=lambda info: info.header_offset)
    for info, following in itertools.pairwise(ordered):
        if info.header_offset + _LOCAL_HEADER + info.compress_size > following.header_offset:
            raise ArtExtractError(
                f"its members {info.filename!r} and {following.filename!r} overlap, as in an archive made to do harm",
                where=str(path),
                remedy="download the archive again; do not unpack this one",
            )


def _check_member(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise UnreadableImage("encrypted")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnreadableImage("archive_link")
    if info.compress_type not in _UNPACKED_IN_BLOCKS:
        raise UnreadableImage("archive_method", _METHODS.get(info.compress_type, f"method {info.compress_type}"))
    if info.file_size > MAX_FILE_BYTES:
        raise UnreadableImage("too_many_bytes", f"{info.file_size:,} bytes, at most {MAX_FILE_BYTES:,} are read")
    if info.file_size > RATIO_FROM and info.file_size > MAX_RATIO * info.compress_size:
        raise UnreadableImage("archive_bomb", f"{info.compress_size:,} bytes to {info.file_size:,}")
