"""Arrays computed row by row, kept memory-mapped in the user's cache: tokens of a frozen backbone, pixels.

An array has a place for every row of an index. Only the rows that are wanted are computed, and each only once, so that
another split of the same images reuses them. A kill loses at most the block under way; memory stays at one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder

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
    from filelock import FileLock

    folder = cache_folder() / kind
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{content_key(key, n, shape, str(dtype))}.npy"
    rows = np.asarray(wanted, dtype=np.int64)
    with FileLock(f"{path}.lock"):
        _fill(path, n, shape, dtype, rows, compute)
    return RowView(np.load(path, mmap_mode="r"), rows)


def _open(path: Path, shape: tuple[int, ...], dtype: Any) -> np.memmap:
    """A writable memory-mapped array; a new one is all zero, and takes no room on the disk before it is written."""
    if not path.exists():
        new = path.with_suffix(".new")
        np.lib.format.open_memmap(new, mode="w+", dtype=dtype, shape=shape).flush()
        new.replace(path)
    return np.lib.format.open_memmap(path, mode="r+")


def _fill(path: Path, n: int, shape: tuple[int, ...], dtype: Any, rows: np.ndarray, compute: Compute) -> None:
    marks = path.with_suffix(".done")
    if not path.exists():
        marks.unlink(missing_ok=True)  # they belong to an array that was deleted
    array, done = _open(path, (n, *shape), dtype), _open(marks, (n,), np.bool_)
    missing = list(dict.fromkeys(rows[~done[rows]].tolist()))
    at = 0
    for block in compute(missing) if missing else ():
        chosen = missing[at : at + len(block)]
        array[chosen] = block
        array.flush()
        done[chosen] = True  # only now: a row that is marked is on the disk
        done.flush()
        at += len(block)
    if at != len(missing):
        raise RuntimeError(f"{at} rows were computed, {len(missing)} expected")
