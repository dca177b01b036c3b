"""Compares two trainings by their predictions tables (data/evaluation/predictions.parquet).

For each task: the scores of both runs, and their paired difference with a 95% interval and a p value. Both runs are
scored without the same blocks of painters (style, genre) or near-duplicate groups (artist).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions, of_task
from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.core.tasks import TASKS
from artextract.data.wikiart.paths import painter_slug
from artextract.measures import auc
from artextract.measures.bootstrap import holm
from artextract.measures.intervals import SMALLEST_P, estimate
from artextract.measures.units import without_blocks
from artextract.runs.revisions import output

Score = Callable[[TaskPredictions, list[int], np.ndarray], np.ndarray]
PREDICTIONS = "data/evaluation/predictions.parquet"
SIGNIFICANT = 0.05
KEYS = ("id", "task", "split", "y_true", "stratum", "group")
COLUMNS = ["task", "score", "rows", "units", "a", "b", "difference", "low", "high", "p", "p_holm"]
SCORES: dict[str, Score] = {
    "auc_ovo": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w),
    "auc_ovo_stratified": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w, t.strata),
    "balanced_accuracy": lambda t, chosen, w: auc.balanced_accuracy(t.y, t.p, chosen, w),
    "top1": lambda t, chosen, w: auc.top1(t.y, t.p, w),
}


def aligned(tables: Sequence[pd.DataFrame], task: str) -> list[TaskPredictions]:
    """Predictions of several runs on the same validation rows in the same order.

    Raises:
        ArtExtractError: The runs were evaluated on different rows, labels, strata or classes.
    """
    of = [t[(t["task"] == task) & (t["split"] == "val")].sort_values("id").reset_index(drop=True) for t in tables]
    for column in ("id", "y_true", "stratum"):
        # Missing values are replaced by None first: None, NaN and NA do not compare as equal.
        first, *others = (part[column].astype(object).where(part[column].notna(), None).tolist() for part in of)
        if any(other != first for other in others):
            raise ArtExtractError(
                f"the tables differ in the {column} of their rows",
                where=f"task {task}",
                remedy="compare runs that were evaluated on the same validation rows",
            )
    columns = [[str(c) for c in part if str(c).startswith("p_") and part[c].notna().any()] for part in of]
    if any(names != columns[0] for names in columns):
        raise ArtExtractError("the runs have different numbers of classes", where=f"task {task}")
    return [of_task(part, task, columns[0]) for part in of]


def scored_by(task: TaskPredictions, min_rows: int) -> tuple[list[int], dict[str, tuple[Score, np.ndarray]]]:
    """Classes that are scored, and for each score its function and the rows that it rests on, boolean (n,).

    Without strata there is no stratified score; with fewer than two classes, top-1 alone.
    """
    chosen = auc.scored_classes(task.y, task.p.shape[1], min_rows)
    found: dict[str, tuple[Score, np.ndarray]] = {}
    for name, score in SCORES.items():
        if name == "top1":
            found[name] = score, np.ones(len(task.y), dtype=bool)
        elif len(chosen) > 1 and (name != "auc_ovo_stratified" or task.strata is not None):
            found[name] = score, np.isin(task.y, chosen)
    return chosen, found


def compare(a: pd.DataFrame, b: pd.DataFrame, *, min_rows: int, blocks: int, seed: int) -> pd.DataFrame:
    """Scores of both runs and their paired differences.

    Args:
        a: Predictions of one run, see ``prediction_table.predictions_table``.
        b: Predictions of the other run.
        min_rows: Classes with fewer validation rows are left out.
        blocks: Blocks of painters or groups that are left out in turn.
        seed: Seed of the blocks.

    Returns:
        One row per task and score, columns ``COLUMNS``: difference is b - a, with low and high; p is corrected for all
        rows of the table in ``p_holm``. No score that is not defined, and no task without validation rows.
    """
    rows = []
    for task in TASKS:
        one, two = aligned([a, b], task)
        if not len(one.y):
            continue
        weights = without_blocks(one.unit, blocks, seed)
        chosen, scores = scored_by(one, min_rows)
        for name, (score, here) in scores.items():
            first, second = (score(t, chosen, weights) for t in (one, two))
            found = estimate(second - first, "difference")
            row = {"task": task, "score": name, "rows": int(here.sum()), "units": len(np.unique(one.unit[here]))}
            row |= {"a": float(first[0]), "b": float(second[0]), "difference": found.value}
            rows.append(row | {"low": found.low, "high": found.high, "p": found.p})
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    return with_holm(table[table["difference"].notna()].reset_index(drop=True))


def with_holm(table: pd.DataFrame) -> pd.DataFrame:
    """Column ``p_holm``: ``p`` corrected for all rows that have one; they are one family."""
    corrected = pd.Series(np.nan, index=table.index)
    tested = table["p"].notna()
    corrected[tested] = holm(table.loc[tested, "p"].to_numpy(dtype=float))
    return table.assign(p_holm=corrected)


def read_predictions(given: str) -> pd.DataFrame:
    """The predictions table of a run.

    Args:
        given: A file, ``workspace``, a git revision, or the name of an experiment; see ``revisions.output``.

    Raises:
        ArtExtractError: There is no such run, or it is not a predictions table.
    """
    remedy = "give data/evaluation/predictions.parquet of a run, a git revision, or an experiment"
    try:
        with readable(given, "Parquet", remedy):
            table = pd.read_parquet(output(given, PREDICTIONS))
    except FileNotFoundError as error:
        raise ArtExtractError("no such file", where=error.filename or given, remedy=remedy) from None
    return checked(table, given, remedy)


def checked(table: pd.DataFrame, where: str, remedy: str | None = None) -> pd.DataFrame:
    """A predictions table with the columns that a comparison needs.

    Raises:
        ArtExtractError: A column is missing.
    """
    if missing := [column for column in KEYS if column not in table]:
        raise ArtExtractError(f"columns are missing: {', '.join(missing)}", where=where, remedy=remedy)
    return table.assign(painter=table["id"].map(painter_slug))  # tables of version 0.1 have no such column


def at_least(p: float, corrected: float) -> str:
    """A corrected p value as text; "<=" where the p value itself is the smallest that is given, "" where undefined."""
    return f"{'<=' if p <= SMALLEST_P else ''}{corrected:.4f}" if np.isfinite(corrected) else ""


def printed(table: pd.DataFrame) -> str:
    """The comparison as aligned text, below the number of comparisons that its p values are corrected for."""
    tested = int(table["p"].notna().sum())
    shown = table.assign(
        p_holm=[at_least(p, q) for p, q in zip(table["p"], table["p_holm"], strict=True)],
        significant=np.where(table["p_holm"] < SIGNIFICANT, "yes", "no"),
    ).drop(columns="p")
    head = f"{tested} comparisons; p_holm is corrected for all of them (Holm), significant means below {SIGNIFICANT}\n"
    return head + shown.to_string(index=False, float_format=lambda v: f"{v:.4f}")
