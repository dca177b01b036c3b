"""The scores that are shown first, and the table of all scores with what belongs beside each of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from artextract.classification.evaluation.prediction_table import UNITS
from artextract.classification.evaluation.scores import Scores

# Column of the table of scores to the key of its value, where {} is the name of the score.
BESIDE = {
    "low": "{}_low", "high": "{}_high", "rows": "{}_rows", "units": "{}_units", "chance": "chance_{}",
    "chance_low": "chance_{}_low", "chance_high": "chance_{}_high", "p": "chance_{}_p", "ceiling": "{}_ceiling",
}  # fmt: skip
COLUMNS = ["task", "score", "value", *BESIDE, "unit"]
MAIN = (
    "auc_ovo", "auc_ovo_same_pairs", "auc_ovo_stratified", "auc_ovr", "balanced_accuracy", "top1", "pr_auc", "macro_f1",
    "ece", "ece_if_calibrated", "ece_calibrated", "abstain_coverage", "abstain_error",
)  # fmt: skip
COUNTS = (
    "classes_scored", "majority_balanced_accuracy", "majority_top1", "pairs", "pairs_comparable_in_strata",
    "permutations", "two_labels_rows", "val_rows", "val_rows_of_scored_classes",
)  # fmt: skip


def headline(metrics: Mapping[str, float]) -> Scores:
    """The scores of ``metrics/classification.json``: the main ones with what belongs beside them, and counts."""
    wanted = {*COUNTS, *MAIN, *(key.format(name) for name in MAIN for key in BESIDE.values())}
    return {key: value for key, value in metrics.items() if key.split(".")[1] in wanted}


def auc_with_interval(metrics: Mapping[str, float]) -> Scores:
    """The DVC metrics of task 1: ``<task>.auc``, one-vs-one, and ``<task>.ci``, half the width of its 95% interval.

    Args:
        metrics: Flat scores of all tasks, ``<task>.<score>``.

    Returns:
        Both of each task. A task whose AUC is not defined, because too few classes have validation rows, is left out,
        and so is ``ci`` where the AUC has no interval.
    """
    result: Scores = {}
    for key, value in metrics.items():
        task, name = key.split(".")
        if name == "auc_ovo":
            result[f"{task}.auc"] = value
            if f"{key}_low" in metrics:
                result[f"{task}.ci"] = (metrics[f"{key}_high"] - metrics[f"{key}_low"]) / 2
    return result


def scores_table(metrics: Mapping[str, float]) -> pd.DataFrame:
    """All scores with their evidence, chance and ceiling.

    Args:
        metrics: Flat scores of all tasks, ``<task>.<score>``.

    Returns:
        One row per task and score, columns ``COLUMNS``; empty where nothing is defined. ``rows`` are the validation
        rows that a score rests on and ``units`` the painters or groups (``unit``) among them; ``p`` belongs to chance.
    """
    rows, folded = [], _folded(metrics)
    for key, value in metrics.items():
        if key in folded:
            continue
        task, name = key.split(".")
        row = {column: metrics.get(f"{task}.{pattern.format(name)}") for column, pattern in BESIDE.items()}
        rows.append({"task": task, "score": name, "value": value, **row, "unit": UNITS[task]})
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    table = table.astype({"rows": "Int64", "units": "Int64"})
    table["unit"] = table["unit"].where(table["units"].notna())
    return table


def with_interval(metrics: Mapping[str, float], key: str, digits: int = 2) -> str:
    """A score and its interval as text, or that it has none."""
    value, *ends = (f"{metrics[name]:.{digits}f}" for name in (key, f"{key}_low", f"{key}_high") if name in metrics)
    return f"{value} ({' to '.join(ends)})" if ends else f"{value} (no interval)"


def _folded(metrics: Mapping[str, float]) -> set[str]:
    """Keys that appear beside another score and have no row of their own."""
    names = [key.split(".") for key in metrics]
    return {f"{task}.{pattern.format(name)}" for task, name in names for pattern in BESIDE.values()} & set(metrics)
