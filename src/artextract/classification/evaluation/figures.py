"""Figures of task 1: class counts, losses and AUC along the training, ROC curves, calibration, confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artextract.classification.evaluation.confusion import row_shares
from artextract.classification.evaluation.headline import with_interval
from artextract.core.tasks import TASKS
from artextract.measures.calibration import ENOUGH, LEAST
from artextract.pictures.style import GRID, INK, SPLIT_COLOURS, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from artextract.classification.evaluation.roc import RocCurves

GREY = "#9aa1ab"
COLOURS = {"style": "#b5432a", "genre": "#2f6f8f", "artist": "#7a6a1f"}


def plot_confusion(counts: np.ndarray, names: Sequence[str], task: str, path: Path) -> None:
    """Confusion matrix: counts in the cells, coloured by their share of the true class, whose n is next to its name.

    Args:
        counts: (classes, classes), row = true; classes without images and classes never predicted are shown too.
        names: Class names as they are to be read.
        task: Name of the task, for the title.
        path: PNG to write; an SVG of the same name is written beside it.
    """
    side = 3.0 + 0.38 * len(names)
    figure, axes = new_figure(1, 1, side + 1.0, side)
    axis, shares = axes[0][0], row_shares(counts)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.argwhere(counts > 0).tolist():
        colour = "white" if shares[i, j] > 0.55 else INK
        axis.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=8)
    predicted = [name if n else f"{name} (never)" for name, n in zip(names, counts.sum(axis=0), strict=True)]
    true = [f"{name} (n = {n})" for name, n in zip(names, counts.sum(axis=1), strict=True)]
    axis.set_xticks(range(len(names)), predicted, rotation=60, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), true)
    for label, n in zip(axis.get_xticklabels(), counts.sum(axis=0), strict=True):
        label.set_color(INK if n else GREY)
    borders = np.arange(len(names) + 1) - 0.5
    axis.set_xticks(borders, minor=True)
    axis.set_yticks(borders, minor=True)
    axis.grid(which="minor", color=GRID, lw=0.6)
    axis.tick_params(which="both", length=0)
    axis.set(xlabel="predicted", ylabel="true")
    figure.suptitle(f"{task}: {counts.sum()} validation images", x=0.01, ha="left", fontsize=10, fontweight="bold")
    axis.set_title("colour: share of the images of the true class (n)", fontsize=8, fontweight="normal")
    save(figure, path)


def plot_roc(curves: Mapping[str, RocCurves], metrics: Mapping[str, float], path: Path) -> None:
    """ROC curves, one panel per task: scored classes thin, their mean bold, the AUC with its interval in the title.

    Args:
        curves: Curves of each task.
        metrics: Flat scores, for the titles.
        path: PNG to write; an SVG of the same name is written beside it.
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
            scored, total = metrics[f"{task}.classes_scored"], metrics[f"{task}.classes"]
            title = f"{task}: one-vs-rest AUC {with_interval(metrics, f'{task}.auc_ovr')}\n"
            title += f"{scored} of {total} classes scored"
        axis.set(title=title, xlabel="false positives (one class against the rest)", aspect="equal")
    axes[0][0].set_ylabel("true positives")
    save(figure, path)


def plot_reliability(
    points: pd.DataFrame, metrics: Mapping[str, float], refused: Mapping[str, str | None], path: Path
) -> None:
    """Confidence against accuracy, one panel per task, before and after the temperature; each point says its images.

    A task with fewer than ``ENOUGH`` validation images gets a sentence in place of points, and so does a temperature
    that was refused. The error of a perfectly calibrated network of as many images is next to the network's own.

    Args:
        points: task, calibrated (before, after), and the columns of ``calibration.reliability_points``.
        metrics: Flat scores, for calibration errors and numbers of images.
        refused: Task to the reason why it has no temperature; None where it has one.
        path: PNG to write; an SVG of the same name is written beside it.
    """
    figure, axes = new_figure(1, len(TASKS), 12, 4.4)
    for axis, task in zip(axes[0], TASKS, strict=True):
        reliability_panel(axis, task, points[points["task"] == task], metrics, refused.get(task))
    axes[0][0].set_ylabel("accuracy, with its 95% interval; numbers: images")
    save(figure, path)


def reliability_panel(
    axis: Axes, task: str, points: pd.DataFrame, metrics: Mapping[str, float], refused: str | None
) -> None:
    """The reliability of one task; arguments as those of ``plot_reliability``, of this task alone."""
    axis.plot([0, 1], [0, 1], color=GRID, lw=1, zorder=0)
    styles = (("before", GREY, "ece", 8), ("after", COLOURS[task], "ece_calibrated", -13))
    for name, colour, key, above in styles:
        part = points[points["calibrated"] == name]
        if len(part):
            label = f"{name} the temperature: error {metrics[f'{task}.{key}']:.2f}"
            if name == "before":
                label += f"\n(calibrated, by chance: {metrics[f'{task}.ece_if_calibrated']:.2f})"
            spread = part[["accuracy", "high"]].to_numpy() - part[["low", "accuracy"]].to_numpy()
            axis.errorbar(
                part["confidence"], part["accuracy"], yerr=spread.T, fmt="o-", color=colour, ms=5, lw=1.2,
                elinewidth=0.8, label=label,
            )  # fmt: skip
            for x, y, n in part[["confidence", "accuracy", "rows"]].itertuples(index=False):
                axis.annotate(str(int(n)), (x, y), (4, above), textcoords="offset points", fontsize=7, color=colour)
    axis.set(title=task, xlabel="confidence", xlim=(0, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    if notes := _not_shown(task, metrics, refused):
        axis.text(0.5, 0.03, notes, ha="center", va="bottom", fontsize=8, color=INK, transform=axis.transAxes)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", fontsize=8)


def _not_shown(task: str, metrics: Mapping[str, float], refused: str | None) -> str:
    """A sentence about what a panel of the reliability diagram cannot show; "" where it shows everything."""
    if (images := int(metrics.get(f"{task}.val_rows", 0))) < ENOUGH:
        return f"too few validation images ({images}):\ncalibration is shown from {ENOUGH} on, {LEAST} for each point"
    return fill(f"no temperature: {refused}", 44) if refused else ""


def plot_risk_coverage(answers: pd.DataFrame, metrics: Mapping[str, float], path: Path) -> None:
    """Error among the answered images against their share, one panel per task; the chosen threshold is marked.

    Args:
        answers: task, and the columns of ``abstention.risk_coverage``.
        metrics: Flat scores, for the threshold's coverage and error.
        path: PNG to write; an SVG of the same name is written beside it.
    """
    figure, axes = new_figure(1, len(TASKS), 12, 4.0)
    for axis, task in zip(axes[0], TASKS, strict=True):
        risk_panel(axis, task, answers[answers["task"] == task], metrics)
    axes[0][0].set_ylabel("share of the answers that is wrong")
    save(figure, path)


def risk_panel(axis: Axes, task: str, answers: pd.DataFrame, metrics: Mapping[str, float]) -> None:
    """Error against coverage of one task; arguments as those of ``plot_risk_coverage``, of this task alone."""
    axis.plot(answers["coverage"], answers["error"], color=COLOURS[task], lw=1.8)
    title = f"{task}: no threshold was chosen"
    if f"{task}.abstain_error" in metrics:
        coverage, error = metrics[f"{task}.abstain_coverage"], metrics[f"{task}.abstain_error"]
        axis.plot([coverage], [error], "o", color=INK, ms=6)
        title = f"{task}: {coverage:.0%} answered, {error:.0%} of these wrong"
    axis.set(title=title, xlabel="share of images that are answered", xlim=(0, 1.02), ylim=(-0.02, 1.02))


def plot_losses(losses: pd.DataFrame, aucs: pd.DataFrame, best_epoch: int, path: Path) -> None:
    """Losses and, below them, AUC along the training, one panel per task; the epoch that was kept is marked.

    Args:
        losses: epoch, task, split, loss.
        aucs: epoch, task, auc; tasks without rows have too few select rows to be measured.
        best_epoch: The epoch that the select rows chose.
        path: PNG to write; an SVG of the same name is written beside it.
    """
    figure, axes = new_figure(2, len(TASKS), 12, 6.2)
    for axis, task in zip(axes[0], TASKS, strict=True):
        loss_panel(axis, task, losses[losses["task"] == task], best_epoch)
    for axis, task in zip(axes[1], TASKS, strict=True):
        part = aucs[aucs["task"] == task]
        if len(part):
            axis.plot(part["epoch"], part["auc"], color=SPLIT_COLOURS["select"], lw=1.8)
            axis.axvline(best_epoch, color=INK, lw=0.8, ls=":")
            axis.set(xlabel="epoch")
        else:
            axis.text(0.5, 0.5, "too few select rows for an AUC", ha="center", transform=axis.transAxes)
            axis.set(xticks=[], yticks=[])
    axes[1][0].set_ylabel("AUC one-vs-one, select rows")
    axes[0][0].set_ylabel("weighted cross-entropy")
    axes[0][0].legend(title=f"kept: epoch {best_epoch}")
    save(figure, path)


def loss_panel(axis: Axes, task: str, losses: pd.DataFrame, best_epoch: int) -> None:
    """Losses of one task along the training; arguments as those of ``plot_losses``, of this task alone."""
    for split in ("train", "select"):
        part = losses[losses["split"] == split]
        if len(part):
            axis.plot(part["epoch"], part["loss"], color=SPLIT_COLOURS[split], label=split, lw=1.8)
    axis.axvline(best_epoch, color=INK, lw=0.8, ls=":")
    axis.set(title=task, xlabel="epoch", ylim=(0, None))
