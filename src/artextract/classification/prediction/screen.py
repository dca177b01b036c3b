"""Predictions for reading in a terminal: a few pictures one by one, many of them as counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from artextract.core.tasks import TASKS

FEW = 10  # pictures that are shown one by one
MOST = 5  # classes that are counted per task


def name(label: str, task: str = "") -> str:
    """A class for people: ``Art_Nouveau`` and ``paul-cezanne`` with spaces, painters with capitals."""
    words = label.replace("_", " ").replace("-", " ")
    return words.title() if words.islower() and task == "artist" else words


def shown(table: pd.DataFrame, top: int) -> str:
    """Some pictures, each with its answers and the works that speak for them.

    Args:
        table: Columns path and those of ``table.answers``, and of ``evidence`` where it is known.
        top: How many answers of each task are shown.
    """
    return "\n\n".join(_one(row, top) for row in table.to_dict("records"))


def _one(row: Mapping[Any, Any], top: int) -> str:
    lines = [str(row["path"])]
    for task in TASKS:
        ranked = [(task if k == 0 else f"{task} {k + 1}") for k in range(top)]
        ranked = [column for column in ranked if column in row]
        first, *others = [(name(str(row[column]), task), float(row[f"{column} probability"])) for column in ranked]
        doubt = "unsure, perhaps " if row.get(f"{task} unsure") else ""
        line = f"  {task:<7} {f'{doubt}{first[0]} {percent(first[1])}':<40}"
        rest = " · ".join(f"{label} {percent(p)}" for label, p in others)
        lines.append(f"{line} {rest}".rstrip())
    for k in takewhile(lambda k: f"nearest {k}" in row, count(1)):
        heading = "  nearest training works" if k == 1 else ""
        lines.append(f"{heading:<26}{row[f'nearest {k} cosine']:.2f}  {row[f'nearest {k}']}")
    return "\n".join(lines)


def percent(p: float) -> str:
    """A probability as people read it; never 0% or 100% where it is neither."""
    if p < 0.01:
        return "<1%"
    return ">99%" if p > 0.99 else f"{100 * p:.0f}%"


def counted(table: pd.DataFrame) -> str:
    """Many pictures: how often each class is the answer, and how many answers are unsure."""
    lines = []
    for task in TASKS:
        counts = table[task].value_counts()
        shown = " · ".join(f"{name(str(label), task)} {n:,}" for label, n in counts.head(MOST).items())
        others = f" · {len(counts) - MOST} others {int(counts.iloc[MOST:].sum()):,}" if len(counts) > MOST else ""
        doubted = table.get(f"{task} unsure")
        unsure = "" if doubted is None else f"  (unsure: {int(doubted.sum()):,} of {len(table):,})"
        lines.append(f"  {task:<7} {shown}{others}{unsure}")
    return "\n".join(lines)


def about(folder: Path, confidence: Mapping[str, Mapping[str, Any]], evidence: bool) -> str:
    """What is said first: the network, how far its probabilities can be trusted, and if there is evidence."""
    plain = [task for task in TASKS if confidence.get(task, {}).get("temperature") is None]
    silent = [task for task in TASKS if confidence.get(task, {}).get("abstain_below") is None]
    lines = [f"network: {folder}"]
    if plain:
        lines.append(f"not calibrated (too few works to fit it on, or not evaluated): {_listed(plain)}")
    if silent:
        lines.append(f"no threshold is known, so nothing is called unsure: {_listed(silent)}")
    if not evidence:
        lines.append(f"no evidence is stored with this network: `artextract evidence --model {folder}` makes it")
    return "\n".join(lines)


def _listed(tasks: Sequence[str]) -> str:
    return ", ".join(tasks)
