"""Predictions of task 1: one table of all tasks and splits, and the arrays of one task that scores are taken of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.classification.network.predict import Predictions
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.paths import painter_slug
from artextract.measures.units import same_unit

# What an interval leaves out as a whole. A painter is a class of the artist task: there it is the group.
UNITS = {"style": "painter", "genre": "painter", "artist": "group"}


@dataclass(frozen=True)
class TaskPredictions:
    """Predictions of one task on validation rows.

    Attributes:
        y: True class, (n,).
        p: Softmax over all classes of the class file, (n, classes).
        unit: Unit of evidence, (n,): rows by one painter, and rows of one near-duplicate group, belong to one unit. For
            the artist task it is the near-duplicate group alone; see ``UNITS``.
        strata: Stratum of each row, (n,); None where the data name none.
        classes: Class names.
    """

    y: np.ndarray
    p: np.ndarray
    unit: np.ndarray
    strata: np.ndarray | None
    classes: Sequence[str]


def predictions_table(
    index: pd.DataFrame, rows: Sequence[int], probabilities: Mapping[str, np.ndarray], split: str = "val"
) -> pd.DataFrame:
    """One row per image and task, where the image is in ``split`` of that task.

    Args:
        index: See stages/prepare_artgan.py.
        rows: Rows of the index that were predicted.
        probabilities: (len(rows), classes) of each task.
        split: val, which is scored, or select, which the temperature is fitted on.

    Returns:
        id, task, split, y_true, p_0 ... p_{K-1} (null beyond a task's classes), stratum, group, painter.

    Raises:
        ArtExtractError: A row was predicted twice, as a padded last batch would have it.
    """
    if len(set(rows)) < len(rows):
        raise ArtExtractError(f"{len(rows) - len(set(rows))} images were predicted twice", where="predictions")
    part = index.iloc[list(rows)].reset_index(drop=True)
    tables = []
    for task in TASKS:
        chosen = (part[f"{task}_split"] == split).fillna(False).to_numpy(dtype=bool)
        table = part.loc[chosen, ["id", "stratum", "group"]].assign(task=task, split=split)
        table["painter"] = table["id"].map(painter_slug)
        table["y_true"] = part.loc[chosen, task].astype("int64")
        p = probabilities[task][chosen]
        tables.append(table.assign(**{f"p_{k}": p[:, k] for k in range(p.shape[1])}))
    table = pd.concat(tables, ignore_index=True)
    columns = sorted((c for c in table if str(c).startswith("p_")), key=lambda c: int(str(c)[2:]))
    return table[["id", "task", "split", "y_true", *columns, "stratum", "group", "painter"]]


def predictions_of_splits(index: pd.DataFrame, predicted: Mapping[str, Predictions]) -> pd.DataFrame:
    """The predictions of some splits below each other, as ``predictions_table`` gives them.

    Args:
        index: See stages/prepare_artgan.py.
        predicted: Predictions of each split.
    """
    tables = [predictions_table(index, one.rows, one.probabilities, split) for split, one in predicted.items()]
    return pd.concat(tables, ignore_index=True)


def with_probabilities(table: pd.DataFrame, task: str, p: np.ndarray | None) -> pd.DataFrame:
    """Another model's probabilities for the validation rows of a task, as a predictions table.

    Args:
        table: As ``predictions_table`` gives it.
        task: Its rows are kept.
        p: (validation rows of the task, classes); None leaves no row.
    """
    part = table[(table["task"] == task) & (table["split"] == "val")]
    if p is None:
        return part.iloc[:0]
    return part.assign(**{f"p_{k}": p[:, k] for k in range(p.shape[1])})


def of_task(table: pd.DataFrame, task: str, classes: Sequence[str], split: str = "val") -> TaskPredictions:
    """The rows of one task and split as arrays.

    Raises:
        ArtExtractError: A score is not finite; such a run is not evaluated.
    """
    part = table[(table["task"] == task) & (table["split"] == split)]
    p = part[[f"p_{k}" for k in range(len(classes))]].to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(p).all(axis=1))
    if len(bad):
        first = part["id"].iloc[bad[0]]
        raise ArtExtractError(f"{len(bad)} predictions are not finite, first: {first}", where=f"task {task}")
    strata = None if part["stratum"].isna().all() else part["stratum"].fillna("").to_numpy(dtype=str)
    return TaskPredictions(part["y_true"].to_numpy(dtype=np.int64), p, _units(part, task), strata, classes)


def _units(part: pd.DataFrame, task: str) -> np.ndarray:
    """Unit of evidence of each row of a task, int64 (n,); see ``TaskPredictions``."""
    group = part["group"].to_numpy(dtype=np.int64)
    return group if UNITS[task] == "group" else same_unit(part["painter"].to_numpy(dtype=str), group)
