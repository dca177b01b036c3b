"""Is one run better than another?  ``python -m artextract.cli.compare a.parquet b.parquet``

Takes two predictions tables (data/evaluation/predictions.parquet of two runs) and gives, for each task, the scores of
both and their paired difference with a 95% interval: near-duplicate groups are drawn as a whole, the same ones for
both runs. A difference whose interval contains 0 is no difference.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions, of_task
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.measures import auc
from artextract.measures.bootstrap import cluster_bootstrap, interval

Score = Callable[[TaskPredictions, list[int], np.ndarray], np.ndarray]
SCORES: dict[str, Score] = {
    "auc_ovo": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w),
    "auc_ovo_stratified": lambda t, chosen, w: auc.macro_ovo(t.y, t.p, chosen, w, t.strata),
    "balanced_accuracy": lambda t, chosen, w: auc.balanced_accuracy(t.y, t.p, chosen, w),
    "top1": lambda t, chosen, w: auc.top1(t.y, t.p, w),
}


def _aligned(a: pd.DataFrame, b: pd.DataFrame, task: str) -> tuple[TaskPredictions, TaskPredictions]:
    """Predictions of both runs on the same rows in the same order.

    Raises:
        ArtExtractError: The runs were evaluated on other rows, labels, strata or classes.
    """
    parts = [t[(t["task"] == task) & (t["split"] == "val")].sort_values("id").reset_index(drop=True) for t in (a, b)]
    for column in ("id", "y_true", "stratum"):
        # Missing values are made alike first: a null may be None, NaN or NA, none of which need equal another.
        one, two = (part[column].astype(object).where(part[column].notna(), None).tolist() for part in parts)
        if one != two:
            raise ArtExtractError(
                f"the two tables differ in the {column} of their rows",
                where=f"task {task}",
                remedy="compare runs that were evaluated on the same validation rows",
            )
    columns = [[c for c in part if str(c).startswith("p_") and part[c].notna().any()] for part in parts]
    if columns[0] != columns[1]:
        raise ArtExtractError("the two runs have other numbers of classes", where=f"task {task}")
    first, second = (of_task(part, task, [str(c) for c in columns[0]]) for part in parts)
    return first, second


def compare(a: pd.DataFrame, b: pd.DataFrame, *, min_rows: int, draws: int, seed: int) -> pd.DataFrame:
    """Scores of both runs and their paired differences.

    Args:
        a: Predictions of one run, see ``predictions.predictions_table``.
        b: Predictions of the other.
        min_rows: Classes with fewer validation rows are left out.
        draws: Bootstrap resamples.
        seed: Of the resampling.

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


def main(arguments: list[str] | None = None) -> None:
    """Print the comparison of two files."""
    parser = argparse.ArgumentParser(
        prog="python -m artextract.cli.compare", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("a", type=Path, help="predictions.parquet of one run")
    parser.add_argument("b", type=Path, help="predictions.parquet of the other")
    parser.add_argument("--min-rows", type=int, default=10, help="classes with fewer rows are left out (default 10)")
    parser.add_argument("--draws", type=int, default=2000, help="bootstrap resamples (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        tables = []
        for path in (given.a, given.b):
            if not path.is_file():
                raise ArtExtractError("no such file", where=str(path), remedy="`dvc exp apply <run>` brings a run back")
            tables.append(pd.read_parquet(path))
        table = compare(*tables, min_rows=given.min_rows, draws=given.draws, seed=given.seed)
    except ArtExtractError as error:
        sys.exit(str(error))
    table["significant"] = np.where((table["low"] > 0) | (table["high"] < 0), "yes", "no")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4f}"))


if __name__ == "__main__":
    main()
