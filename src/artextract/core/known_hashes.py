"""Hashes of files that were read before, so that a command does not read them again at every start."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.locked import md5_of
from artextract.core.temporary import sweep


class KnownHashes:
    """The hashes of a pipeline's files, each with the size, the times and the place on the disk that the file had."""

    def __init__(self, folder: Path):
        """Read what is known.

        Args:
            folder: Folder of the pipeline.
        """
        self._memory = cache_folder() / "checked" / f"{content_key(str(folder))}.json"
        self._known: dict[str, Any] = {}
        self._changed = False
        try:
            read = json.loads(self._memory.read_text(encoding="utf-8"))
            self._known = read if isinstance(read, dict) else {}
        except (OSError, ValueError):  # a damaged memory is no memory
            pass

    def md5_of(self, path: Path) -> str:
        """As ``locked.md5_of``; a file that has not changed is not read again."""
        if not path.is_file():
            return md5_of(path)
        status, key = path.stat(), str(path.resolve())
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        before = self._known.get(key)
        if not isinstance(before, dict) or before.get("state") != state:
            self._known[key] = before = {"state": state, "md5": md5_of(path)}
            self._changed = True
        return str(before.get("md5"))

    def forget(self, paths: Iterable[Path]) -> None:
        """Read these files again when they are asked for."""
        for path in paths:
            self._known.pop(str(path.resolve()), None)

    def save(self) -> None:
        """Keep what is known now; a full or foreign cache costs the next start some time, and nothing else."""
        if self._changed:
            sweep(self._memory.parent)
            try:
                write_text(self._memory, json.dumps(self._known))
            except (OSError, ArtExtractError):
                pass
