"""Figure of the losses along the training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.artgan import TASKS
from artextract.figures import INK, SPLIT_COLOURS, new_figure, save


def plot_losses(losses: pd.DataFrame, best_epoch: int, path: Path) -> None:
    """Losses along the training, a panel a task; the epoch that was kept is marked.

    Args:
        losses: epoch, <task>_train, <task>_select.
        best_epoch: Chosen on the select rows.
        path: PNG to write.
    """
    figure, axes = new_figure(1, len(TASKS), 12, 3.4)
    for axis, task in zip(axes[0], TASKS, strict=True):
        for split in ("train", "select"):
            if f"{task}_{split}" in losses:
                axis.plot(losses["epoch"], losses[f"{task}_{split}"], color=SPLIT_COLOURS[split], label=split, lw=1.8)
        axis.axvline(best_epoch, color=INK, lw=0.8, ls=":")
        axis.set(title=task, xlabel="epoch", ylim=(0, None))
    axes[0][0].set_ylabel("weighted cross-entropy")
    axes[0][0].legend(title=f"kept: epoch {best_epoch}")
    save(figure, path)
