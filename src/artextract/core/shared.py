"""A shared layer behind the user's cache: what one machine has made, another one fetches instead of making it.

``ARTEXTRACT_SHARED`` names it: ``s3://BUCKET/PREFIX``, another address that fsspec knows, or a folder. It holds what
the cache holds, under the same names, which are made from content. The seal of a file or folder is written last, so
nothing is there before it is whole. What is fetched is compared with its seal, as in the cache. That is a protection
against damage, and none against somebody who may write there and means harm.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from artextract.core.atomic import copy_file, write_bytes
from artextract.core.errors import ArtExtractError
from artextract.core.folders import cache_folder, user_path

VARIABLE = "ARTEXTRACT_SHARED"
PATIENCE, FIRST_WAIT, LONGEST_WAIT = 180.0, 0.5, 15.0  # seconds that a server may fail; between two tries
SEAL = ".seal"
T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """A place behind the cache.

    Attributes:
        address: As the user has named it.
        files: File system of fsspec.
        root: Its folder there.
        local: Whether that is a folder, which exists when it is made and fails for good where it fails.
    """

    address: str
    files: Any
    root: str
    local: bool

    def place(self, path: Path) -> str | None:
        """Where a file of the cache is there; None for one that is not in the cache."""
        cache = cache_folder()
        return f"{self.root}/{path.relative_to(cache).as_posix()}" if path.is_relative_to(cache) else None

    def read(self, place: str) -> bytes | None:
        """Content of a file; None where there is none."""

        def work() -> bytes | None:
            try:
                return self.files.cat_file(place)
            except FileNotFoundError:
                return None

        return self._patiently(work)

    def write(self, place: str, data: bytes) -> None:
        """Write a file; it is there as a whole or not at all."""

        if self.local:
            write_bytes(Path(place), data)
        else:
            self._written(lambda: self.files.pipe_file(place, data))

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted; none where there is no folder."""

        def work() -> list[str]:
            self.files.invalidate_cache()
            try:
                return sorted(str(name).rpartition("/")[2] for name in self.files.ls(folder, detail=False))
            except FileNotFoundError:
                return []

        return self._patiently(work)

    def download(self, place: str, path: Path) -> None:
        """Fetch a file, of any size, to a path."""
        self._patiently(lambda: self.files.get_file(place, str(path)))

    def upload(self, path: Path, place: str) -> None:
        """Write a file, of any size, from a path."""
        if self.local:
            copy_file(path, Path(place))
        else:
            self._written(lambda: self.files.put_file(str(path), place))

    def _written(self, work: Callable[[], object]) -> None:
        try:
            self._patiently(work)
        except FileNotFoundError as error:
            remedy = "make the bucket, or correct the address"
            raise ArtExtractError(f"{self.address} cannot be used: {error}", where=VARIABLE, remedy=remedy) from error

    def _patiently(self, work: Callable[[], T]) -> T:
        """Try again, with growing waits, while the server fails in a way that may pass.

        Raises:
            ArtExtractError: It has failed for too long, or access is refused.
            FileNotFoundError: There is no such file.
        """
        began, wait = time.monotonic(), FIRST_WAIT
        while True:
            try:
                return work()
            except Exception as error:
                if self.local or isinstance(error, FileNotFoundError) or not _of_the_server(error):
                    raise
                late = time.monotonic() - began + wait > PATIENCE
                if late or isinstance(error, PermissionError):
                    raise ArtExtractError(
                        f"{self.address} cannot be used: {error}",
                        where=VARIABLE,
                        remedy="what was made is kept in the cache: start the same command again later, or without "
                        f"the shared layer (unset {VARIABLE})",
                    ) from error
                if wait == FIRST_WAIT:
                    print(f"{self.address} does not answer ({error}): trying again", file=sys.stderr, flush=True)
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)


def _of_the_server(error: Exception) -> bool:
    """Whether an error comes from what is asked, and not from this program."""
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, OSError) or bool(libraries & {"botocore", "aiobotocore", "aiohttp"})


def store() -> Store | None:
    """The shared layer that the user has named; None where there is none.

    Raises:
        ArtExtractError: The address is none that fsspec knows, or its package is not installed.
    """
    address = os.environ.get(VARIABLE)
    return _open(address) if address else None


@cache
def _open(address: str) -> Store:
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    if "://" not in address:
        address = str(user_path(address))
    try:
        files, root = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise ArtExtractError(
            f"{address} cannot be opened: {error}",
            where=VARIABLE,
            remedy="name s3://BUCKET/PREFIX (needs `pip install -r requirements-s3.txt`) or a folder",
        ) from error
    return Store(address, files, root.rstrip("/"), isinstance(files, LocalFileSystem))


def fetch(path: Path, folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """Fetch a kept file or folder of the cache from the shared layer.

    Args:
        path: Its place in the cache.
        folder: An empty folder on the same disk, where it is put under its own name.

    Returns:
        Where it is, and what its seal says, which is still to be compared; None where the shared layer has none.
    """
    shared = store()
    place = shared.place(path) if shared else None
    sealed = _parsed(shared.read(place + SEAL)) if shared and place else None
    if shared is None or place is None or sealed is None:
        return None
    new = folder / path.name
    if "files" in sealed:
        new.mkdir()
    try:
        for name in sealed.get("files", [""]):
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shared.download(f"{place}/{name}".rstrip("/"), new / name)
    except FileNotFoundError:  # then it is not what the seal says
        new.touch()
    return new, sealed


def offer(path: Path, sealed: dict[str, Any]) -> None:
    """Put an intact file or folder of the cache into the shared layer, unless it is there already.

    Args:
        path: Its place in the cache.
        sealed: What its seal says.
    """
    shared = store()
    place = shared.place(path) if shared else None
    if shared is None or place is None or _parsed(shared.read(place + SEAL)) == sealed:
        return
    for name in sealed.get("files", [""]):
        shared.upload(path / name, f"{place}/{name}".rstrip("/"))
    shared.write(place + SEAL, json.dumps(sealed).encode())


def drop(path: Path) -> None:
    """Take the seal from a file or folder of the shared layer, which is damaged: the next offer replaces it."""
    shared = store()
    place = shared.place(path) if shared else None
    if shared is not None and place is not None:
        shared.write(place + SEAL, b"")


def _parsed(data: bytes | None) -> dict[str, Any] | None:
    """A seal; None where it is missing or damaged, or names files outside of its folder."""
    try:
        sealed = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(sealed, dict) or not isinstance(sealed.get("files", {}), dict):
        return None
    names = list(sealed.get("files", {}))
    return None if any(name.startswith("/") or ".." in name.split("/") for name in names) else sealed
