"""Images that the lists name under two styles: the label is one of two, and the network's choices show which.

One file name in two style folders is one picture with two labels, so no network can be right about both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.scores import Scores
from artextract.measures import auc
from artextract.measures.intervals import estimate
from artextract.measures.units import without_blocks
from artextract.params.sections import Evaluate

TASK = "style"
COLUMNS = ["figure", "value", "low", "high", "rows", "chance"]


def two_labels(ids: Sequence[str], labels: Sequence[int]) -> dict[str, frozenset[int]]:
    """File names that appear with different labels: name to all of its labels.

    Args:
        ids: Paths ``Folder/name.jpg`` of all rows that have a label, of every split.
        labels: Their labels.
    """
    found: dict[str, set[int]] = {}
    for path, label in zip(ids, labels, strict=True):
        found.setdefault(_name(path), set()).add(int(label))
    return {name: frozenset(several) for name, several in found.items() if len(several) > 1}


def label_noise(
    task: TaskPredictions, ids: Sequence[str], twins: dict[str, frozenset[int]], params: Evaluate, seed: int
) -> tuple[pd.DataFrame, Scores]:
    """The network's first and second choice for the scored rows that have two labels.

    Args:
        task: Validation predictions of the style task.
        ids: Paths of its rows, (n,).
        twins: See ``two_labels``.
        params: Section ``evaluate``.
        seed: Seed of the blocks of units.

    Returns:
        One row per figure, columns ``COLUMNS``: how often the first choice is the label, how often it is another label
        of the same file name, and how often the second choice is one. Chance is the same share among scored rows of
        the same label that have one label only, empty where there are none. And flat scores: ``two_labels_names`` and
        ``two_labels_rows``. Without such rows the table has no rows.
    """
    others = [twins.get(_name(path), frozenset()) - {int(y)} for path, y in zip(ids, task.y, strict=True)]
    rows = np.array([bool(labels) for labels in others], dtype=bool)
    counts: Scores = {"two_labels_names": len(twins), "two_labels_rows": int(rows.sum())}
    if not rows.any():
        return pd.DataFrame(columns=pd.Index(COLUMNS)), counts
    first, second = np.argsort(-task.p, axis=1, kind="stable")[:, :2].T
    weights = without_blocks(task.unit[rows], params.blocks, seed)
    plain = np.array([_name(path) not in twins for path in ids], dtype=bool)

    def line(figure: str, choice: np.ndarray, wanted: list[frozenset[int]]) -> dict[str, object]:
        hits = np.array([int(c) in w for c, w in zip(choice[rows], wanted, strict=True)], dtype=bool)
        found = estimate(auc.share(hits, np.ones(len(hits), dtype=bool), weights))
        chance = _chance(choice[plain], task.y[plain], task.y[rows], wanted)
        ends = {"value": found.value, "low": found.low, "high": found.high}
        return {"figure": figure, **ends, "rows": int(rows.sum()), "chance": chance}

    own = [frozenset({int(label)}) for label in task.y[rows]]
    other = [labels for labels in others if labels]
    lines = [
        line("first choice is the label", first, own),
        line("first choice is the other label", first, other),
        line("second choice is the other label", second, other),
    ]
    return pd.DataFrame(lines, columns=pd.Index(COLUMNS)), counts


def _chance(choice: np.ndarray, y: np.ndarray, labels: np.ndarray, wanted: list[frozenset[int]]) -> float:
    """How often rows of the same label, which have one label only, get the choices that are wanted; NaN without any."""
    shares = []
    for label, several in zip(labels, wanted, strict=True):
        alike = choice[y == label]
        if len(alike):
            shares.append(float(np.isin(alike, list(several)).mean()))
    return float(np.mean(shares)) if shares else float("nan")


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
