"""Rows that are computed in shards where the environment names an executor, and in one go where it does not."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import Function, S
from artextract.core.executors.over import chosen, over

Compute = Callable[[list[int]], Iterator[np.ndarray]]  # consecutive blocks for the rows that it is called with
SHARD_BYTES = 16 * 2**20  # of a shard's rows, at most
LONGEST, MULTIPLE = 512, 32  # rows of a shard at most; a multiple of every batch on a CPU


def rows_per_shard(row_bytes: int) -> int:
    """Rows of a shard: by the size of a row alone, so that every run cuts the same rows at the same places."""
    fitting = SHARD_BYTES // max(1, row_bytes) // MULTIPLE * MULTIPLE
    return min(LONGEST, max(MULTIPLE, fitting))


def rows_over(
    missing: list[int],
    here: Compute,
    shard_of: Callable[[list[int]], S],
    function: Function[S],
    *,
    folder: Path,
    row_bytes: int,
    describe: str,
) -> Iterator[np.ndarray]:
    """Blocks of rows, in order.

    Args:
        missing: The rows.
        here: Computes them in this process, block by block.
        shard_of: Describes some of them to another process; its name says all that they depend on.
        function: Computes such a shard: an array with a row for each.
        folder: See ``over``.
        row_bytes: Size of a row.
        describe: Name of the work.
    """
    if chosen() is None:
        yield from here(missing)
        return
    each = rows_per_shard(row_bytes)
    parts = [list(part) for _, part in groupby(missing, key=lambda row: row // each)]
    yield from over([shard_of(part) for part in parts], function, folder=folder, describe=describe, unit="img")


def require_same(wanted: str, found: str, backend: str) -> None:
    """Refuse to compute rows that would not be those that were asked for.

    Raises:
        ArtExtractError: The keys differ.
    """
    if wanted != found:
        raise ArtExtractError(
            f"this machine ({platform.node()}, {backend}) would compute other digits than the one that has started the "
            "work: its processor, its packages, the code or the number of threads are others",
            remedy="use machines of one kind, with one environment and one checkout",
        )
