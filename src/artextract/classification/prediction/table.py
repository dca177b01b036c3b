"""Predictions as a table: one row per picture, its answers first, then the probability of every class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from artextract.classification.prediction.evidence import SAME, Evidence
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


def nearest_works(seen: Seen, evidence: Evidence, k: int) -> pd.DataFrame:
    """The training works that the network sees as most like each of n pictures.

    Args:
        seen: What the heads see.
        evidence: The training works.
        k: How many of them.

    Returns:
        ``nearest 1`` (painter, title and classes in words), ``nearest 1 cosine``, ``nearest 1 id``, and so on.
    """
    rows, cosines = evidence.nearest(seen.vectors, k)
    columns: dict[str, object] = {}
    for rank in range(rows.shape[1]):
        works = evidence.works.iloc[rows[:, rank]]
        words = [in_words(work, float(c)) for work, c in zip(works.to_dict("records"), cosines[:, rank], strict=True)]
        columns[f"nearest {rank + 1}"] = words
        columns[f"nearest {rank + 1} cosine"] = cosines[:, rank].astype(np.float64)
        columns[f"nearest {rank + 1} id"] = works["id"].to_numpy()
    return pd.DataFrame(columns)


def in_words(work: Mapping[Any, Any], cosine: float) -> str:
    """A training work in words: its painter, its title, its classes, and whether it is the picture itself."""
    labels = [str(work[f"{task} class"]) for task in ("style", "genre")]
    classes = ", ".join(label.replace("_", " ") for label in labels if label)
    words = ", ".join(part for part in (work["artist"], work["title"]) if part)
    same = "the network was trained on this picture: " if cosine >= SAME else ""
    return f"{same}{words}{f' ({classes})' if classes else ''}"
