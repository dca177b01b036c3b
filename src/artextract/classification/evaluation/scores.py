"""Scores of one task from its predictions: AUC with intervals, accuracies, and baselines to compare them with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.measures import auc, calibration
from artextract.measures.bootstrap import cluster_bootstrap, interval
from artextract.params.sections import Evaluate

PERMUTATIONS = 200
Scores = dict[str, float]
HEADLINE = (
    "auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_stratified", "auc_ovr", "balanced_accuracy", "top1",
    "pr_auc", "macro_f1", "ece", "ece_calibrated", "chance_auc_ovo", "majority_balanced_accuracy", "majority_top1",
    "classes_scored", "val_rows",
)  # fmt: skip


def headline(metrics: Mapping[str, float]) -> Scores:
    """The scores of ``metrics/classification.json``; all others are in ``scores_table``."""
    return {key: value for key, value in metrics.items() if key.split(".")[1] in HEADLINE}


def auc_with_interval(metrics: Mapping[str, float]) -> Scores:
    """The DVC metrics of task 1: ``<task>.auc``, one-vs-one, and ``<task>.ci``, half the width of its 95% interval.

    Args:
        metrics: Flat scores of all tasks, ``<task>.<score>``.

    Returns:
        Both of each task; a task whose AUC is not defined, because too few classes have validation rows, is left out.
    """
    result: Scores = {}
    for key, value in metrics.items():
        task, name = key.split(".")
        if name == "auc_ovo":
            result[f"{task}.auc"] = value
            result[f"{task}.ci"] = (metrics[f"{key}_high"] - metrics[f"{key}_low"]) / 2
    return result


def scores_table(metrics: Mapping[str, float]) -> pd.DataFrame:
    """One row per task and score: task, score, value, low, high (null where no interval is defined)."""
    rows = []
    for key, value in metrics.items():
        task, name = key.split(".")
        if not name.endswith(("_low", "_high")):
            low, high = metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
            rows.append({"task": task, "score": name, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows)


def score(task: TaskPredictions, params: Evaluate, seed: int) -> tuple[Scores, pd.DataFrame]:
    """All scores of one task.

    Returns:
        Flat scores (undefined ones are left out), and a table of classes: class, val_rows, scored, auc_ovr,
        auc_ovr_low, auc_ovr_high.
    """
    y, p = task.y, task.p
    chosen = auc.scored_classes(y, len(task.classes), params.min_val_rows)
    rng = np.random.default_rng(seed)
    draws = cluster_bootstrap(task.group, params.bootstrap, rng) if len(y) else np.ones((1, 0))
    plain = auc.ones(len(y))

    def both(name: str, function) -> Scores:
        low, high = interval(function(draws))
        return {name: float(function(plain)[0]), f"{name}_low": low, f"{name}_high": high}

    scores: Scores = {
        "val_rows": len(y),
        "classes": len(task.classes),
        "classes_scored": len(chosen),
        "val_rows_of_scored_classes": int(np.isin(y, chosen).sum()),
    }
    scores |= both("auc_ovo", lambda w: auc.macro_ovo(y, p, chosen, w))
    scores |= both("auc_ovr", lambda w: auc.macro_ovr(y, p, chosen, w))
    scores |= both("balanced_accuracy", lambda w: auc.balanced_accuracy(y, p, chosen, w))
    scores |= both("top1", lambda w: auc.top1(y, p, w))
    scores |= both("pr_auc", lambda w: auc.macro_average_precision(y, p, chosen, w))
    scores |= both("macro_f1", lambda w: auc.macro_f1(y, p, chosen, w))
    for k in (3, 5):
        scores[f"top{k}"] = float(auc.top_k(y, p, k, plain)[0])
    if task.strata is not None:
        pairs = auc.pairwise_aucs(y, p, chosen, plain, task.strata)
        scores["pairs_comparable_in_strata"] = sum(bool(np.isfinite(v[0])) for v in pairs.values())
        scores |= both("auc_ovo_stratified", lambda w: auc.macro_ovo(y, p, chosen, w, task.strata))
    rows = []
    point, spread = (auc.per_class_ovr(y, p, chosen, w) for w in (plain, draws))
    for c, name in enumerate(task.classes):
        row = {"class": name, "val_rows": int((y == c).sum()), "scored": c in chosen}
        if c in chosen:
            low, high = interval(spread[c])
            row |= {"auc_ovr": float(point[c][0]), "auc_ovr_low": low, "auc_ovr_high": high}
        rows.append(row)
    columns = ["class", "val_rows", "scored", "auc_ovr", "auc_ovr_low", "auc_ovr_high"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    return {name: value for name, value in scores.items() if np.isfinite(value)}, table


def baselines(task: TaskPredictions, train_counts: np.ndarray, params: Evaluate, seed: int) -> Scores:
    """Scores without any learning, by the same functions.

    Args:
        task: Predictions; only their labels and, for chance, their distribution are used.
        train_counts: Training rows of each class: the majority baseline scores every image by them.
        params: Section ``evaluate``.
        seed: Seed of the permutations.

    Returns:
        ``majority_*``: every image gets the training frequencies; ``chance_*``: the network's own predictions
        handed out at random, mean over permutations.
    """
    y, n = task.y, len(task.y)
    chosen = auc.scored_classes(y, len(task.classes), params.min_val_rows)
    weights = auc.ones(n)
    constant = np.tile(train_counts / max(1, train_counts.sum()), (n, 1))
    rng = np.random.default_rng(seed)
    shuffled = [task.p[rng.permutation(n)] for _ in range(PERMUTATIONS)]
    scores = {
        "majority_auc_ovo": auc.macro_ovo(y, constant, chosen, weights)[0],
        "majority_balanced_accuracy": auc.balanced_accuracy(y, constant, chosen, weights)[0],
        "majority_top1": auc.top1(y, constant, weights)[0],
        "chance_auc_ovo": np.mean([auc.macro_ovo(y, p, chosen, weights)[0] for p in shuffled]),
        "chance_balanced_accuracy": np.mean([auc.balanced_accuracy(y, p, chosen, weights)[0] for p in shuffled]),
        "chance_top1": np.mean([auc.top1(y, p, weights)[0] for p in shuffled]),
    }
    return {name: float(value) for name, value in scores.items() if np.isfinite(value)}


def calibrate(task: TaskPredictions, kept_back: TaskPredictions) -> tuple[Scores, pd.DataFrame]:
    """Calibration of validation predictions before and after a temperature fitted on rows kept back from training.

    Args:
        task: Validation predictions.
        kept_back: Predictions of select rows, which were neither trained on nor are reported on.

    Returns:
        ``temperature``, ``ece``, ``ece_calibrated``, ``nll``, ``nll_calibrated``, ``temperature_rows`` (the select rows
        that it was fitted on); nothing where either has no rows. And points of the reliability diagram, see
        ``calibration.reliability_points``, with a column ``calibrated``: before, and after where enough rows were kept
        back to fit a temperature.
    """
    points = pd.DataFrame(columns=pd.Index([*calibration.POINT, "calibrated"]))
    if not len(task.y) or not len(kept_back.y):
        return {}, points
    temperature = calibration.fit_temperature(kept_back.y, kept_back.p)
    after = calibration.apply_temperature(task.p, temperature)
    scores = {"temperature": temperature, "temperature_rows": len(kept_back.y)}
    tables = []
    for name, suffix, p in (("before", "", task.p), ("after", "_calibrated", after)):
        scores[f"ece{suffix}"] = calibration.expected_calibration_error(task.y, p)
        scores[f"nll{suffix}"] = calibration.negative_log_likelihood(task.y, p)
        if name == "before" or len(kept_back.y) >= calibration.ENOUGH:
            tables.append(calibration.reliability_points(task.y, p).assign(calibrated=name))
    tables = [table for table in tables if len(table)]
    return scores, pd.concat(tables, ignore_index=True) if tables else points


def baseline_table(task: TaskPredictions, found: Mapping[str, np.ndarray], params: Evaluate, seed: int) -> pd.DataFrame:
    """The network and each baseline through the same functions.

    Args:
        task: The network's validation predictions.
        found: Probabilities of each baseline for the same rows.
        params: Section ``evaluate``.
        seed: Seed of the bootstrap.

    Returns:
        One row per baseline: baseline, auc_ovo with low and high, auc_ovo_stratified where there are strata,
        balanced_accuracy, top1; and ``gain``, the network's AUC (stratified where there are strata) less the
        baseline's, with the 95% interval of the paired difference.
    """
    wanted = ["auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_stratified", "balanced_accuracy", "top1"]
    chosen = auc.scored_classes(task.y, len(task.classes), params.min_val_rows)
    rng = np.random.default_rng(seed)
    draws = cluster_bootstrap(task.group, params.bootstrap, rng) if len(task.y) else np.ones((1, 0))
    weights = np.concatenate([auc.ones(len(task.y)), draws])
    rows, network = [], None
    for name, p in {"this network": task.p, **found}.items():
        plain = auc.macro_ovo(task.y, p, chosen, weights)
        compared = plain if task.strata is None else auc.macro_ovo(task.y, p, chosen, weights, task.strata)
        values = [float(plain[0]), *interval(plain[1:]), float("nan") if task.strata is None else float(compared[0])]
        values += [float(auc.balanced_accuracy(task.y, p, chosen, weights[:1])[0])]
        values += [float(auc.top1(task.y, p, weights[:1])[0])]
        row = {"baseline": name} | dict(zip(wanted, values, strict=True))
        if network is None:
            network = compared
        else:
            gain = network - compared
            row |= dict(zip(("gain", "gain_low", "gain_high"), (float(gain[0]), *interval(gain[1:])), strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(["baseline", *wanted, "gain", "gain_low", "gain_high"]))


def without_variants(task: TaskPredictions, variant: np.ndarray, params: Evaluate, seed: int) -> Scores:
    """AUC without the validation images of which training has a title variant ("-2", "(1)") by the same painter.

    Args:
        task: Predictions.
        variant: Boolean (n,): the image has one.
        params: Section ``evaluate``.
        seed: Seed of the bootstrap.

    Returns:
        ``title_variants``, their number, and ``auc_ovo_no_variants`` (and ``..._stratified_...``) with low and high.
    """
    kept = dataclasses.replace(
        task, y=task.y[~variant], p=task.p[~variant], group=task.group[~variant],
        strata=None if task.strata is None else task.strata[~variant],
    )  # fmt: skip
    scores: Scores = {"title_variants": int(variant.sum())}
    if variant.any() and len(kept.y):
        found, _ = score(kept, params, seed)
        for name in ("auc_ovo", "auc_ovo_stratified"):
            for end in ("", "_low", "_high"):
                if name + end in found:
                    scores[f"{name}_no_variants{end}"] = found[name + end]
    return scores
