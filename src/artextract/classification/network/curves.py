"""Curves of a training as tables, one row per measured value, written after every epoch.

`dvc plots show` and the DVC extension of VS Code read these files while the stage runs. DVCLive is not used: it
writes a file of metrics of its own, in which every number becomes a DVC metric, and outside of `dvc repro` it saves an
experiment in git; two tables are all that is needed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from artextract.core.files import write_table
from artextract.core.tasks import TASKS

Epoch = Mapping[str, float]  # epoch; <task>_train, <task>_select: losses; <task>_select_auc where it is defined


def loss_curves(history: Sequence[Epoch]) -> pd.DataFrame:
    """Weighted cross-entropy along a training.

    Args:
        history: One entry per finished epoch.

    Returns:
        epoch, task, split (train, select), loss; no row where a task has no labelled image.
    """
    rows = [
        (int(epoch["epoch"]), task, split, epoch[f"{task}_{split}"])
        for task in TASKS
        for split in ("train", "select")
        for epoch in history
        if f"{task}_{split}" in epoch
    ]
    return pd.DataFrame(rows, columns=pd.Index(["epoch", "task", "split", "loss"]))


def auc_curves(history: Sequence[Epoch]) -> pd.DataFrame:
    """One-vs-one AUC on the select rows along a training.

    Args:
        history: One entry per finished epoch.

    Returns:
        epoch, task, auc; no row for a task with too few select rows, since DVC draws an empty cell as 0.
    """
    rows = [
        (int(epoch["epoch"]), task, epoch[f"{task}_select_auc"])
        for task in TASKS
        for epoch in history
        if f"{task}_select_auc" in epoch
    ]
    return pd.DataFrame(rows, columns=pd.Index(["epoch", "task", "auc"]))


def write_curves(folder: Path, history: Sequence[Epoch]) -> None:
    """Write losses.csv and auc.csv with all finished epochs; each file is replaced as a whole.

    Args:
        folder: Where the tables belong.
        history: One entry per finished epoch, those of an interrupted run included.
    """
    write_table(folder / "losses.csv", loss_curves(history))
    write_table(folder / "auc.csv", auc_curves(history))
