"""Scores of all spaces under all judges, one panel a judge: bars with their 95% intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.pictures.style import INK, new_figure, save

BAR, CHANCE, OTHER = "#2f6f8f", "#b9c0c8", "#d08a2c"
COLUMNS = 3
NAMES = {
    "artist": "Same artist",
    "theme": "Same theme, other artists",
    "style": "Same style, other artists",
    "period": "About the same time",
    "terms": "Curators' terms in common",
    "siblings": "Panels and series",
    "title_proxy": "Similar title (a proxy)",
    "text_to_image": "Description to image",
    "same_object": "Other view of the same object",
}
SPACES = {"colour": "colour histogram", "image": "image, raw", "whitened": "PCA-whitened", "csls": "CSLS"}
NO_IMAGE = ("random", "popularity", "colour")  # what needs no network, in grey


def plot_judges(table: pd.DataFrame, unmeasured: Mapping[str, str], metric: str, path: Path) -> None:
    """One panel a judge, a bar a space, the mean over queries with its interval and the mean over artists as a mark.

    Args:
        table: Of ``retrieval_report.retrieval_table``.
        unmeasured: Judges that are not measured, and why.
        metric: What is drawn, ``ndcg10``.
        path: PNG to write.
    """
    chosen = table[table["metric"] == metric]
    judges = list(dict.fromkeys(chosen["judge"]))
    spaces = list(dict.fromkeys(chosen["space"]))
    rows = max(1, -(-len(judges) // COLUMNS))
    figure, axes = new_figure(rows, COLUMNS, 13, 0.9 + rows * (0.8 + 0.27 * max(1, len(spaces))))
    for axis in axes.ravel()[len(judges) :]:
        axis.set_visible(False)
    for axis, judge in zip(axes.ravel(), judges, strict=False):
        part = chosen[chosen["judge"] == judge].set_index("space").reindex(spaces)
        _panel(axis, part, spaces)
        count = int(part["queries"].max())
        axis.set_title(f"{NAMES.get(judge, judge)}  ({count:,} queries)")
    title = f"{_metric_name(metric)}: bars, mean over queries with 95% interval by artist; diamonds, mean over artists"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    if unmeasured:
        reasons = "; ".join(f"{NAMES.get(name, name)} ({reason})" for name, reason in unmeasured.items())
        figure.supxlabel(f"Not measured: {reasons}", x=0.01, ha="left", fontsize=8)
    save(figure, path)


def _panel(axis: Any, part: pd.DataFrame, spaces: Sequence[str]) -> None:
    places = np.arange(len(spaces))
    value = part["micro"].to_numpy(dtype=float)
    error = np.abs(np.stack([value - part["low"].to_numpy(float), part["high"].to_numpy(float) - value]))
    colours = [CHANCE if s in NO_IMAGE else OTHER if s == "title" else BAR for s in spaces]
    axis.barh(places, value, color=colours, height=0.7)
    axis.errorbar(value, places, xerr=error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
    axis.scatter(part["macro"], places, marker="D", s=14, facecolor="white", edgecolor=INK, linewidths=0.8, zorder=3)
    right = float(np.nanmax([part["high"].max(), part["macro"].max(), 0.01]))
    for place, (mean, high) in enumerate(zip(value, part[["high", "macro"]].max(axis=1), strict=True)):
        if np.isnan(mean):
            axis.text(0.01 * right, place, "judged by itself: not scored", va="center", fontsize=7.5, color="#6b737d")
        else:
            axis.text(high + 0.025 * right, place, f"{mean:.3f}", va="center", fontsize=7.5)
    axis.set(
        yticks=places,
        yticklabels=[SPACES.get(s, s) for s in spaces],
        xlim=(0, 1.16 * right),
        ylim=(len(spaces) - 0.4, -0.6),
    )
    axis.tick_params(axis="y", length=0)


def _metric_name(metric: str) -> str:
    if metric.startswith("ndcg"):
        return f"nDCG@{metric[4:]}"
    return f"P@{metric[1:]}" if metric[1:].isdigit() else metric
