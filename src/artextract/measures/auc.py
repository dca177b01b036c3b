"""Area under the ROC curve over many classes, with ties, strata, undefined classes and bootstrap weights.

Pure functions of arrays. Every function takes row weights of shape (draws, n): ones for the plain score, counts of
a bootstrap for its distribution, so that score and interval are one computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

MIN_ROWS_IN_STRATUM = 3


def ones(n: int) -> np.ndarray:
    """Row weights of the plain score: (1, n)."""
    return np.ones((1, n))


def wins(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted pairs (positive, negative) in which the positive one scores higher, ties counting one half.

    Args:
        scores: (n,).
        positive: Boolean (n,).
        weights: (draws, n).

    Returns:
        Wins and number of pairs, (draws,) each; their ratio is the AUC.
    """
    order = np.argsort(scores, kind="stable")
    scores, positive, weights = scores[order], positive[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    up = np.add.reduceat(weights * positive, starts, axis=1)
    down = np.add.reduceat(weights * ~positive, starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    return (up * (below + 0.5 * down)).sum(1), up.sum(1) * down.sum(1)


def _ratio(won: np.ndarray, compared: np.ndarray) -> np.ndarray:
    return np.divide(won, compared, out=np.full(won.shape, np.nan), where=compared > 0)


def _stratified(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray, strata: np.ndarray | None) -> np.ndarray:
    """AUC from pairs within one stratum only; (draws,), NaN where nothing can be compared."""
    if strata is None:
        return _ratio(*wins(scores, positive, weights))
    won, compared = np.zeros(len(weights)), np.zeros(len(weights))
    for stratum in np.unique(strata):
        here = strata == stratum
        if min(positive[here].sum(), (~positive[here]).sum()) >= MIN_ROWS_IN_STRATUM:
            part = wins(scores[here], positive[here], weights[:, here])
            won, compared = won + part[0], compared + part[1]
    return _ratio(won, compared)


def scored_classes(y: np.ndarray, classes: int, min_rows: int) -> list[int]:
    """Classes with enough rows to be scored."""
    return np.flatnonzero(np.bincount(y, minlength=classes) >= min_rows).tolist()


def _nanmean(values: list[np.ndarray], draws: int) -> np.ndarray:
    """Mean over the defined values of each draw; NaN where none is."""
    if not values:
        return np.full(draws, np.nan)
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    return _ratio(np.where(defined, stacked, 0).sum(0), defined.sum(0))


def pairwise_aucs(
    y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray, strata: np.ndarray | None = None
) -> dict[tuple[int, int], np.ndarray]:
    """One-vs-one AUC of each pair of classes: mean of both directions, scores as they are (not renormalised).

    Args:
        y: Labels (n,).
        scores: (n, classes).
        chosen: Classes to score.
        weights: (draws, n).
        strata: (n,); pairs are compared within one stratum only, of at least three rows a side.

    Returns:
        (a, b) -> (draws,); NaN where a pair cannot be compared.
    """
    result = {}
    for a, b in combinations(chosen, 2):
        rows = (y == a) | (y == b)
        inner = None if strata is None else strata[rows]
        one = _stratified(scores[rows, a], y[rows] == a, weights[:, rows], inner)
        other = _stratified(scores[rows, b], y[rows] == b, weights[:, rows], inner)
        result[a, b] = (one + other) / 2
    return result


def macro_ovo(
    y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray, strata: np.ndarray | None = None
) -> np.ndarray:
    """Macro one-vs-one AUC: mean over the pairs of ``pairwise_aucs`` that are defined; (draws,)."""
    return mean_of_pairs(pairwise_aucs(y, scores, chosen, weights, strata), len(weights))


def mean_of_pairs(aucs: Mapping[tuple[int, int], np.ndarray], draws: int) -> np.ndarray:
    """Mean over the pairs of classes that are defined in each draw; (draws,), NaN where none is."""
    return _nanmean(list(aucs.values()), draws)


def same_pairs(
    plain: Mapping[tuple[int, int], np.ndarray], stratified: Mapping[tuple[int, int], np.ndarray]
) -> dict[tuple[int, int], np.ndarray]:
    """The plain AUC of those pairs of classes that are comparable within strata, to put beside the stratified AUC.

    Args:
        plain: ``pairwise_aucs`` without strata; the first draw holds all rows.
        stratified: ``pairwise_aucs`` of the same rows and draws with strata.
    """
    return {pair: plain[pair] for pair, values in stratified.items() if np.isfinite(values[0])}


def per_class_ovr(y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray) -> dict[int, np.ndarray]:
    """One-vs-rest AUC of each chosen class among the rows of the chosen classes; class -> (draws,)."""
    rows = np.isin(y, chosen)
    return {c: _ratio(*wins(scores[rows, c], y[rows] == c, weights[:, rows])) for c in chosen}


def macro_ovr(y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray) -> np.ndarray:
    """Macro one-vs-rest AUC: mean over the chosen classes; (draws,)."""
    return _nanmean(list(per_class_ovr(y, scores, chosen, weights).values()), len(weights))


def balanced_accuracy(y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray) -> np.ndarray:
    """Mean recall over the chosen classes, predictions over all classes; (draws,).

    NaN in draws with rows of one class alone: always predicting it would give 1.
    """
    hit = scores.argmax(1) == y
    recalls = [_ratio(weights[:, y == c] @ hit[y == c], weights[:, y == c].sum(1)) for c in chosen]
    several = np.sum([np.isfinite(recall) for recall in recalls], axis=0) > 1
    return np.where(several, _nanmean(recalls, len(weights)), np.nan)


def share(hit: np.ndarray, among: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the rows in ``among`` that are a hit, both (n,); (draws,), NaN in draws without such rows."""
    return _ratio(weights @ (hit & among), weights @ among)


def top1(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of rows whose highest score is their class; (draws,)."""
    return _ratio(weights @ (scores.argmax(1) == y), weights.sum(1))


def top_k(y: np.ndarray, scores: np.ndarray, k: int, weights: np.ndarray) -> np.ndarray:
    """Share of rows whose class is among the k highest scores (ties count against); (draws,)."""
    own = scores[np.arange(len(y)), y][:, None]
    hit = (scores >= own).sum(1) <= k
    return _ratio(weights @ hit, weights.sum(1))


def macro_f1(y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray) -> np.ndarray:
    """Mean F1 over the chosen classes, predictions over all classes; (draws,).

    NaN in draws with rows of one class alone, where precision is 1 whatever is predicted.
    """
    predicted = scores.argmax(1)
    values = []
    for c in chosen:
        true_positives = weights @ ((y == c) & (predicted == c))
        values.append(_ratio(2 * true_positives, weights @ (y == c) + weights @ (predicted == c)))
    several = np.sum([weights[:, y == c].any(axis=1) for c in np.unique(y)], axis=0) > 1
    return np.where(several, _nanmean(values, len(weights)), np.nan)


def average_precision(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve as the step-wise sum (no interpolation), ties as one step; (draws,).

    Like the AUC it is NaN in draws that lack positive rows or negative ones: precision would be 1 whatever the scores.
    """
    order = np.argsort(-scores, kind="stable")
    scores, positive, weights = scores[order], positive[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    hits = np.add.reduceat(weights * positive, starts, axis=1)
    seen = np.cumsum(np.add.reduceat(weights, starts, axis=1), axis=1)
    precision = np.divide(np.cumsum(hits, axis=1), seen, out=np.zeros(hits.shape), where=seen > 0)
    found = _ratio((hits * precision).sum(1), hits.sum(1))
    return np.where((weights * ~positive).any(axis=1), found, np.nan)


def macro_average_precision(y: np.ndarray, scores: np.ndarray, chosen: list[int], weights: np.ndarray) -> np.ndarray:
    """Mean one-vs-rest average precision over the chosen classes, among their rows; (draws,).

    It is too high where classes have few rows: see ``measures.intervals``.
    """
    rows = np.isin(y, chosen)
    values = [average_precision(scores[rows, c], y[rows] == c, weights[:, rows]) for c in chosen]
    return _nanmean(values, len(weights))


def roc_curve(positive: np.ndarray, scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """True-positive rate at the given false-positive rates; both classes must be there; shape of ``grid``."""
    from sklearn.metrics import roc_curve as curve

    fpr, tpr, _ = curve(positive, scores)
    return np.interp(grid, fpr, tpr)
