"""Figure of all scores: one panel per judge, one bar per space, with 95% intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.pictures.style import INK, new_figure, save
from artextract.similarity.ranking.chance import CEILING
from artextract.similarity.ranking.judges import declared
from artextract.similarity.ranking.spaces import space_label

BAR, CHANCE, OTHER = "#2f6f8f", "#b9c0c8", "#d08a2c"
COLUMNS = 3
NO_NETWORK = ("random", "popularity", "colour")  # in grey
CIRCULAR = "not scored: judged by itself"
HEADING_LETTERS = 32  # of a line of a panel's heading
WIDTH, NOTE_LETTERS = 13, 215  # inches, and letters of the note that fit a line of that width


def plot_judges(table: pd.DataFrame, unmeasured: Mapping[str, str], metric: str, path: Path) -> None:
    """Draw one panel per judge: bars for the mean over queries with its interval, a mark for the mean over painters.

    The heading of a panel gives the ceiling, which would flatten all bars if it were one of them.

    Args:
        table: Result of ``tables.retrieval_table``.
        unmeasured: Keys of the judges that are not measured, and the reason for each; they are named below the panels.
        metric: Metric to draw, for example ``ndcg10``.
        path: PNG to write; an SVG of the same name is written beside it.
    """
    of_metric = table[table["metric"] == metric]
    is_ceiling = of_metric["space"] == CEILING
    scores, ceilings = of_metric[~is_ceiling], of_metric[is_ceiling].set_index("judge")["micro"]
    judges = list(dict.fromkeys(scores["judge"]))
    spaces = list(dict.fromkeys(scores["space"]))
    rows, note = max(1, -(-len(judges) // COLUMNS)), _note(unmeasured)
    panels = rows * (0.8 + 0.27 * max(1, len(spaces)))
    figure, axes = new_figure(rows, COLUMNS, WIDTH, 0.9 + panels + 0.16 * len(note))
    for axis in axes.ravel()[len(judges) :]:
        axis.set_visible(False)
    for axis, judge in zip(axes.ravel(), judges, strict=False):
        part = scores[scores["judge"] == judge].set_index("space").reindex(spaces)
        judge_panel(axis, part, spaces)
        counts = f"{int(part['queries'].max()):,} queries"
        counts += f", ceiling {ceilings[judge]:.2f}" if judge in ceilings else ""
        axis.set_title(panel_heading(declared(judge).label, counts))
    title = f"{_metric_name(metric)}: bars, mean over queries with 95% interval by painter; "
    figure.suptitle(title + "diamonds, mean over painters", x=0.01, ha="left", fontsize=11)
    if note:
        figure.supxlabel("\n".join(note), x=0.01, ha="left", fontsize=8)
    save(figure, path)


def panel_heading(label: str, counts: str) -> str:
    """Label and counts on one line, or on several where one would be wider than the panel."""
    short = len(label) <= HEADING_LETTERS
    return f"{label}  ({counts})" if short else f"{textwrap.fill(label, HEADING_LETTERS)}\n({counts})"


def _note(unmeasured: Mapping[str, str]) -> list[str]:
    """Lines that name the judges without a panel, short enough not to widen the figure."""
    reasons = "; ".join(f"{declared(key).label} ({reason})" for key, reason in unmeasured.items())
    return textwrap.wrap(f"Not measured: {reasons}.", NOTE_LETTERS) if reasons else []


def judge_panel(axis: Any, part: pd.DataFrame, spaces: Sequence[str]) -> None:
    """Bars of one judge.

    Args:
        axis: Where to draw.
        part: One row per space, in the order of ``spaces`` and indexed by it: micro, low, high, macro.
        spaces: Names of the spaces.
    """
    places = np.arange(len(spaces))
    value = part["micro"].to_numpy(dtype=float)
    error = np.abs(np.stack([value - part["low"].to_numpy(float), part["high"].to_numpy(float) - value]))
    colours = [CHANCE if s in NO_NETWORK else OTHER if s == "title" else BAR for s in spaces]
    axis.barh(places, value, color=colours, height=0.7)
    axis.errorbar(value, places, xerr=error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
    axis.scatter(part["macro"], places, marker="D", s=14, facecolor="white", edgecolor=INK, linewidths=0.8, zorder=3)
    right = float(np.nanmax([part["high"].max(), part["macro"].max(), 0.01]))
    for place, (mean, high) in enumerate(zip(value, part[["high", "macro"]].max(axis=1), strict=True)):
        if np.isnan(mean):
            axis.text(0.01 * right, place, CIRCULAR, va="center", fontsize=7.5, color="#6b737d")
        else:
            axis.text(high + 0.025 * right, place, f"{mean:.3f}", va="center", fontsize=7.5)
    axis.set(
        yticks=places,
        yticklabels=[space_label(space) for space in spaces],
        xlim=(0, 1.16 * right),
        ylim=(len(spaces) - 0.4, -0.6),
    )
    axis.tick_params(axis="y", length=0)


def _metric_name(metric: str) -> str:
    if metric.startswith("ndcg"):
        return f"nDCG@{metric[4:]}"
    return f"P@{metric[1:]}" if metric[1:].isdigit() else metric
