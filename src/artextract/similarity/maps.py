"""Figure and table of t-SNE maps: where the works lie, and what they show."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.pictures.style import GRID, INK, new_figure, readable, save

PALETTE = ["#b5432a", "#2f6f8f", "#7a6a1f", "#5d8a4a", "#7d4f86", "#d08a2c", "#3b3f8c", "#a8577e"]
Maps = dict[str, tuple[np.ndarray, float]]  # space: positions (n, 2) and trustworthiness, as of ``space.tsne_maps``


def first_theme(index: pd.DataFrame) -> pd.Series:
    """One theme a work for colouring; "none" where there is none."""

    def first(themes: Any) -> str:
        return str(themes[0]) if len(themes) else "none"

    return index["themes"].map(first)


def map_table(index: pd.DataFrame, rows: np.ndarray, maps: Maps, **columns: pd.Series) -> pd.DataFrame:
    """Positions of works on maps.

    Args:
        index: id, title and themes of all works.
        rows: The works that are on the maps (n,).
        maps: Space to positions of these works.
        columns: More to say about all works.

    Returns:
        A row a space and work: id, title, theme, the given columns, space, x, y.
    """
    frame = index.assign(theme=first_theme(index), **columns)[["id", "title", "theme", *columns]].iloc[rows]
    parts = [frame.assign(space=space, x=xy[:, 0], y=xy[:, 1]) for space, (xy, _) in maps.items()]
    return pd.concat(parts, ignore_index=True)


def plot_maps(maps: Maps, themes: pd.Series, path: Path, held_out: np.ndarray | None = None) -> None:
    """t-SNE maps side by side, coloured by theme, the trustworthiness of each in its title.

    Args:
        maps: Space to positions (n, 2) and trustworthiness.
        themes: One theme a work.
        path: PNG to write.
        held_out: Works that a training has not seen, boolean (n,): they are ringed.
    """
    figure, axes = new_figure(1, len(maps), 6.5 * len(maps), 6)
    common = [theme for theme, _ in Counter(themes[themes != "none"]).most_common(len(PALETTE))]
    for axis, (space, (positions, trust)) in zip(axes[0], maps.items(), strict=True):
        other = ~themes.isin(common).to_numpy()
        axis.scatter(*positions[other].T, s=18, color=GRID, label="other or none", edgecolors=INK, linewidths=0.2)
        for theme, colour in zip(common, PALETTE, strict=False):
            chosen = (themes == theme).to_numpy()
            axis.scatter(*positions[chosen].T, s=24, color=colour, label=readable(theme), linewidths=0)
        if held_out is not None:
            ring: Any = {"s": 70, "facecolors": "none", "edgecolors": INK, "linewidths": 0.9}
            axis.scatter(*positions[held_out].T, label="ringed: held out from training", **ring)
        axis.set(title=f"{space} embedding (t-SNE, trustworthiness {trust:.2f})", xticks=[], yticks=[])
    axes[0][-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), title="theme")
    save(figure, path)
