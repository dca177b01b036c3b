"""The nearest rows of every row, found once for all sets of rows among which they are wanted.

A stage with seven trainings asks seven times how near the works of each come to all others (CSLS). At 100,000 works
each answer takes as long as a training. One search for more neighbours than are wanted answers nearly all of it.
"""

from __future__ import annotations

import numpy as np

from artextract.core.compute import ROWS
from artextract.similarity.ranking.anywhere import nearest_of_all
from artextract.similarity.ranking.spaces import mean_of_nearest

SHARED_FROM = 1 << 13  # rows from which one search is worth it
MOST = 64  # neighbours kept of each row


class SharedReach:
    """``mean_of_nearest`` of the same rows for one set of rows after the other."""

    def __init__(self) -> None:
        """Nothing is searched for yet."""
        self._rows, self._cosines = np.empty((0, 0), dtype=np.int64), np.empty((0, 0), dtype=np.float32)

    def __call__(self, unit: np.ndarray, fit: np.ndarray | None, k: int) -> np.ndarray:
        """See ``mean_of_nearest``.

        Args:
            unit: Unit rows (n, d), the same in every call.
            fit: Rows among which the nearest are sought; default all.
            k: How many.
        """
        if len(unit) < SHARED_FROM or k > MOST:
            return mean_of_nearest(unit, fit, k)
        if not len(self._rows):  # a row alone is its own group
            self._rows, self._cosines = nearest_of_all(unit, np.arange(len(unit)), MOST, "nearest works")
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
