"""Scores of a task 1 network with their intervals, also for each class and without title variants."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.measures import auc
from artextract.measures.intervals import Estimate, estimate
from artextract.measures.units import without_blocks
from artextract.params.sections import Evaluate

Scores = dict[str, float]
CLASS_COLUMNS = ["class", "val_rows", "val_units", "scored", "auc_ovr", "auc_ovr_low", "auc_ovr_high"]
GAIN = ["gain", "gain_low", "gain_high"]
BASELINE_COLUMNS = [
    "baseline", "auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_same_pairs", "auc_ovo_stratified",
    "balanced_accuracy", "top1", *GAIN,
]  # fmt: skip


def defined(scores: Mapping[str, float]) -> Scores:
    """Those scores that are finite: undefined ones are left out of every file."""
    return {name: value for name, value in scores.items() if np.isfinite(value)}


def with_ends(name: str, found: Estimate) -> Scores:
    """A score and the ends of its interval as flat scores ``name``, ``name_low`` and ``name_high``."""
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def chosen_classes(task: TaskPredictions, params: Evaluate) -> list[int]:
    """Classes that are scored; none where fewer than two have enough rows: nothing is then told apart."""
    chosen = auc.scored_classes(task.y, len(task.classes), params.min_val_rows)
    return chosen if len(chosen) > 1 else []


def score(task: TaskPredictions, params: Evaluate, seed: int) -> tuple[Scores, pd.DataFrame]:
    """All scores of one task.

    Returns:
        Flat scores (undefined ones are left out): each with ``_low`` and ``_high``, the ends of its interval,
        ``_rows``, the rows that it rests on, and ``_units``, how many painters (style, genre) or groups (artist) these
        are. And a table of classes, columns ``CLASS_COLUMNS``; a class of one unit has no interval.
    """
    y, chosen = task.y, chosen_classes(task, params)
    of_chosen = np.isin(y, chosen)
    weights = without_blocks(task.unit, params.blocks, seed)
    scores: Scores = {
        "val_rows": len(y),
        "classes": len(task.classes),
        "classes_scored": len(chosen),
        "val_rows_of_scored_classes": int(of_chosen.sum()),
    }
    values = over_classes(task, chosen, weights)
    for name, part in values.items():
        scores |= with_ends(name, estimate(part, bias_corrected=name == "pr_auc"))
        scores |= _evidence(name, task, of_chosen)
    everything = np.ones(len(y), dtype=bool)
    scores |= with_ends("top1", estimate(auc.top1(y, task.p, weights))) | _evidence("top1", task, everything)
    for k in (3, 5):
        if k >= len(task.classes):  # every answer would be among them
            continue
        scores[f"top{k}"] = float(auc.top_k(y, task.p, k, auc.ones(len(y)))[0])
    if task.strata is not None:
        scores |= _pairs(task, chosen)
    return defined(scores), _of_classes(task, chosen, weights)


def over_classes(task: TaskPredictions, chosen: list[int], weights: np.ndarray) -> dict[str, np.ndarray]:
    """Scores that are means over classes, or over pairs of them, under row weights (draws, n); (draws,) each.

    ``auc_ovo_same_pairs`` is the plain AUC of the pairs that ``auc_ovo_stratified`` can compare; both are there only
    where the rows name strata.
    """
    y, p = task.y, task.p
    pairs = auc.pairwise_aucs(y, p, chosen, weights)
    result = {
        "auc_ovo": auc.mean_of_pairs(pairs, len(weights)),
        "auc_ovr": auc.macro_ovr(y, p, chosen, weights),
        "balanced_accuracy": auc.balanced_accuracy(y, p, chosen, weights),
        "pr_auc": auc.macro_average_precision(y, p, chosen, weights),
        "macro_f1": auc.macro_f1(y, p, chosen, weights),
    }
    if task.strata is not None:
        within = auc.pairwise_aucs(y, p, chosen, weights, task.strata)
        result["auc_ovo_same_pairs"] = auc.mean_of_pairs(auc.same_pairs(pairs, within), len(weights))
        result["auc_ovo_stratified"] = auc.mean_of_pairs(within, len(weights))
    return result


def _evidence(name: str, task: TaskPredictions, rows: np.ndarray) -> Scores:
    return {f"{name}_rows": int(rows.sum()), f"{name}_units": len(np.unique(task.unit[rows]))}


def _pairs(task: TaskPredictions, chosen: list[int]) -> Scores:
    """The coverage of the stratified AUC: pairs of scored classes, and those that share a stratum."""
    found = auc.pairwise_aucs(task.y, task.p, chosen, auc.ones(len(task.y)), task.strata)
    comparable = sum(bool(np.isfinite(values[0])) for values in found.values())
    return {"pairs": len(found), "pairs_comparable_in_strata": comparable}


def _of_classes(task: TaskPredictions, chosen: list[int], weights: np.ndarray) -> pd.DataFrame:
    found = auc.per_class_ovr(task.y, task.p, chosen, weights)
    rows = []
    for c, name in enumerate(task.classes):
        units = len(np.unique(task.unit[task.y == c]))
        row = {"class": name, "val_rows": int((task.y == c).sum()), "val_units": units, "scored": c in chosen}
        if c in chosen:
            row |= with_ends("auc_ovr", estimate(found[c] if units > 1 else found[c][:1]))
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=CLASS_COLUMNS)


def baseline_table(task: TaskPredictions, found: Mapping[str, np.ndarray], params: Evaluate, seed: int) -> pd.DataFrame:
    """The network and each baseline through the same functions.

    Args:
        task: The network's validation predictions.
        found: Probabilities of each baseline for the same rows.
        params: Section ``evaluate``.
        seed: Seed of the blocks of units.

    Returns:
        One row per baseline, columns ``BASELINE_COLUMNS``; ``auc_ovo_stratified``, and ``auc_ovo_same_pairs`` next to
        it, where there are strata. ``gain`` is the network's AUC (stratified where there are strata) less the
        baseline's over the same pairs, with the 95% interval of the paired difference.
    """
    chosen = chosen_classes(task, params)
    weights = without_blocks(task.unit, params.blocks, seed)
    compared = "auc_ovo" if task.strata is None else "auc_ovo_stratified"
    rows, network = [], None
    for name, p in {"this network": task.p, **found}.items():
        model = dataclasses.replace(task, p=p)
        values = over_classes(model, chosen, weights)
        row: dict[str, object] = {"baseline": name}
        row |= with_ends("auc_ovo", estimate(values["auc_ovo"]))
        others = ("auc_ovo_same_pairs", "auc_ovo_stratified", "balanced_accuracy")
        row |= {key: float(values[key][0]) for key in others if key in values}
        row["top1"] = float(auc.top1(task.y, p, weights[:1])[0])
        if network is None:
            network = values[compared]
        else:
            gain = estimate(network - values[compared], "difference")
            row |= dict(zip(GAIN, (gain.value, gain.low, gain.high), strict=True))
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=BASELINE_COLUMNS)


def without_variants(task: TaskPredictions, variant: np.ndarray, params: Evaluate, seed: int) -> Scores:
    """AUC without the validation images of which training has a title variant ("-2", "(1)") by the same painter.

    Args:
        task: Predictions.
        variant: Boolean (n,): the image has one.
        params: Section ``evaluate``.
        seed: Seed of the blocks of units.

    Returns:
        ``title_variants``, their number, and ``auc_ovo_no_variants`` (and ``..._stratified_...``) with low and high.
    """
    scores: Scores = {"title_variants": int(variant.sum())}
    if variant.any() and not variant.all():
        found, _ = score(of_rows(task, ~variant), params, seed)
        for name in ("auc_ovo", "auc_ovo_stratified"):
            for end in ("", "_low", "_high", "_rows", "_units"):
                if name + end in found:
                    scores[f"{name}_no_variants{end}"] = found[name + end]
    return scores


def of_rows(task: TaskPredictions, rows: np.ndarray) -> TaskPredictions:
    """Predictions of some rows alone; ``rows`` is boolean (n,)."""
    strata = None if task.strata is None else task.strata[rows]
    return dataclasses.replace(task, y=task.y[rows], p=task.p[rows], unit=task.unit[rows], strata=strata)
