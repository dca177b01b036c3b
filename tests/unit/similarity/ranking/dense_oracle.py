"""The judges and metrics over whole matrices, as slow oracles: what is defined pair by pair, and ranked by one sort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.data.museum.painters import person
from artextract.data.museum.titles import have_titles
from artextract.params.sections import Relevance
from artextract.similarity.ranking.judging import TERM_COLUMNS, Truth
from artextract.similarity.ranking.title_words import title_words


def equal(values: np.ndarray) -> np.ndarray:
    return values[:, None] == values[None, :]


def same(values: pd.Series) -> np.ndarray:
    codes = pd.factorize(values)[0]
    return equal(codes) & (codes >= 0)[:, None]


def indicator(lists: pd.Series) -> np.ndarray:
    values = lists.map(list).explode().dropna()
    table = pd.crosstab(values.index, values).reindex(lists.index, fill_value=0).clip(upper=1)
    return table.to_numpy(dtype=np.float64)


def share_a_word(titles: pd.Series) -> np.ndarray:
    table = indicator(pd.Series([sorted(words) for words in title_words(titles)]))
    return table @ table.T > 0


def graded(grade: np.ndarray, excluded: np.ndarray) -> Truth:
    return Truth(grade > 0, excluded, grade.astype(np.float32))


def dense_truths(index: pd.DataFrame, titles: np.ndarray, p: Relevance) -> dict[str, Truth]:
    """What each judge says about all pairs."""
    group, painter = equal(index["group"].to_numpy()), same(person(index))
    named = index["artist"].notna().to_numpy()
    year, titled = index["year"].to_numpy(dtype=float), have_titles(index)
    gap = np.abs(year[:, None] - year[None, :])
    period = np.nan_to_num(np.clip(1 - gap / p.period_years, 0, 1))
    terms = np.hstack([indicator(index[column]) for column in TERM_COLUMNS])
    idf = np.log(len(index) / terms.sum(axis=0))
    shared, own = (terms * idf) @ terms.T, terms @ idf
    union = own[:, None] + own[None, :] - shared
    share = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    themes, styles = indicator(index["themes"]), indicator(index["styles"])
    across = {
        name: Truth(table @ table.T > 0, group | painter | (table.sum(axis=1) == 0)[None, :], None)
        for name, table in (("theme", themes), ("style", styles))
    }
    cosine = titles.astype(np.float64) @ titles.T.astype(np.float64)
    return {
        "artist": graded((painter & named[:, None]) * np.where(named, 1, 0.5)[None, :], group),
        **across,
        "theme_other_words": Truth(
            across["theme"].relevant, across["theme"].excluded | share_a_word(index["title"]), None
        ),
        "period": graded(period, group | np.isnan(year)[None, :]),
        "terms": graded(
            np.where(share >= p.terms_overlap, np.minimum(share, 1), 0), group | (terms.sum(axis=1) == 0)[None, :]
        ),
        "siblings": Truth(
            equal(index["sibling_group"].to_numpy()), equal(index["object_group"].to_numpy()), None
        ),
        "title_proxy": Truth(
            (cosine >= p.title_cosine) & titled[:, None], group | ~titled[None, :], None
        ),
    }  # fmt: skip


def queries_of(truth: Truth) -> np.ndarray:
    return np.flatnonzero(truth.found.any(axis=1))


def dense_metrics(similarity: np.ndarray, truth: Truth, k: int) -> np.ndarray:
    """All metrics of all queries, (q, m), from one stable sort of every row."""
    queries = queries_of(truth)
    order = np.argsort(-similarity[queries], axis=1, kind="stable")
    counts = ~np.take_along_axis(truth.excluded[queries], order, axis=1)
    hit = np.take_along_axis(truth.relevant[queries], order, axis=1) & counts
    rank = np.cumsum(counts, axis=1)
    total = hit.sum(axis=1)
    grade = truth.relevant[queries] if truth.grade is None else truth.grade[queries]
    gains = np.where(truth.excluded[queries], 0, grade).astype(np.float64)
    discount = 1 / np.log2(np.arange(2, k + 2))
    early = rank <= k
    dcg = (np.take_along_axis(gains, order, axis=1) * early * discount[np.clip(rank, 1, k) - 1]).sum(axis=1)
    best = -np.sort(-gains, axis=1)[:, :k]
    precision = np.cumsum(hit, axis=1) / np.maximum(rank, 1)
    columns = [
        dcg / (best @ discount[: best.shape[1]]),
        (precision * hit).sum(axis=1) / total,
        *((hit & (rank <= c)).sum(axis=1) / c for c in sorted({1, 5, k})),
        1 / np.where(hit, rank, rank.shape[1] + 1).min(axis=1),
        (hit & (rank <= total[:, None])).sum(axis=1) / total,
    ]
    return np.stack(columns, axis=1)
