"""Rows of the cache in the shared layer: parts of a few megabytes, each named by the hash of its content.

A part is a list of records: a name of 16 bytes, a sum over that and the row, and the row. Any number of machines add
parts at once; two that have computed the same rows add them twice, and either is right.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from artextract.core.shared import Store, store

WIDTH = 16  # bytes of a name and of a sum
PART = 8 * 2**20  # bytes after which a part is written


@dataclass
class SharedRows:
    """The rows of one array or file of the cache, in the shared layer if there is one.

    Attributes:
        path: The file of the cache.
        size: Bytes of a row.
    """

    path: Path
    size: int
    _waiting: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:  # noqa: D105
        self._store: Store | None = store()
        self._folder = f"{self._store.place(self.path)}.parts" if self._store else ""

    def take(self, names: Collection[bytes]) -> Iterator[tuple[list[bytes], np.ndarray]]:
        """Those of some rows that are there.

        Args:
            names: 16 bytes each.

        Yields:
            Names, and their rows as uint8 (n, bytes of a row), part by part; each name once.
        """
        wanted = set(names)
        parts = self._store.names(self._folder) if self._store and wanted else []
        for part in parts:
            if not wanted:
                return
            records = self._read(part)
            keys = [record.tobytes() for record in records[:, :WIDTH]]
            chosen = [i for i, key in enumerate(keys) if key in wanted]
            sums = [_sum(keys[i], records[i, 2 * WIDTH :].tobytes()) for i in chosen]
            good = [i for i, s in zip(chosen, sums, strict=True) if s == records[i, WIDTH : 2 * WIDTH].tobytes()]
            if good:
                wanted -= {keys[i] for i in good}
                yield [keys[i] for i in good], records[good, 2 * WIDTH :]

    def give(self, names: Sequence[bytes], rows: np.ndarray) -> None:
        """Add rows that were computed; they are there after some megabytes, or after ``flush``.

        Args:
            names: 16 bytes each.
            rows: (n, ...), contiguous.
        """
        if self._store is None:
            return
        for name, row in zip(names, rows, strict=True):
            content = row.tobytes()
            self._waiting.append(name + _sum(name, content) + content)
        if len(self._waiting) * (2 * WIDTH + self.size) >= PART:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._store is None or not self._waiting:
            return
        data = b"".join(self._waiting)
        self._store.write(f"{self._folder}/{sha256(data).hexdigest()[:32]}.part", data)
        self._waiting.clear()

    def _read(self, part: str) -> np.ndarray:
        """Records of a part, uint8 (n, bytes of a record); none of one that is damaged."""
        assert self._store is not None
        data = self._store.read(f"{self._folder}/{part}") or b""
        whole = sha256(data).hexdigest()[:32] == part.removesuffix(".part") and not len(data) % (2 * WIDTH + self.size)
        if not whole:
            print(f"{self._store.address}: part {part} of {self.path.name} is damaged; it is left out", file=sys.stderr)
        return np.frombuffer(data if whole else b"", np.uint8).reshape(-1, 2 * WIDTH + self.size)


def _sum(name: bytes, row: bytes) -> bytes:
    return sha256(name + row).digest()[:WIDTH]
