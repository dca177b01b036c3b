"""Places that hold copies of what stages wrote: DVC's cache and a remote. Both name an object by its MD5."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from artextract.core.errors import ArtExtractError
from artextract.core.files import copy_file, write_bytes
from artextract.core.locked import FOLDER, md5_file, object_in

BLOCK = 1 << 20
READERS = 8  # objects of a remote that are read at a time
READ_ONLY = 0o444  # as DVC leaves an object of its cache
ABSENT = ""


def is_whole(md5: str, found: str) -> bool:
    """True if the content whose hash was found is what an object of this name has to hold."""
    return bool(found) and md5.removesuffix(FOLDER) == found


class Store(Protocol):
    """A cache or a remote."""

    name: str

    def place(self, md5: str) -> str:
        """Where an object is, for messages."""
        ...

    def hashes(self, objects: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each object and the MD5 of its content as it is now; ``ABSENT`` where there is none."""
        ...

    def fetch(self, md5: str, target: Path) -> None:
        """Write the content of an object to a file."""
        ...

    def put(self, md5: str, source: Path) -> None:
        """Store a file as an object, in the place of what is there."""
        ...

    def drop(self, md5: str) -> None:
        """Remove an object."""
        ...


class Cache:
    """DVC's cache of a checkout."""

    name = "cache"

    def __init__(self, folder: Path):
        """Open a cache.

        Args:
            folder: As `dvc cache dir` names it.
        """
        self.folder = folder

    def path(self, md5: str) -> Path:
        """The file of an object."""
        return object_in(self.folder, md5)

    def place(self, md5: str) -> str:  # noqa: D102 - see Store
        return str(self.path(md5))

    def all(self) -> list[str]:
        """All objects, those of other runs too."""
        files = sorted((self.folder / "files" / "md5").glob("[0-9a-f][0-9a-f]/*"))
        return [f"{path.parent.name}{path.name}" for path in files if len(path.name.removesuffix(FOLDER)) == 30]

    def hashes(self, objects: Iterable[str]) -> Iterator[tuple[str, str]]:  # noqa: D102
        for md5 in objects:
            path = self.path(md5)
            yield md5, md5_file(path) if path.is_file() else ABSENT

    def fetch(self, md5: str, target: Path) -> None:  # noqa: D102
        copy_file(self.path(md5), target)

    def put(self, md5: str, source: Path) -> None:  # noqa: D102
        path = self.path(md5)
        if source != path:
            copy_file(source, path)
        path.chmod(READ_ONLY)

    def write(self, md5: str, content: bytes) -> None:
        """Store an object."""
        write_bytes(self.path(md5), content)
        self.path(md5).chmod(READ_ONLY)

    def drop(self, md5: str) -> None:  # noqa: D102
        self.path(md5).unlink(missing_ok=True)


class Remote:
    """A remote of DVC's, of any kind that DVC can read."""

    def __init__(self, name: str, odb: Any):
        """Take a remote.

        Args:
            name: Its name in DVC's configuration.
            odb: DVC's own object for it.
        """
        self.name, self._odb = f"remote {name}", odb

    def place(self, md5: str) -> str:  # noqa: D102
        return f"{self.name}: {self._odb.oid_to_path(md5)}"

    def _hash(self, md5: str) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with self._odb.fs.open(self._odb.oid_to_path(md5), "rb") as handle:
                while block := handle.read(BLOCK):
                    digest.update(block)
        except FileNotFoundError:
            return ABSENT
        except Exception as error:  # every kind of remote has errors of its own
            raise ArtExtractError(
                f"cannot be read: {type(error).__name__}: {' '.join(str(error).split())}",
                where=self.place(md5),
                remedy="check the connection and the remote's settings, or leave it out: --no-remote",
            ) from error
        return digest.hexdigest()

    def hashes(self, objects: Iterable[str]) -> Iterator[tuple[str, str]]:  # noqa: D102
        names = list(objects)
        with ThreadPoolExecutor(READERS) as pool:
            yield from zip(names, pool.map(self._hash, names), strict=True)

    def fetch(self, md5: str, target: Path) -> None:  # noqa: D102
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            new = Path(folder) / "object"
            self._odb.fs.get_file(self._odb.oid_to_path(md5), os.fspath(new))
            if not is_whole(md5, md5_file(new)):
                raise ArtExtractError(f"{self.name} gave another content this time", where=self.place(md5))
            copy_file(new, target)

    def put(self, md5: str, source: Path) -> None:  # noqa: D102
        self.drop(md5)
        path = self._odb.oid_to_path(md5)
        self._odb.fs.makedirs(self._odb.fs.parent(path), exist_ok=True)
        self._odb.fs.put_file(os.fspath(source), path)

    def drop(self, md5: str) -> None:  # noqa: D102
        path = self._odb.oid_to_path(md5)
        if self._odb.fs.exists(path):
            self._odb.fs.remove(path)


def open_stores(root: Path, remote: str | None, without_remote: bool = False) -> tuple[Cache, Remote | None]:
    """DVC's cache of a checkout, and a remote.

    Args:
        root: Root of the checkout.
        remote: Name of a remote; None = the default one, if there is one.
        without_remote: Open no remote.

    Raises:
        ArtExtractError: There is no such remote, or it cannot be used here.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        repo = Repo(os.fspath(root))
        cache = Cache(Path(repo.cache.local_cache_dir))
        name = remote or repo.config["core"].get("remote")
        if without_remote or not name:
            return cache, None
        return cache, Remote(name, repo.cloud.get_remote_odb(name, "verify"))
    except DvcException as error:
        raise ArtExtractError(
            " ".join(str(error).split()),
            where=f"remote {remote}" if remote else str(root),
            remedy="`dvc remote list` names the remotes; --no-remote leaves them out",
        ) from error
