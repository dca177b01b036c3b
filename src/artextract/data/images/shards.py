"""Images in uncompressed tar shards: few files for DVC, random access by (shard, offset, size) with ``pread``.

80,000 loose files cost DVC minutes to hash; a handful of shards cost seconds, and ordinary ``tar`` opens them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes
from artextract.data.images.decode import Target, decode

PLACES = ("id", "shard", "offset", "size", "sha256")  # columns of an index that say where its images are


class Images(Protocol):
    """Images by number: what a network reads them from, be they in shards or in memory."""

    def __len__(self) -> int:  # noqa: D105
        ...

    def image(self, row: int, target: Target | None = None, /) -> Image.Image:
        """One image, RGB; with a ``target`` it may come back reduced."""
        ...


class ShardReader:
    """Random access to the images of an index; safe to share between threads and forked workers."""

    def __init__(self, folder: Path, index: pd.DataFrame):
        """Open the shards lazily.

        Args:
            folder: Folder of the tar files.
            index: Columns id, shard, offset, size, sha256; row i is item i.
        """
        self._folder, self._index = folder, index
        self._ids = index["id"].astype(str).tolist()
        self._places = list(
            zip(index["shard"], index["offset"].astype(int), index["size"].astype(int), index["sha256"], strict=True)
        )
        self._handles: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:  # noqa: D105
        return len(self._places)

    def __reduce__(self) -> tuple[Any, ...]:  # noqa: D105
        return ShardReader, (self._folder.absolute(), self._index[[*PLACES]])

    def part(self, rows: Sequence[int]) -> ShardReader:
        """A reader of some of the images, for another process."""
        return ShardReader(self._folder, self._index[[*PLACES]].iloc[list(rows)])

    def _handle(self, shard: str) -> int:
        key = (os.getpid(), shard)
        if key not in self._handles:
            try:
                self._handles[key] = os.open(self._folder / shard, os.O_RDONLY)
            except FileNotFoundError:
                raise ArtExtractError(
                    "a shard named in the index is missing",
                    where=str(self._folder / shard),
                    remedy="`dvc repro`, or `dvc checkout` where it has run before",
                ) from None
        return self._handles[key]

    def read(self, row: int) -> bytes:
        """The stored bytes of one image, checked against the index' SHA-256.

        Raises:
            ArtExtractError: The shard is missing, or its bytes are not those that were stored.
        """
        shard, offset, size, sha256 = self._places[row]
        data = os.pread(self._handle(shard), size, offset)
        if sha256_bytes(data) != sha256:
            raise ArtExtractError(
                f"image {self._ids[row]} (row {row}) is damaged: its SHA-256 is not the index'",
                where=str(self._folder / shard),
                remedy="delete this file and its copy in .dvc/cache, then `dvc repro`",
            )
        return data

    def image(self, row: int, target: Target | None = None) -> Image.Image:
        """One image, RGB; with a ``target`` it may come back reduced, see ``images.decode``."""
        return decode(self.read(row), target)

    def hashes(self) -> list[str]:
        """SHA-256 of every image, in the order of the index: what results are keyed by."""
        return [sha256 for *_, sha256 in self._places]
