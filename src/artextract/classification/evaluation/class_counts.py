"""The figure of class counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.tasks import TASKS
from artextract.pictures.style import SPLIT_COLOURS, new_figure, readable, save


def plot_class_counts(table: pd.DataFrame, path: Path) -> None:
    """Rows of each class by split, one panel per task.

    Args:
        table: task, class, split, rows.
        path: PNG to write; an SVG of the same name is written beside it.
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
