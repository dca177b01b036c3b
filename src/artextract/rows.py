"""Arrays computed row by row once, kept memory-mapped in the user's cache: tokens of a frozen backbone, pixels.

A kill loses at most the batch under way; memory stays at one batch however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from artextract.files import cache_folder, content_key, write_text

Batches = Callable[[int], Iterator[np.ndarray]]  # from a start row on


def cached_rows(kind: str, key: Any, n: int, shape: tuple[int, ...], dtype: Any, batches: Batches) -> np.ndarray:
    """An array (n, *shape), memory-mapped and read-only; computed only where the cache lacks it.

    Args:
        kind: Folder in the cache.
        key: Everything that the content depends on.
        n: Number of rows.
        shape: Shape of a row.
        dtype: Type of an element.
        batches: Gives consecutive blocks of rows, beginning with the row that it is called with.
    """
    from filelock import FileLock

    folder = cache_folder() / kind
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{content_key(key, n, shape, str(dtype))}.npy"
    with FileLock(f"{final}.lock"):
        if not final.exists():
            _fill(final, n, shape, dtype, batches)
    return np.load(final, mmap_mode="r")


def _fill(final: Path, n: int, shape: tuple[int, ...], dtype: Any, batches: Batches) -> None:
    partial, progress = final.with_suffix(".partial"), final.with_suffix(".done")
    done = int(progress.read_text()) if partial.exists() and progress.exists() else 0
    if not done:
        progress.unlink(missing_ok=True)  # of an array that was finished and then deleted: not this one's
    mode = "r+" if done else "w+"
    array = np.lib.format.open_memmap(partial, mode=mode, dtype=dtype, shape=(n, *shape) if mode == "w+" else None)
    for block in batches(done):
        array[done : done + len(block)] = block
        done += len(block)
        array.flush()
        write_text(progress, str(done))
    if done != n:
        raise RuntimeError(f"{done} rows were computed, {n} expected")
    del array
    partial.replace(final)
    progress.unlink(missing_ok=True)
