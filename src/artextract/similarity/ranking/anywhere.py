"""Judging and the search for neighbours, block by block, wherever the environment says (``core/executors``).

A block is the same, to the last digit, in every process: queries are cut at places that do not depend on who computes
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from artextract.core.executors.blocks import blocks_over
from artextract.core.runtime import threads
from artextract.similarity.ranking.asked import metric_names
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.retrieval import Judging

SEARCHED = 4096  # queries of a block
NOWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _JudgingBlocks:
    """See ``core.executors.blocks.Task``: the metrics of each block, one after the other in one array."""

    task: Judging

    @property
    def blocks(self) -> list[int]:
        """Queries of each block."""
        return [min(self.task.step, len(self.task.everyone) - start) for start in self.task.starts]

    def block(self, number: int) -> np.ndarray:
        """Metrics, float64 (all values,)."""
        with ThreadPoolExecutor(threads()) as pool:
            values = self.task.values(self.task.starts[number], pool)
        return np.concatenate([np.empty(0), *(part.ravel() for part in values.values())])


def judged_anywhere(task: Judging) -> Iterator[dict[tuple[str, str], np.ndarray]]:
    """As ``retrieval.here``, wherever the environment says, with progress."""
    # Sets of words pickle in an order of their own each time, and what a judge and a space were made from is settled.
    bare = replace(
        task,
        spaces=[replace(space, fields=NOWHERE, vectors=None) for space in task.spaces],
        judges={name: replace(judge, fields=NOWHERE) for name, judge in task.judges.items()},
    )
    for start, flat in zip(
        task.starts, blocks_over(_JudgingBlocks(bare), __name__, "judge spaces", "query"), strict=True
    ):
        yield _by_name(task, start, flat)


def _by_name(task: Judging, start: int, flat: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    place, width = task.places(start), len(metric_names(task.k))
    keys = [key for key in task.columns if key[0] in place]
    ends = np.cumsum([width * len(place[name]) for name, _ in keys])
    return {key: part.reshape(-1, width) for key, part in zip(keys, np.split(flat, ends[:-1]), strict=True)}


@dataclass(frozen=True)
class _Searching:
    """See ``core.executors.blocks.Task``: neighbours of all rows, ``SEARCHED`` at a time.

    Attributes:
        vectors: Unit rows (n, d).
        group: Group of each row (n,).
        k: Neighbours wanted.
    """

    vectors: np.ndarray
    group: np.ndarray
    k: int

    @property
    def blocks(self) -> list[int]:
        """Queries of each block."""
        return [min(SEARCHED, len(self.vectors) - start) for start in range(0, len(self.vectors), SEARCHED)]

    def block(self, number: int) -> np.ndarray:
        """Rows, and the bits of their scores; int64 (2, q, k)."""
        part = slice(number * SEARCHED, (number + 1) * SEARCHED)
        rows, scores = nearest(self.vectors[part], self.vectors, self.k, exclude=(self.group[part], self.group))
        return np.stack([rows, scores.view(np.int32).astype(np.int64)])


def nearest_of_all(vectors: np.ndarray, group: np.ndarray, k: int, describe: str) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of every row, its own group left out; see ``neighbours.nearest``.

    Args:
        vectors: Unit rows (n, d); may be mapped from a file.
        group: Group of each row (n,).
        k: Neighbours wanted.
        describe: Name of the work, in front of the progress bar.

    Returns:
        Rows int64 (n, k) and scores float32 (n, k).
    """
    found = list(blocks_over(_Searching(vectors, group, k), __name__, describe, "work"))
    rows, bits = np.concatenate(found, axis=1) if found else np.empty((2, 0, k), dtype=np.int64)
    return rows, bits.astype(np.int32).view(np.float32)
