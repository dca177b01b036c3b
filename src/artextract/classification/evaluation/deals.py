"""Scores of predictions that are dealt out to the rows at random, of many deals at once.

A deal changes neither how many rows a class has nor the order of the scores in a column. So each column is sorted
once, and the labels are counted along it, for a block of deals in one pass of the array.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.measures.auc import MIN_ROWS_IN_STRATUM

BLOCK = 1 << 20  # counts that are held at once: deals * rows * classes


def scores_of_deals(task: TaskPredictions, chosen: list[int], deals: np.ndarray) -> dict[str, np.ndarray]:
    """The scores of ``scores.over_classes`` and top-1, were the predictions dealt out to the rows.

    Args:
        task: Predictions of n rows.
        chosen: Classes that are scored, each with a row; none or at least two.
        deals: Permutations (deals, n); row i gets the prediction of row ``deals[d, i]``.

    Returns:
        Score to (deals,); NaN where the rows do not define it.
    """
    n, k = task.p.shape[0], len(chosen)
    size = max(1, BLOCK // max(1, n * max(1, k)))
    parts = [_of_block(task, chosen, deals[start : start + size]) for start in range(0, len(deals), size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_block(task: TaskPredictions, chosen: list[int], deals: np.ndarray) -> dict[str, np.ndarray]:
    """``scores_of_deals`` of a few deals."""
    dealt = _given_back(task.y, deals)  # the true class that each prediction meets
    predicted = task.p.argmax(axis=1)
    result = {"top1": (dealt == predicted).mean(axis=1)}
    if not chosen:
        return result
    position = np.full(len(task.classes), -1)
    position[chosen] = np.arange(len(chosen))
    labels, rows = position[dealt], np.bincount(task.y, minlength=len(task.classes))[chosen]
    hits = np.stack([((dealt == c) & (predicted == c)).sum(axis=1) for c in chosen], axis=1)
    answers = np.bincount(predicted, minlength=len(task.classes))[chosen]
    result["balanced_accuracy"] = (hits / rows).mean(axis=1)
    result["macro_f1"] = (2 * hits / (rows + answers)).mean(axis=1)
    won, precision = np.empty((len(deals), len(chosen), len(chosen))), np.empty((len(deals), len(chosen)))
    for column, counts, passed in _columns(task.p[:, chosen], labels):
        won[:, column] = _wins(column, counts, passed)
        precision[:, column] = _average_precision(counts[:, :, column], passed)
    pairs = _symmetric(won / (rows[:, None] * rows))
    upper = np.triu_indices(len(chosen), k=1)
    own = np.arange(len(chosen))
    against_rest = won.sum(axis=2) - won[:, own, own]
    result["auc_ovo"] = pairs[:, *upper].mean(axis=1)
    result["auc_ovr"] = (against_rest / (rows * (rows.sum() - rows))).mean(axis=1)
    result["pr_auc"] = precision.mean(axis=1)
    if task.strata is not None:
        result |= _within_strata(task, task.strata, chosen, deals, labels, pairs)
    return result


def _given_back(values: np.ndarray, deals: np.ndarray) -> np.ndarray:
    """Values of the rows (n,) as the predictions meet them, (deals, n)."""
    met = np.empty(deals.shape, dtype=values.dtype)
    np.put_along_axis(met, deals, np.broadcast_to(values, deals.shape), axis=1)
    return met


def _columns(scores: np.ndarray, labels: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Labels counted along each column.

    Args:
        scores: (n, k).
        labels: (deals, n) from 0 to k - 1, or -1 for a row that does not count.

    Yields:
        A column, the rows of each class at each rising step of its scores, and up to and with the step: float64
        (deals, steps, k), so that their products are exact.
    """
    classes = np.arange(scores.shape[1])
    for column in classes.tolist():
        order = np.argsort(scores[:, column], kind="stable")
        ordered = scores[order, column]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        counts = (labels[:, order, None] == classes).astype(np.float64)
        if len(starts) < len(ordered):
            counts = np.add.reduceat(counts, starts, axis=1)
        yield column, counts, np.cumsum(counts, axis=1)


def _wins(column: int, counts: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """Pairs (row of the column's class, row of class b) that the former wins, a tie counting one half: (deals, k)."""
    return (counts[:, None, :, column] @ (passed - 0.5 * counts))[:, 0]


def _average_precision(own: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """Step-wise area under the precision-recall curve, (deals,).

    Args:
        own: Rows of the class at each rising step of the scores, (deals, steps).
        passed: Rows of each class up to and with this step, (deals, steps, k).
    """
    seen = passed.sum(axis=2)
    above = seen[:, -1:] - np.pad(seen, ((0, 0), (1, 0)))[:, :-1]  # with this step
    hits = own[:, ::-1].cumsum(axis=1)[:, ::-1]
    return (own * hits / np.maximum(above, 1)).sum(axis=1) / own.sum(axis=1)


def _symmetric(won: np.ndarray) -> np.ndarray:
    """The AUC of pairs of classes (deals, k, k): the mean of both directions."""
    return (won + won.swapaxes(1, 2)) / 2


def _within_strata(
    task: TaskPredictions,
    strata: np.ndarray,
    chosen: list[int],
    deals: np.ndarray,
    labels: np.ndarray,
    pairs: np.ndarray,
) -> dict[str, np.ndarray]:
    """AUC from pairs of rows within one stratum, and the plain one of the same pairs of classes; (deals,) each."""
    names, codes = np.unique(strata, return_inverse=True)
    met = _given_back(codes, deals)
    won, compared = np.zeros(pairs.shape), np.zeros(pairs.shape[1:])
    for code in range(len(names)):
        rows = np.bincount(task.y[codes == code], minlength=len(task.classes))[chosen]
        enough = rows >= MIN_ROWS_IN_STRATUM
        comparable = (enough[:, None] & enough) & ~np.eye(len(chosen), dtype=bool)
        if comparable.any():
            for column, *counts in _columns(task.p[:, chosen], np.where(met == code, labels, -1)):
                won[:, column] += _wins(column, *counts) * comparable[column]
            compared += rows[:, None] * rows * comparable
    there = np.triu(compared > 0)
    if not there.any():
        undefined = np.full(len(deals), np.nan)
        return {"auc_ovo_same_pairs": undefined, "auc_ovo_stratified": undefined}
    within = _symmetric(won / np.maximum(compared, 1))
    return {"auc_ovo_same_pairs": pairs[:, there].mean(axis=1), "auc_ovo_stratified": within[:, there].mean(axis=1)}
