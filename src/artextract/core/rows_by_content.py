"""Rows of numbers kept by what they were computed from: a picture that was embedded once is not embedded again.

A file per network holds a record for each row: a short hash of its name, a sum over that and the row, and the row. The
file only grows. A kill loses the block under way. A record is believed only where its sum is right: what was cut,
flipped or zero-filled is computed again, and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.atomic import problems_of
from artextract.core.checked_rows import WIDTH, opened, sum_of, sums_of, write_at
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import locked
from artextract.core.room import check_room
from artextract.core.shared_rows import SharedRows

Compute = Callable[[list[int]], Iterator[np.ndarray]]  # consecutive blocks for the items that it is called with
HEAD = 2 * WIDTH  # bytes before a row: the hash of its name, its sum
FREE = b"\xff" * HEAD  # in the place of a record that was damaged


def rows_by_content(
    kind: str, key: Any, names: Sequence[str], shape: tuple[int, ...], dtype: Any, compute: Compute
) -> np.ndarray:
    """A row for each name; only rows of names that the cache lacks are computed, those of one name once.

    Args:
        kind: Folder in the cache.
        key: Everything that a row depends on besides the content behind its name.
        names: Names of the contents, such as their SHA-256, (n,).
        shape: Shape of a row.
        dtype: Type of an element.
        compute: Gives consecutive blocks for the positions in ``names`` that it is called with.

    Returns:
        (n, *shape), in the order of the names.
    """
    path = cache_folder() / kind / f"{content_key(key, shape, str(dtype))}.rows"
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    hashes = [sum_of("", name.encode()) for name in names]
    with problems_of(path), locked(path), opened(path) as file:
        records = _Records(path, file, size)
        places = records.good(kind, hashes)
        missing = {name: i for i, name in reversed(list(enumerate(hashes))) if name not in places}
        wanted, at = sorted(missing.values()), 0
        check_room(path.parent, len(wanted) * (HEAD + size), f"the rows of {kind}")
        shared = SharedRows(path, size)
        for names_there, rows_there in shared.take(missing):
            places |= records.add(names_there, rows_there)
        wanted = [i for i in wanted if hashes[i] not in places]
        for block in compute(wanted) if wanted else ():
            part = [hashes[i] for i in wanted[at : at + len(block)]]
            values = np.ascontiguousarray(block, dtype=dtype)
            places |= records.add(part, values)
            shared.give(part, values)
            at += len(block)
        shared.flush()
        if at != len(wanted):
            raise RuntimeError(f"{at} rows were computed, {len(wanted)} expected")
        rows = records.mapped()[[places[name] for name in hashes], HEAD:]
    return np.ascontiguousarray(rows).view(dtype).reshape(len(names), *shape)


@dataclass(frozen=True)
class _Records:
    """The records of a file, which is open and locked."""

    path: Path
    file: int
    size: int  # bytes of a row
    free: list[int] = field(default_factory=list)  # places that are written to before the file grows

    def __len__(self) -> int:
        """Whole records; what a kill or a cut has left of another one does not count."""
        return os.fstat(self.file).st_size // (HEAD + self.size)

    def mapped(self) -> np.ndarray:
        """uint8 (records, bytes of a record), read as they are looked at; numpy maps no empty file."""
        shape = (len(self), HEAD + self.size)
        return np.memmap(self.path, np.uint8, "r", shape=shape) if len(self) else np.zeros(shape, np.uint8)

    def good(self, kind: str, asked: list[bytes]) -> dict[bytes, int]:
        """Places of those of some names that have a good record; damaged ones are freed, and counted in one line."""
        whole = len(self) * (HEAD + self.size)
        torn = os.fstat(self.file).st_size > whole  # the file was cut in the midst of a record
        os.truncate(self.file, whole)
        records = self.mapped()
        heads = [head.tobytes() for head in records[:, :HEAD]]
        places = {head[:WIDTH]: place for place, head in enumerate(heads)}
        # A name that is not found may have been damaged: then all records are looked at, as there is work to do anyway.
        chosen = [places[name] for name in set(asked)] if places.keys() >= set(asked) else list(range(len(heads)))
        self.free.extend(place for place in chosen if heads[place] == FREE)
        chosen = [place for place in chosen if heads[place] != FREE]
        rows = (records[place, HEAD:] for place in chosen)
        sums = sums_of((heads[place][:WIDTH].hex() for place in chosen), rows)
        good = {place for place, found in zip(chosen, sums, strict=True) if heads[place][WIDTH:] == found}
        bad = [place for place in chosen if place not in good]
        for place in bad:
            write_at(self.file, FREE, place * (HEAD + self.size))
        self.free.extend(bad)
        if bad or torn:
            count = f"{len(bad) + torn:,}{' or more' if torn else ''}"
            print(f"{kind}: {count} rows in {self.path} were damaged; they are computed anew", file=sys.stderr)
        return {heads[place][:WIDTH]: place for place in good}

    def add(self, names: list[bytes], block: np.ndarray) -> dict[bytes, int]:
        """Write a block of rows; their places."""
        places = {}
        for name, row in zip(names, block, strict=True):
            places[name] = self.free.pop() if self.free else len(self)
            content = row.tobytes()
            record = name + sum_of(name.hex(), content) + content
            write_at(self.file, record, places[name] * (HEAD + self.size))
        return places
