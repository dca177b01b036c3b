"""Nearest neighbours against a slow search in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.similarity.ranking import neighbours
from artextract.similarity.ranking.neighbours import nearest, neighbour_table
from artextract.similarity.ranking.topk import OwnGroup, best, select

EYE = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0]], dtype=np.float32)


def slow(
    queries: np.ndarray, gallery: np.ndarray, k: int, groups: tuple[np.ndarray, np.ndarray] | None
) -> list[list[int]]:
    """Sort everything: highest cosine first, then the lower row; -1 where nothing is left."""
    found = []
    for q, query in enumerate(queries):
        scored = []
        for g, work in enumerate(gallery):
            if groups is None or groups[0][q] != groups[1][g]:
                scored.append((-sum(float(a) * float(b) for a, b in zip(query, work, strict=True)), g))
        k = min(k, len(gallery))
        found.append(([g for _, g in sorted(scored)] + [-1] * k)[:k])
    return found


def test_by_eye():
    rows, scores = nearest(EYE, EYE, 3)
    assert rows.tolist() == [[0, 3, 2], [1, 2, 0], [2, 1, 0], [0, 3, 2]]  # equal scores: the lower row
    np.testing.assert_allclose(scores[0], [1, 1, 0.6], atol=1e-7)
    assert rows.dtype == np.int64 and scores.dtype == np.float32


def test_own_group_is_no_neighbour():
    group = np.array([7, 8, 8, 7])
    rows, scores = nearest(EYE, EYE, 3, exclude=(group, group))
    assert rows.tolist() == [[2, 1, -1], [0, 3, -1], [0, 3, -1], [2, 1, -1]]
    assert np.isneginf(scores[:, 2]).all()
    alone, none = nearest(EYE[:1], EYE, 2, exclude=(np.array([1]), np.ones(4, dtype=int)))
    assert alone.tolist() == [[-1, -1]] and np.isneginf(none).all()


# Whole numbers, so that equal scores are equal in any order of addition.
vectors = st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=1, max_size=9)


@given(vectors, vectors, st.integers(1, 12), st.booleans(), st.randoms(use_true_random=False))
def test_equals_a_full_sort_with_ties(q: list[list[int]], g: list[list[int]], k: int, grouped: bool, rng):
    queries, gallery = np.array(q, dtype=np.float32), np.array(g, dtype=np.float32)
    groups = None
    if grouped:
        groups = tuple(np.array([rng.randrange(3) for _ in part]) for part in (q, g))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "QUERIES", rng.choice([1, 4, 512]))  # several blocks give what one gives
        patch.setattr(neighbours, "SCORES", rng.choice([1, 8, 1 << 24]))
        rows, scores = nearest(queries, gallery, k, exclude=groups)  # type: ignore[arg-type]
    assert rows.tolist() == slow(queries, gallery, k, groups)  # type: ignore[arg-type]
    for query, line, values in zip(queries, rows, scores, strict=True):
        known = line >= 0
        np.testing.assert_array_equal(values[known], gallery[line[known]] @ query)
        assert np.isneginf(values[~known]).all()
        assert (np.diff(values[known]) <= 0).all()


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(70, 400), st.booleans())
def test_long_lines_are_folded_without_a_loss(seed: int, k: int, n: int, tied: bool):
    rng = np.random.default_rng(seed)
    scores = (rng.integers(-3, 4, (5, n)) if tied else rng.standard_normal((5, n))).astype(np.float32)
    scores[rng.random((5, n)) < 0.1] = -np.inf
    scores[0] = -np.inf
    scores[1, :3] = [-0.0, 0.0, -0.0]  # equal
    assert math.isqrt(n // k) >= 4
    columns, values = best(scores, k)
    for line, found in zip(scores, columns, strict=True):
        assert found.tolist() == sorted(range(n), key=lambda c: (-line[c], c))[:k]
    np.testing.assert_array_equal(values, np.take_along_axis(scores, columns, axis=1))


def test_none_of_the_best_is_none():
    for n in (3, 400):
        columns, values = best(np.zeros((2, n), dtype=np.float32), 0)
        assert columns.shape == values.shape == (2, 0)
        assert columns.dtype == np.int64 and values.dtype == np.float32


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(0, 9))
def test_a_selection_equals_a_sort(seed: int, n: int, k: int):
    """Scores of all signs and sizes; rows in any order, also beyond 2**31."""
    rng = np.random.default_rng(seed)
    scores = rng.choice([-np.inf, -3e38, -1.5, -1e-40, -0.0, 0.0, 1e-40, 1.5, 3e38, np.inf], (3, n)).astype(np.float32)
    rows = rng.permutation(n) + 2**32 - 10
    found, values = select(scores, rows, min(k, n))
    for line, own, best_values in zip(scores.tolist(), found.tolist(), values.tolist(), strict=True):
        expected = sorted((-score, row) for score, row in zip(line, rows.tolist(), strict=True))[: min(k, n)]
        assert list(zip(best_values, own, strict=True)) == [(-score, row) for score, row in expected]


@given(st.integers(0, 10**6))
def test_rows_of_the_own_group_are_all_pairs_of_equal_groups(seed: int):
    rng = np.random.default_rng(seed)
    queries, gallery = rng.integers(0, 4, 7), rng.integers(1, 6, 9)
    own = OwnGroup(queries, gallery)
    for start, stop in ((0, 7), (2, 5), (3, 3)):
        found = list(zip(*(part.tolist() for part in own.pairs(slice(start, stop))), strict=True))
        expected = [(q - start, g) for q in range(start, stop) for g in range(9) if queries[q] == gallery[g]]
        assert sorted(found) == expected and len(found) == len(expected)


def test_no_queries_give_no_neighbours():
    rows, scores = nearest(EYE[:0], EYE, 3)
    assert rows.shape == scores.shape == (0, 3)


def test_table_is_long_with_ranks_from_one_and_without_gaps():
    ids = pd.Series(["a", "b", "c", "d"])
    group = np.array([7, 8, 8, 8])
    table = neighbour_table(ids, *nearest(EYE, EYE, 3, exclude=(group, group)), "image")
    assert table.columns.tolist() == ["space", "id", "rank", "score", "neighbour"]
    assert table[["id", "rank", "neighbour"]].values.tolist() == [
        ["a", 1, "d"], ["a", 2, "c"], ["a", 3, "b"], ["b", 1, "a"], ["c", 1, "a"], ["d", 1, "a"],
    ]  # fmt: skip
    assert set(table["space"]) == {"image"} and np.isfinite(table["score"]).all()
