"""Figure of the losses along the training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.data.wikiart.lists import TASKS
from artextract.pictures.style import INK, SPLIT_COLOURS, new_figure, save


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
