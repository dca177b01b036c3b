"""Compares two trainings by their predictions tables (data/evaluation/predictions.parquet).

For each task: the scores of both runs, and their paired difference with a 95% interval. Both runs are scored on the
same resamples, in which near-duplicate groups are drawn as a whole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions, of_task
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.measures import auc
from artextract.measures.bootstrap import cluster_bootstrap, interval
from artextract.runs.revisions import output

Score = Callable[[TaskPredictions, list[int], np.ndarray], np.ndarray]
PREDICTIONS = "data/evaluation/predictions.parquet"
COLUMNS = ("id", "task", "split", "y_true", "stratum", "group")
SCORES: dict[str, Score] = {
    "auc_ovo": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w),
    "auc_ovo_stratified": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w, t.strata),
    "balanced_accuracy": lambda t, chosen, w: auc.balanced_accuracy(t.y, t.p, chosen, w),
    "top1": lambda t, chosen, w: auc.top1(t.y, t.p, w),
}


def _aligned(a: pd.DataFrame, b: pd.DataFrame, task: str) -> tuple[TaskPredictions, TaskPredictions]:
    """Predictions of both runs on the same rows in the same order.

    Raises:
        ArtExtractError: The runs were evaluated on different rows, labels, strata or classes.
    """
    parts = [t[(t["task"] == task) & (t["split"] == "val")].sort_values("id").reset_index(drop=True) for t in (a, b)]
    for column in ("id", "y_true", "stratum"):
        # Missing values are replaced by None first: None, NaN and NA do not compare as equal.
        one, two = (part[column].astype(object).where(part[column].notna(), None).tolist() for part in parts)
        if one != two:
            raise ArtExtractError(
                f"the two tables differ in the {column} of their rows",
                where=f"task {task}",
                remedy="compare runs that were evaluated on the same validation rows",
            )
    columns = [[c for c in part if str(c).startswith("p_") and part[c].notna().any()] for part in parts]
    if columns[0] != columns[1]:
        raise ArtExtractError("the two runs have different numbers of classes", where=f"task {task}")
    first, second = (of_task(part, task, [str(c) for c in columns[0]]) for part in parts)
    return first, second


def compare(a: pd.DataFrame, b: pd.DataFrame, *, min_rows: int, draws: int, seed: int) -> pd.DataFrame:
    """Scores of both runs and their paired differences.

    Args:
        a: Predictions of one run, see ``prediction_table.predictions_table``.
        b: Predictions of the other run.
        min_rows: Classes with fewer validation rows are left out.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        task, score, a, b, difference (b - a), low, high; stratified scores where the tables name strata, and no
        task that has no validation rows.
    """
    rows = []
    for task in TASKS:
        one, two = _aligned(a, b, task)
        if not len(one.y):
            continue
        chosen = auc.scored_classes(one.y, one.p.shape[1], min_rows)
        weights = cluster_bootstrap(one.group, draws, np.random.default_rng(seed))
        for name, score in SCORES.items():
            if name.endswith("stratified") and one.strata is None:
                continue
            first, second = (float(score(t, chosen, auc.ones(len(t.y)))[0]) for t in (one, two))
            low, high = interval(score(two, chosen, weights) - score(one, chosen, weights))
            rows.append({"task": task, "score": name, "a": first, "b": second, "difference": second - first})
            rows[-1] |= {"low": low, "high": high}
    return pd.DataFrame(rows, columns=pd.Index(["task", "score", "a", "b", "difference", "low", "high"]))


def read_predictions(given: str) -> pd.DataFrame:
    """The predictions table of a run.

    Args:
        given: A file, ``workspace``, a git revision, or the name of an experiment; see ``revisions.output``.

    Raises:
        ArtExtractError: There is no such run, or it is not a predictions table.
    """
    remedy = "give data/evaluation/predictions.parquet of a run, a git revision, or an experiment"
    try:
        table = pd.read_parquet(output(given, PREDICTIONS))
    except FileNotFoundError as error:
        raise ArtExtractError("no such file", where=error.filename or given, remedy=remedy) from None
    except (OSError, ValueError) as error:
        problem = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(f"not readable as Parquet: {problem}", where=given, remedy=remedy) from error
    if missing := [column for column in COLUMNS if column not in table]:
        raise ArtExtractError(f"columns are missing: {', '.join(missing)}", where=given, remedy=remedy)
    return table


def printed(table: pd.DataFrame) -> str:
    """The comparison as aligned text; a difference is significant where its interval does not contain 0."""
    clear = np.where((table["low"] > 0) | (table["high"] < 0), "yes", "no")
    return table.assign(significant=clear).to_string(index=False, float_format=lambda v: f"{v:.4f}")
