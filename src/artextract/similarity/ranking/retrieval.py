"""Retrieval metrics, query by query, for whole collections at once; ir-measures audits a sample of every evaluation.

ir-measures wants a dictionary of all works for each query, which takes minutes for a thousand works and an hour for
4,000 in eight spaces. Here a block of queries is ranked once, and all judges read the same ranking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.spaces import Space

AUDITED = 8
TOLERANCE = 1e-9


def metric_names(k: int) -> list[str]:
    """Columns of an evaluation at cutoff ``k``: nDCG@k, mAP, P@1, P@5, P@k, MRR, R-precision."""
    return [f"ndcg{k}", "map", *(f"p{c}" for c in sorted({1, 5, k})), "mrr", "rprec"]


def evaluate(space: Space, judge: Judge, queries: np.ndarray, k: int, *, seed: int = 0) -> pd.DataFrame:
    """``evaluate_judges`` for one judge and the given queries."""
    return evaluate_judges(space, {"judge": judge}, k, queries={"judge": queries}, seed=seed)["judge"]


def evaluate_judges(
    space: Space,
    judges: Mapping[str, Judge],
    k: int,
    *,
    queries: Mapping[str, np.ndarray] | None = None,
    audited: int = AUDITED,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Metrics of every query under every judge; works of equal similarity are ranked by the lower row.

    Relevance is binary in all of them but nDCG, whose gain is the grade where the judge has grades. AP is taken over
    the whole ranking. P@k divides by k even where the gallery is smaller.

    Args:
        space: What ranks the works.
        judges: Ground truths over the same n works.
        k: Cutoff.
        queries: Rows that are queries, for each judge; default: all that have a relevant work.
        audited: Number of queries per judge, drawn at random, that ir-measures computes too.
        seed: Seed of that draw.

    Returns:
        For each judge a table: index = its queries in their order, columns ``metric_names(k)``.

    Raises:
        ArtExtractError: A similarity is not finite, or the audit disagrees.
        ValueError: A query has no relevant work.
    """
    asked = {name: np.asarray(judge.queries() if queries is None else queries[name]) for name, judge in judges.items()}
    rng = np.random.default_rng(seed)
    sample = {name: rng.choice(rows, min(audited, len(rows)), replace=False) for name, rows in asked.items()}
    parts: dict[str, list[pd.DataFrame]] = {name: [_empty(k)] for name in judges}
    everyone = np.unique(np.concatenate([np.array([], dtype=np.int64), *asked.values()]))
    for rows, block in space.blocks(everyone):
        similarity = np.asarray(block, dtype=np.float32)
        if not np.isfinite(similarity).all():
            raise ArtExtractError(
                "a similarity is not finite", where=f"space `{space.name}`", remedy="look for NaN in the embedding"
            )
        order = np.argsort(-similarity, axis=1, kind="stable")
        for name, judge in judges.items():
            here = np.flatnonzero(np.isin(rows, asked[name]))
            if len(here):
                part = _score(order[here], judge, rows[here], k)
                parts[name].append(part)
                for i in np.flatnonzero(np.isin(rows[here], sample[name])):
                    own = {str(metric): float(value) for metric, value in part.iloc[i].items()}
                    where = f"judge {name} in space {space.name}"
                    _compare(own, similarity[here[i]], judge, int(rows[here[i]]), k, where)
    return {name: pd.concat(tables[1:] or tables).loc[asked[name]] for name, tables in parts.items()}


def _empty(k: int) -> pd.DataFrame:
    index = pd.Index(np.array([], dtype=np.int64))
    return pd.DataFrame(np.empty((0, len(metric_names(k)))), index=index, columns=pd.Index(metric_names(k)))


def _score(order: np.ndarray, judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Metrics of one block of rankings (q, n), best work first."""
    hit, rank = _ranked(order, judge, queries)
    row, column = np.nonzero(hit)
    at = rank[row, column]
    relevant = hit.sum(axis=1)
    if not relevant.all():
        raise ValueError(f"works {queries[relevant == 0].tolist()} have nothing relevant and cannot be queries")
    first = np.cumsum(relevant) - relevant  # nonzero goes row by row, best rank first
    nth = np.arange(1, len(row) + 1) - first[row]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(row, weights=values, minlength=len(queries))

    found = {f"p{c}": total(at <= c) / c for c in (1, 5, k)}
    found["map"] = total(nth / at) / relevant
    found["mrr"] = 1 / at[first]
    found["rprec"] = total(at <= relevant[row]) / relevant
    discount = 1 / np.log2(np.arange(2, k + 2))
    if judge.grade is None:
        gain = total(np.where(at <= k, discount[np.minimum(at, k) - 1], 0))
        ideal = np.cumsum(discount)[np.minimum(relevant, k) - 1]
    else:
        gain, ideal = _graded(order, rank, judge, queries, discount)
    found[f"ndcg{k}"] = gain / ideal
    return pd.DataFrame(found, index=queries)[metric_names(k)]


def _ranked(order: np.ndarray, judge: Judge, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hits (true where a place of the rankings is one), and each place's rank from 1 in the own gallery; (q, n)."""
    counts = ~np.take_along_axis(judge.excluded[queries], order, axis=1)
    hit = np.take_along_axis(judge.relevant[queries], order, axis=1) & counts
    return hit, np.cumsum(counts, axis=1, dtype=np.int32)


def _graded(
    order: np.ndarray, rank: np.ndarray, judge: Judge, queries: np.ndarray, discount: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """DCG at len(discount) with the judge's grades as gains, and the ideal one; (q,) each."""
    assert judge.grade is not None
    k = len(discount)
    grade = np.where(judge.excluded[queries], 0, judge.grade[queries]).astype(np.float64)
    best = -np.sort(-grade, axis=1)[:, :k]
    ideal = best @ discount[: best.shape[1]]
    if not (ideal > 0).all():
        raise ValueError(f"works {queries[~(ideal > 0)].tolist()} have relevant works without a grade")
    # What is out of the gallery has the grade 0, so that the rank it shares with its neighbour does no harm.
    row, column = np.nonzero(rank <= k)
    gains = grade[row, order[row, column]] * discount[np.maximum(rank[row, column], 1) - 1]
    return np.bincount(row, weights=gains, minlength=len(queries)), ideal


def _compare(own: dict[str, float], similarity: np.ndarray, judge: Judge, query: int, k: int, where: str) -> None:
    """Stop where ir-measures finds something else for one query."""
    grade = None
    if judge.grade is not None:  # ir-measures knows whole grades only: both compute it again with thousandths
        grade = np.ceil(judge.grade[query] * 1000)
        alone = Judge(judge.relevant[[query]], judge.excluded[[query]], grade[None, :])
        order = np.argsort(-similarity, kind="stable")[None, :]
        own[f"ndcg{k}"] = float(_score(order, alone, np.array([0]), k)[f"ndcg{k}"].iloc[0])
    for name, expected in audit(similarity, judge.relevant[query], judge.excluded[query], grade, k).items():
        if not abs(own[name] - expected) <= TOLERANCE:
            raise ArtExtractError(
                f"{name} of query {query} is {own[name]:.12g}, but {expected:.12g} by ir-measures",
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
