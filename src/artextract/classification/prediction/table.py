"""Predictions as a table: one row per picture, its answers first, then the probability of every class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.classification.prediction.seen import Seen
from artextract.core.tasks import TASKS


def answers(seen: Seen, classes: Mapping[str, Sequence[str]], top: int = 3) -> pd.DataFrame:
    """What the network says of n pictures.

    Args:
        seen: Probabilities of each task.
        classes: Class names of each task.
        top: How many answers of each task get a column.

    Returns:
        For each task: ``<task>``, its most probable class; ``<task> unsure``, true below the threshold, where one is
        known; ``<task> probability``; then ``<task> 2``, ``<task> 2 probability`` and so on; at the end the
        probability of every class as ``<task>: <class>``.
    """
    columns: dict[str, np.ndarray] = {}
    every: dict[str, np.ndarray] = {}
    for task in TASKS:
        p, names = seen.p[task], np.array(classes[task])
        order = np.argsort(-p, axis=1, kind="stable")
        for rank in range(min(max(1, top), len(names))):
            column = task if rank == 0 else f"{task} {rank + 1}"
            columns[column] = names[order[:, rank]]
            doubted = seen.unsure[task]
            if rank == 0 and doubted is not None:
                columns[f"{task} unsure"] = doubted
            columns[f"{column} probability"] = np.take_along_axis(p, order[:, rank : rank + 1], 1)[:, 0]
        every |= {f"{task}: {name}": p[:, k] for k, name in enumerate(names)}
    return pd.DataFrame(columns | every)
