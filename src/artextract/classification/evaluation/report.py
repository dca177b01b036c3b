"""The evaluation as files: tables and figures of all tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from artextract.classification.evaluation.figures import (
    plot_confusion,
    plot_losses,
    plot_reliability,
    plot_risk_coverage,
    plot_roc,
)
from artextract.classification.evaluation.headline import scores_table
from artextract.classification.evaluation.label_noise import TASK as TASK_OF_TWO_LABELS
from artextract.classification.evaluation.roc import roc_table
from artextract.classification.evaluation.scores import Scores
from artextract.classification.evaluation.task import TaskEvaluation
from artextract.core.files import write_table


def flat_scores(evaluations: Mapping[str, TaskEvaluation]) -> Scores:
    """The scores of all tasks as ``<task>.<score>``."""
    return {f"{task}.{name}": value for task, found in evaluations.items() for name, value in found.scores.items()}


def of_all_tasks(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of the tasks below each other, with a first column ``task``."""
    return pd.concat([table.assign(task=task) for task, table in tables.items()], ignore_index=True)


def write_report(folder: Path, evaluations: Mapping[str, TaskEvaluation]) -> None:
    """Write the tables and figures of all tasks.

    Args:
        folder: Where they belong; the stage evaluate_auc lists the files.
        evaluations: The evaluation of each task.
    """
    metrics = flat_scores(evaluations)
    for task, found in evaluations.items():
        for name, table in found.tables.items():
            write_table(folder / f"{name}_{task}.csv", table)
        plot_confusion(found.confusion, found.classes, task, folder / f"confusion_{task}.png")
    curves = {task: found.curves for task, found in evaluations.items()}
    write_table(folder / "roc.csv", roc_table(curves))
    plot_roc(curves, metrics, folder / "roc.png")
    reliability = of_all_tasks({task: found.reliability for task, found in evaluations.items()})
    write_table(folder / "reliability.csv", reliability)
    refused = {task: found.fitted.calibration.refused for task, found in evaluations.items()}
    plot_reliability(reliability, metrics, refused, folder / "reliability.png")
    answers = of_all_tasks({task: found.answers for task, found in evaluations.items()})
    write_table(folder / "risk_coverage.csv", answers[["task", *answers.columns.drop("task")]])
    plot_risk_coverage(answers, metrics, folder / "risk_coverage.png")
    if TASK_OF_TWO_LABELS in evaluations:
        write_table(folder / "label_noise.csv", evaluations[TASK_OF_TWO_LABELS].two_labels)
    write_table(folder / "scores.csv", scores_table(metrics))


def draw_training(curves: Path, best_epoch: int, path: Path) -> None:
    """Draw losses and AUC along the training.

    Args:
        curves: Folder with losses.csv and auc.csv of the training.
        best_epoch: The epoch that was kept.
        path: PNG to write.
    """
    losses, aucs = (pd.read_csv(curves / f"{name}.csv") for name in ("losses", "auc"))
    plot_losses(losses, aucs, best_epoch, path)
