"""Fingerprint of a folder's contents, fast enough to be taken again at every ``dvc repro``.

The fingerprint depends on the relative names and the bytes of all files, and on nothing else: a copy of the folder in
another place, or a file that was only touched, has the same one. Hashes are kept in the user's cache, keyed by path,
size, times and inode, so that a second look reads the folders and no file: 81,446 files take about half a second.

A file that was written in the last two seconds could be written once more without a visible change of its times. Its
hash is used but not kept.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import content_key, sha256_bytes, sha256_file
from artextract.core.folders import cache_folder
from artextract.core.kept import dropped_unless_intact, keep_bytes
from artextract.core.prefetch import prefetched
from artextract.core.temporary import sweep
from artextract.core.walk import files_below

IGNORED = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".git"})  # file managers write these when one looks
SETTLED = 2_000_000_000  # nanoseconds: the coarsest clock of a file system in use (FAT)
READERS = 2
SLOW_BYTES = 2**28  # more than this to hash is announced: it takes a second or longer

State = tuple[int, int, int, int]  # size, modification time, change time (nanoseconds), inode


@dataclass(frozen=True)
class Contents:
    """The contents of a folder.

    Attributes:
        fingerprint: Hash of the names and bytes of all files, hex.
        files: Number of files.
    """

    fingerprint: str
    files: int


def _walk(root: Path) -> list[tuple[str, State]]:
    """Relative path and state of all files below a folder; symbolic links are followed, circles are cut."""
    found: list[tuple[str, State]] = []
    for name, entry in files_below(root, lambda folder: folder not in IGNORED):
        if entry.name in IGNORED:
            continue
        try:
            state = entry.stat()
        except OSError:  # a link that leads nowhere, or a file that has just been removed
            continue
        if stat.S_ISREG(state.st_mode):
            found.append((name, _state(state)))
    return found


def _state(state: os.stat_result) -> State:
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino


def states(root: Path) -> dict[str, State]:
    """The state of every file below a folder (or of the one file ``root``, under the name ""), sorted by path.

    Raises:
        ArtExtractError: A folder cannot be read.
    """
    try:
        return dict(sorted(_walk(root) if root.is_dir() else [("", _state(root.stat()))]))
    except OSError as error:
        raise ArtExtractError(
            f"cannot be read: {error.strerror}", where=str(error.filename or root), remedy="check its permissions"
        ) from error


def _digest(rows: dict[str, State] | list[tuple[str, str]]) -> str:
    """Hash of named values; JSON in ASCII shows every byte of a name, also of those that are not UTF-8."""
    return sha256_bytes(json.dumps(rows).encode())


class _Kept:
    """What the cache remembers of one folder: the last look as a whole, and the hash of every file."""

    def __init__(self, root: Path):
        stem = cache_folder() / "sources" / content_key(str(root))
        sweep(stem.parent)
        self._whole, self._files = stem.with_suffix(".whole.json"), stem.with_suffix(".files.json")

    @staticmethod
    def _read(path: Path) -> dict:
        return json.loads(path.read_bytes()) if dropped_unless_intact(path, "hashes of your files") else {}

    def whole(self, key: str) -> Contents | None:
        kept = self._read(self._whole)
        return Contents(kept["fingerprint"], kept["files"]) if kept.get("key") == key else None

    def hashes(self) -> dict[str, tuple[list[int], str]]:
        return self._read(self._files)

    def keep(self, key: str, contents: Contents) -> None:
        keep_bytes(self._whole, json.dumps({"key": key} | contents.__dict__).encode())

    def keep_hashes(self, hashes: Mapping[str, tuple[State, str]]) -> None:
        keep_bytes(self._files, json.dumps(hashes).encode())


def _hash_files(root: Path, found: Mapping[str, State]) -> dict[str, str]:
    """SHA-256 of files, in the order given; says so when there is much to read."""
    from tqdm import tqdm

    size = sum(state[0] for state in found.values())

    def one(path: str) -> str:
        try:
            return sha256_file(root / path if path else root)
        except OSError as error:
            raise ArtExtractError(
                f"cannot be read: {error.strerror}", where=str(root / path), remedy="check its permissions"
            ) from error

    hashes = {}
    description = f"hash {len(found):,} new or changed files of {root.name}"
    with tqdm(total=size, desc=description, unit="B", unit_scale=True, disable=size < SLOW_BYTES) as bar:
        digests = prefetched(one, found, workers=READERS, ahead=4 * READERS)
        for path, digest in zip(found, digests, strict=True):
            hashes[path] = digest
            bar.update(found[path][0])
    return hashes


def contents(root: Path) -> Contents:
    """Fingerprint of all files below a folder, or of a single file.

    Args:
        root: Folder or file, absolute.

    Raises:
        ArtExtractError: A folder or file cannot be read; names it.
    """
    now = time.time_ns()
    found = states(root)
    key = _digest(found)
    kept = _Kept(root)
    if (known := kept.whole(key)) is not None:
        return known
    before = kept.hashes()
    same = {path: before[path][1] for path, state in found.items() if path in before and before[path][0] == [*state]}
    new = _hash_files(root, {path: state for path, state in found.items() if path not in same})
    hashes = same | new
    result = Contents(_digest([(path, hashes[path]) for path in found]), len(found))
    settled = {path for path, state in found.items() if abs(now - max(state[1], state[2])) > SETTLED}
    kept.keep_hashes({path: (found[path], hashes[path]) for path in found if path in settled})
    if len(settled) == len(found):
        kept.keep(key, result)
    return result
