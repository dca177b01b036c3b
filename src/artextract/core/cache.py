"""Arrays computed row by row, kept memory-mapped in the user's cache: tokens of a frozen backbone, pixels.

An array has a place for every row of an index. Only the rows that are wanted are computed, and each only once, so that
another split of the same images reuses them. A kill loses at most the block under way; memory stays at one block.

Beside the rows are their sums, a hash for each (zeros = not computed). Rows are believed only where their sums are
right: what was cut, flipped or zero-filled is computed again, and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.atomic import problems_of
from artextract.core.checked_rows import WIDTH, opened, regular, reserve, sum_of, sums_of, write_at
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import locked
from artextract.core.shared_rows import SharedRows

Compute = Callable[[list[int]], Iterator[np.ndarray]]  # consecutive blocks for the rows that it is called with


@dataclass(frozen=True)
class RowView:
    """Some rows of an array in an order of their own, read only when they are looked at.

    Attributes:
        base: The whole array, (n, ...).
        rows: Row of ``base`` for each row of the view, (m,).
    """

    base: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:  # noqa: D105
        return len(self.rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Rows of the view, as numpy would index an array of shape (m, ...)."""
        if isinstance(key, tuple):
            return np.asarray(self)[key]
        return self.base[self.rows[key]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: D105
        return np.asarray(self.base[self.rows], dtype=dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """(m, ...)."""
        return (len(self.rows), *self.base.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of an element."""
        return self.base.dtype


def cached_rows(
    kind: str,
    key: Any,
    n: int,
    shape: tuple[int, ...],
    dtype: Any,
    wanted: Sequence[int],
    compute: Compute,
) -> RowView:
    """Rows ``wanted`` of an array (n, *shape), memory-mapped and read-only; computed only where the cache lacks them.

    Args:
        kind: Folder in the cache.
        key: Everything that the content depends on.
        n: Rows of the whole array.
        shape: Shape of a row.
        dtype: Type of an element.
        wanted: Rows to have.
        compute: Gives consecutive blocks for the rows that it is called with.
    """
    path = cache_folder() / kind / f"{content_key(key, n, shape, str(dtype))}.rows"
    rows = np.asarray(wanted, dtype=np.int64)
    array = _Array(path, (n, *shape), np.dtype(dtype))
    with problems_of(path), locked(path):
        array.fill(kind, rows, compute)
    return RowView(array.mapped(), rows)


@dataclass(frozen=True)
class _Array:
    """A file of rows, and the file of their sums."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def _size(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def _salt(self, row: int) -> str:
        return f"{self.path.stem} {row} "

    def _bytes(self) -> np.ndarray:
        """uint8 (n, bytes of a row), read as they are looked at; numpy maps no empty file."""
        shape = (self.shape[0], self._size)
        return np.memmap(self.path, np.uint8, "r", shape=shape) if np.prod(shape) else np.zeros(shape, np.uint8)

    def mapped(self) -> np.ndarray:
        """All rows, read as they are looked at."""
        return self._bytes().view(self.dtype).reshape(self.shape)

    def fill(self, kind: str, rows: np.ndarray, compute: Compute) -> None:
        """Compute those of some rows that are not there, or not as they were written."""
        n, new = self.shape[0], not regular(self.path)
        with opened(self.path) as array, opened(self.path.with_suffix(".sums")) as marks:
            if new:
                os.truncate(marks, 0)  # they belong to an array that was deleted
            os.truncate(array, n * self._size)  # of zeros where it was cut, and zeros have another sum
            os.truncate(marks, n * WIDTH)
            sums = os.pread(marks, n * WIDTH, 0)
            wanted = list(dict.fromkeys(rows.tolist()))
            known = [row for row in wanted if any(sums[row * WIDTH : (row + 1) * WIDTH])]
            good = self._good(known, sums)
            if len(good) < len(known):
                damaged = f"{len(known) - len(good):,} of {len(known):,} rows"
                print(f"{kind}: {damaged} in {self.path} were damaged; they are computed anew", file=sys.stderr)
            self._compute(array, marks, [row for row in wanted if row not in good], compute)

    def _good(self, known: list[int], sums: bytes) -> set[int]:
        """Those of some rows that are what their sums say."""
        data = self._bytes()
        seen = sums_of(map(self._salt, known), (data[row] for row in known))
        return {row for row, found in zip(known, seen, strict=True) if found == sums[row * WIDTH : (row + 1) * WIDTH]}

    def _compute(self, array: int, marks: int, missing: list[int], compute: Compute) -> None:
        reserve(array, sorted(missing), self._size)
        shared = SharedRows(self.path, self._size)
        there = {row.to_bytes(WIDTH, "big"): row for row in missing}
        for names, values in shared.take(there):
            for name, value in zip(names, values, strict=True):
                self._write(array, marks, there[name], value.tobytes())
            found = {there[name] for name in names}
            missing = [row for row in missing if row not in found]
        at = 0
        for block in compute(missing) if missing else ():
            chosen = missing[at : at + len(block)]
            values = np.empty((len(chosen), *self.shape[1:]), self.dtype)
            values[:] = block
            for row, value in zip(chosen, values, strict=True):
                self._write(array, marks, row, value.tobytes())
            shared.give([row.to_bytes(WIDTH, "big") for row in chosen], values)
            at += len(block)
        shared.flush()
        if at != len(missing):
            raise RuntimeError(f"{at} rows were computed, {len(missing)} expected")

    def _write(self, array: int, marks: int, row: int, data: bytes) -> None:
        write_at(array, data, row * self._size)
        write_at(marks, sum_of(self._salt(row), data), row * WIDTH)
