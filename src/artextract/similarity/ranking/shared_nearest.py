"""The nearest rows of every row, found once for all who want them.

A stage asks again and again how near works come to each other: seven trainings and a space ask for CSLS, popularity and
hubs count neighbours, and a table lists them. At 100,000 works each answer takes minutes. One search for more
neighbours than are wanted answers nearly all of it.
"""

from __future__ import annotations

import numpy as np

from artextract.core.compute import ROWS
from artextract.similarity.ranking.anywhere import nearest_of_all
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.spaces import mean_of_nearest
from artextract.similarity.ranking.topk import empty

SHARED_FROM = 1 << 13  # rows from which one search is worth it
MOST = 64  # neighbours kept of each row


class SharedNearest:
    """Nearest rows of one embedding. Every call is about the same unit rows (n, d)."""

    def __init__(self, describe: str = "nearest works"):
        """Nothing is searched for yet.

        Args:
            describe: Name of the work, in front of the progress bar.
        """
        self._describe = describe
        self._rows, self._cosines = np.empty((0, 0), dtype=np.int64), np.empty((0, 0), dtype=np.float32)

    def pays(self, n: int, k: int) -> bool:
        """Whether k neighbours of n rows are answered by the one search."""
        return n >= SHARED_FROM and k <= MOST

    def _search(self, unit: np.ndarray) -> None:
        if not len(self._rows):  # a row alone is its own group
            self._rows, self._cosines = nearest_of_all(unit, np.arange(len(unit)), MOST, self._describe)

    def others(self, unit: np.ndarray, group: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of every row, its own group left out; see ``anywhere.nearest_of_all``.

        Args:
            unit: Unit rows (n, d).
            group: Group of each row (n,).
            k: Neighbours wanted.
        """
        if not self.pays(len(unit), k):
            return nearest_of_all(unit, group, k, self._describe)
        self._search(unit)
        rows, scores = empty(len(unit), min(k, len(unit)))
        short = []
        for start in range(0, len(unit), ROWS):
            part = slice(start, start + ROWS)
            near = self._rows[part]
            own = (near < 0) | (group[near] == group[part, None])
            first = np.argsort(own, axis=1, kind="stable")[:, : rows.shape[1]]
            rows[part] = np.take_along_axis(near, first, axis=1)
            scores[part] = np.take_along_axis(self._cosines[part], first, axis=1)
            short.append(start + np.flatnonzero(np.take_along_axis(own, first, axis=1).any(axis=1)))
        asked = np.concatenate(short)  # most of their neighbours are of their own group
        if len(asked):
            rows[asked], scores[asked] = nearest(unit[asked], unit, k, exclude=(group[asked], group))
        return rows, scores

    def reach(self, unit: np.ndarray, fit: np.ndarray | None, k: int) -> np.ndarray:
        """See ``spaces.mean_of_nearest``.

        Args:
            unit: Unit rows (n, d).
            fit: Rows among which the nearest are sought; default all.
            k: How many.
        """
        if not self.pays(len(unit), k):
            return mean_of_nearest(unit, fit, k)
        self._search(unit)
        member = np.ones(len(unit), dtype=bool) if fit is None else np.zeros(len(unit), dtype=bool)
        member[fit if fit is not None else slice(None)] = True
        wanted = np.minimum(k, int(member.sum()) - member)
        reach, short = np.zeros(len(unit), dtype=np.float32), []
        for start in range(0, len(unit), ROWS):
            part = slice(start, start + ROWS)
            counted = member[self._rows[part]] & (self._rows[part] >= 0)
            counted &= counted.cumsum(axis=1) <= k
            found = counted.sum(axis=1)
            reach[part] = np.where(counted, self._cosines[part], 0).sum(axis=1) / np.maximum(found, 1)
            short.append(start + np.flatnonzero(found < wanted[part]))
        rows = np.concatenate(short)  # most of their neighbours are not in the set
        if len(rows):
            reach[rows] = mean_of_nearest(unit, fit, k, rows)
        return reach
