"""What scores are worth without any learning: chance with its range, the majority, and the highest possible score."""

from __future__ import annotations

import dataclasses

import numpy as np

from artextract.classification.evaluation.deals import scores_of_deals
from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.scores import Scores, chosen_classes, defined, over_classes
from artextract.measures import auc
from artextract.params.sections import Evaluate


def baselines(task: TaskPredictions, train_counts: np.ndarray, params: Evaluate, seed: int) -> Scores:
    """Scores of the majority and of chance, and ceilings; see ``majority``, ``chance`` and ``ceilings``."""
    return majority(task, train_counts, params) | chance(task, params, seed) | ceilings(task, train_counts, params)


def majority(task: TaskPredictions, train_counts: np.ndarray, params: Evaluate) -> Scores:
    """``majority_*``: the scores of a model that gives every image the frequencies of the training rows.

    Args:
        task: Predictions; only their labels are used.
        train_counts: Training rows of each class, (classes,).
        params: Section ``evaluate``.
    """
    constant = np.tile(train_counts / max(1, train_counts.sum()), (len(task.y), 1))
    found = _all(dataclasses.replace(task, p=constant), chosen_classes(task, params))
    return {f"majority_{name}": found[name] for name in ("auc_ovo", "balanced_accuracy", "top1") if name in found}


def chance(task: TaskPredictions, params: Evaluate, seed: int) -> Scores:
    """The network's own predictions dealt out to the rows at random.

    Args:
        task: Predictions.
        params: Section ``evaluate``; ``permutations`` deals are made.
        seed: Seed of the deals.

    Returns:
        For each score ``chance_<score>``, its expectation (exact for AUC, balanced accuracy and top-1, otherwise the
        mean of the deals); ``..._low`` and ``..._high``, the range that holds 95% of the deals; and ``..._p``, the
        share of deals, the network's own among them, that score as high as the network: at least
        1 / (permutations + 1). And ``permutations``.
    """
    chosen, n = chosen_classes(task, params), len(task.y)
    rng, own = np.random.default_rng(seed), _all(task, chosen)
    scores: Scores = {"permutations": params.permutations}
    if not own:
        return scores
    exact = _expected(task, chosen)
    deals = scores_of_deals(task, chosen, np.stack([rng.permutation(n) for _ in range(params.permutations)]))
    for name, value in own.items():
        drawn = deals[name]
        low, high = np.percentile(drawn, [2.5, 97.5])
        scores[f"chance_{name}"] = exact.get(name, float(drawn.mean()))
        scores |= {f"chance_{name}_low": float(low), f"chance_{name}_high": float(high)}
        scores[f"chance_{name}_p"] = float((1 + (drawn >= value - 1e-12).sum()) / (1 + len(drawn)))
    return scores


def ceilings(task: TaskPredictions, train_counts: np.ndarray, params: Evaluate) -> Scores:
    """``<score>_ceiling``: the highest score that a network trained on these rows can reach.

    It is 1, except where validation rows have a class without training rows: accuracy and F1 cannot reach those.
    """
    chosen, trained = chosen_classes(task, params), train_counts > 0
    scores = dict.fromkeys(_all(task, chosen), 1.0)
    reachable = {"top1": float(trained[task.y].mean()) if len(task.y) else float("nan")}
    if chosen:
        reachable |= dict.fromkeys(("balanced_accuracy", "macro_f1"), float(trained[chosen].mean()))
    return {f"{name}_ceiling": reachable.get(name, value) for name, value in scores.items()}


def _all(task: TaskPredictions, chosen: list[int]) -> Scores:
    """The scores of all rows that are defined."""
    once = auc.ones(len(task.y))
    values = over_classes(task, chosen, once) | {"top1": auc.top1(task.y, task.p, once)}
    return defined({name: float(value[0]) for name, value in values.items()})


def _expected(task: TaskPredictions, chosen: list[int]) -> Scores:
    """Expectations over all deals: a pair is won as often as lost, and a class is hit as often as it is predicted."""
    if not len(task.y):
        return {}
    classes = len(task.classes)
    predicted = np.bincount(task.p.argmax(axis=1), minlength=classes) / len(task.y)
    actual = np.bincount(task.y, minlength=classes) / len(task.y)
    halves = dict.fromkeys(("auc_ovo", "auc_ovr", "auc_ovo_same_pairs", "auc_ovo_stratified"), 0.5)
    exact = {"top1": float(predicted @ actual)}
    if chosen:
        exact["balanced_accuracy"] = float(predicted[chosen].mean())
    return halves | exact
