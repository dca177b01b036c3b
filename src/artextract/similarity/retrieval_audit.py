"""One query by ir-measures, the field's reference: slow, and therefore for a sample of every evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np


def audit(
    similarity: np.ndarray, relevant: np.ndarray, excluded: np.ndarray, grade: np.ndarray | None, k: int
) -> dict[str, float]:
    """Metrics of one query as ir-measures computes them.

    Args:
        similarity: float32 (n,), higher = more similar.
        relevant: Boolean (n,).
        excluded: Boolean (n,): works out of the gallery.
        grade: Gains of nDCG (n,), whole numbers, or None where relevance is the gain.
        k: Cutoff.

    Returns:
        The metrics of ``retrieval.metric_names(k)``.
    """
    import ir_measures
    from ir_measures import AP, RR, P, Rprec, nDCG

    gallery = np.flatnonzero(~excluded)
    # The tools of TREC settle equal scores by name, the last in the alphabet first: so the lower row must come later.
    names = [f"{len(excluded) - row:09d}" for row in gallery.tolist()]
    run = {"q": dict(zip(names, similarity[gallery].astype(float).tolist(), strict=True))}

    def ask(measures: dict[Any, str], gains: np.ndarray) -> dict[str, float]:
        qrels = {"q": dict(zip(names, gains[gallery].astype(int).tolist(), strict=True))}
        return {measures[m.measure]: m.value for m in ir_measures.iter_calc(list(measures), qrels, run)}

    binary: dict[Any, str] = {AP: "map", RR: "mrr", Rprec: "rprec"} | {P @ c: f"p{c}" for c in (1, 5, k)}
    return ask(binary, relevant) | ask({nDCG @ k: f"ndcg{k}"}, relevant if grade is None else grade)
