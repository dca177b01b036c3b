"""Figures of the evaluation of task 1: confusion matrices and ROC curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artextract.core.tasks import TASKS
from artextract.pictures.style import GRID, INK, new_figure, readable, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from artextract.classification.evaluation.scores import RocCurves
from artextract.pictures.style import SPLIT_COLOURS

GREY = "#9aa1ab"
COLOURS = {"style": "#b5432a", "genre": "#2f6f8f", "artist": "#7a6a1f"}


def _matrix(axis: Axes, values: np.ndarray, shade: np.ndarray, names: Sequence[str], title: str, text: str) -> None:
    axis.imshow(shade, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(*values.shape):
        if values[i, j]:
            colour = "white" if shade[i, j] > 0.55 else INK
            axis.text(j, i, format(values[i, j], text), ha="center", va="center", color=colour, fontsize=7)
    axis.set_xticks(range(len(names)), [readable(n) for n in names], rotation=60, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), [readable(n) for n in names])
    axis.set(title=title, xlabel="predicted", ylabel="true")
    axis.tick_params(length=0)


def plot_confusion(counts: np.ndarray, names: Sequence[str], task: str, path: Path) -> None:
    """Confusion matrix twice: counts, and each true class as shares of its row.

    Args:
        counts: (classes, classes), row = true.
        names: Class names.
        task: For the title.
        path: PNG to write.
    """
    side = 2.4 + 0.36 * len(names)
    figure, axes = new_figure(1, 2, 2 * side, side)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    _matrix(axes[0][0], counts, shares, names, f"{task}: validation images", "d")
    _matrix(axes[0][1], shares, shares, names, f"{task}: share of the true class", ".2f")
    save(figure, path)


def plot_roc(curves: Mapping[str, RocCurves], metrics: Mapping[str, float], path: Path) -> None:
    """ROC curves, a panel a task: each scored class thin, their mean bold, the AUC with its interval in the title.

    Args:
        curves: Of each task.
        metrics: Flat metrics, for the titles.
        path: PNG to write.
    """
    figure, axes = new_figure(1, len(TASKS), 12, 4.2)
    for axis, task in zip(axes[0], TASKS, strict=True):
        for _, curve in curves[task].classes.items():
            axis.plot(curve.index, curve, color=COLOURS[task], alpha=0.25, lw=0.8)
        mean = curves[task].macro
        axis.plot(mean.index, mean, color=COLOURS[task], lw=2.2)
        axis.plot([0, 1], [0, 1], color=GRID, lw=1, zorder=0)
        title = f"{task}: no class has enough validation rows"
        if f"{task}.auc_ovr" in metrics:
            value, low, high = (metrics.get(f"{task}.auc_ovr{s}", float("nan")) for s in ("", "_low", "_high"))
            scored, total = metrics[f"{task}.classes_scored"], metrics[f"{task}.classes"]
            title = f"{task}: AUC {value:.2f} ({low:.2f} to {high:.2f}), {scored} of {total} classes"
        axis.set(title=title, xlabel="false positives (one class against the rest)", aspect="equal")
    axes[0][0].set_ylabel("true positives")
    save(figure, path)


def plot_reliability(bins: pd.DataFrame, metrics: Mapping[str, float], path: Path) -> None:
    """Confidence against accuracy, a panel a task, before and after the temperature; a dot's area is its rows.

    Args:
        bins: task, calibrated (before, after), rows, confidence, accuracy.
        metrics: Flat metrics, for the calibration errors in the legends.
        path: PNG to write.
    """
    figure, axes = new_figure(1, len(TASKS), 12, 4.2)
    for axis, task in zip(axes[0], TASKS, strict=True):
        axis.plot([0, 1], [0, 1], color=GRID, lw=1, zorder=0)
        for name, colour, key in (("before", GREY, "ece"), ("after", COLOURS[task], "ece_calibrated")):
            part = bins[(bins["task"] == task) & (bins["calibrated"] == name)] if len(bins) else bins
            if len(part):
                label = f"{name}: error {metrics[f'{task}.{key}']:.2f}"
                area = 20 + 300 * part["rows"] / part["rows"].sum()
                axis.plot(part["confidence"], part["accuracy"], color=colour, lw=1.2)
                axis.scatter(part["confidence"], part["accuracy"], s=area, color=colour, label=label, alpha=0.8)
        axis.set(title=task, xlabel="confidence", xlim=(0, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        if axis.has_data() and axis.get_legend_handles_labels()[0]:
            axis.legend(loc="upper left")
    axes[0][0].set_ylabel("accuracy")
    save(figure, path)


def plot_class_counts(table: pd.DataFrame, path: Path) -> None:
    """Rows of each class by split, a panel a task.

    Args:
        table: task, class, split, rows.
        path: PNG to write.
    """
    most = int(table.groupby("task")["class"].nunique().max())
    figure, axes = new_figure(1, len(TASKS), 13, 1.4 + 0.24 * most)
    for axis, task in zip(axes[0], TASKS, strict=True):
        wide = table[table["task"] == task].pivot_table(index="class", columns="split", values="rows", sort=False)
        wide = wide.sort_values("train")
        left = np.zeros(len(wide))
        for split, colour in SPLIT_COLOURS.items():
            axis.barh([readable(str(n)) for n in wide.index], wide[split], left=left, color=colour, label=split)
            left = left + wide[split].to_numpy()
        axis.set(title=f"{task}: {len(wide)} classes", xlabel="images")
        axis.tick_params(length=0)
    axes[0][0].legend(loc="lower right")
    save(figure, path)


def plot_losses(losses: pd.DataFrame, best_epoch: int, path: Path) -> None:
    """Losses and, below, AUC along the training, a panel a task; the epoch that was kept is marked.

    Args:
        losses: epoch, <task>_train, <task>_select, <task>_select_auc (missing where it is not defined).
        best_epoch: Chosen on the select rows.
        path: PNG to write.
    """
    figure, axes = new_figure(2, len(TASKS), 12, 6.2)
    for axis, task in zip(axes[0], TASKS, strict=True):
        for split in ("train", "select"):
            if f"{task}_{split}" in losses:
                axis.plot(losses["epoch"], losses[f"{task}_{split}"], color=SPLIT_COLOURS[split], label=split, lw=1.8)
        axis.axvline(best_epoch, color=INK, lw=0.8, ls=":")
        axis.set(title=task, xlabel="epoch", ylim=(0, None))
    for axis, task in zip(axes[1], TASKS, strict=True):
        if f"{task}_select_auc" in losses:
            axis.plot(losses["epoch"], losses[f"{task}_select_auc"], color=SPLIT_COLOURS["select"], lw=1.8)
            axis.axvline(best_epoch, color=INK, lw=0.8, ls=":")
            axis.set(xlabel="epoch")
        else:
            axis.text(0.5, 0.5, "too few select rows for an AUC", ha="center", transform=axis.transAxes)
            axis.set(xticks=[], yticks=[])
    axes[1][0].set_ylabel("AUC one-vs-one, select rows")
    axes[0][0].set_ylabel("weighted cross-entropy")
    axes[0][0].legend(title=f"kept: epoch {best_epoch}")
    save(figure, path)
