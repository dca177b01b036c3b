"""ir-measures as the judge of our own metrics: it computes a sample of every evaluation again.

ir-measures wants a dictionary of all works for each query, which takes minutes for a thousand works and an hour for
4,000 in eight spaces.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.similarity.ranking.asked import precisions

QUERIES = 8  # queries of a judge and space that are computed again
WORKS = 8000  # works of all their galleries together: in larger collections fewer queries are, and at least one
SCALE = 1000  # a grade of one: ir-measures knows whole grades only
TOLERANCE = 1e-9


def audited_queries(works: int) -> int:
    """How many queries of a judge and space are computed again in a collection of so many works."""
    return min(QUERIES, max(1, WORKS // works))


def whole_grades(grade: np.ndarray) -> np.ndarray:
    """Grades as whole numbers, float32; rounded up, so that a tiny grade stays relevant."""
    return np.ceil(grade * np.float32(SCALE))


def require_agreement(own: dict[str, float], expected: dict[str, float], query: int, where: str) -> None:
    """Stop where ir-measures finds something else for a query.

    Args:
        own: Our metrics.
        expected: Result of ``audit``.
        query: Row of the query, for the message.
        where: Judge and space, for the message.

    Raises:
        ArtExtractError: A metric differs by more than ``TOLERANCE``.
    """
    for name, value in expected.items():
        if not abs(own[name] - value) <= TOLERANCE:
            raise ArtExtractError(
                f"{name} of query {query} is {own[name]:.12g}, but {value:.12g} by ir-measures",
                where=where,
                remedy="this is a fault of the evaluation: do not use its results, and report it",
            )


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
        The metrics of ``metric_names(k)``.
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

    binary: dict[Any, str] = {AP: "map", RR: "mrr", Rprec: "rprec"} | {P @ c: f"p{c}" for c in precisions(k)}
    graded: dict[Any, str] = {nDCG @ k: f"ndcg{k}"}
    return ask(binary | graded, relevant) if grade is None else ask(binary, relevant) | ask(graded, grade)
