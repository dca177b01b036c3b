"""Chance and ceiling against all rankings, counted out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from artextract.measures.bootstrap import summarise
from artextract.similarity.ranking.asked import metric_names
from artextract.similarity.ranking.chance import CEILING, RANDOM
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import Space, cosine_space
from artextract.similarity.ranking.tables import limits
from tests.tiers import later
from tests.unit.similarity.ranking.dense import dense_judge


def expected_at_random(judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    return limits({"one": judge}, {"one": queries}, k)["one", RANDOM]


def best_possible(judge: Judge, queries: np.ndarray, k: int) -> pd.DataFrame:
    return limits({"one": judge}, {"one": queries}, k)["one", CEILING]


@pytest.mark.slow
@pytest.mark.parametrize("hits", [later(1), 2, later(3), later(4), 5])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_equal_the_mean_and_the_best_of_all_rankings(hits: int, k: int):
    """Row 0 asks five works; row 6 is out."""
    relevant, excluded, grade = np.zeros((7, 7), dtype=bool), np.eye(7, dtype=bool), np.zeros((7, 7))
    excluded[0, 6] = True
    relevant[0, 1 : 1 + hits] = relevant[0, 6] = True
    grade[0, 1:7] = [1, 0.5, 0.25, 0.75, 0.1, 1]
    for truth in (dense_judge(relevant, excluded), dense_judge(relevant, excluded, grade * relevant)):
        rankings = []
        for order in permutations(range(5)):
            similarity = np.array([[9.0, *order, 9.0]])
            space = Space("one", 7, lambda rows, s=similarity: s[rows])
            rankings.append(evaluate(space, truth, np.array([0]), k).iloc[0])
        expected = np.mean(rankings, axis=0)
        np.testing.assert_allclose(expected_at_random(truth, np.array([0]), k).iloc[0], expected, atol=1e-12)
        np.testing.assert_allclose(best_possible(truth, np.array([0]), k).iloc[0], np.max(rankings, axis=0), atol=1e-12)


def test_table_is_as_of_an_evaluation():
    truth = dense_judge(np.ones((4, 4), dtype=bool), np.eye(4, dtype=bool))
    found = expected_at_random(truth, np.array([2, 0]), 2)
    assert found.index.tolist() == [2, 0] and found.columns.tolist() == metric_names(2)
    np.testing.assert_allclose(found.drop(columns="p5"), 1)
    np.testing.assert_allclose(found["p5"], 3 / 5)  # three works are there to be found
    assert expected_at_random(truth, np.array([], dtype=int), 2).shape == (0, 7)


def test_ceiling_of_precision_depends_on_how_many_works_are_relevant():
    """Query 0 has one relevant work, query 1 two; three works are in each gallery."""
    relevant = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
    found = best_possible(dense_judge(relevant, np.eye(4, dtype=bool)), np.array([1, 0]), 10)
    assert found.index.tolist() == [1, 0] and found.columns.tolist() == metric_names(10)
    assert found["p10"].tolist() == [0.2, 0.1] and found["p5"].tolist() == [0.4, 0.2]
    np.testing.assert_allclose(found[["ndcg10", "map", "p1", "mrr", "rprec"]], 1)


def test_single_work_in_the_gallery():
    truth = dense_judge(np.ones((2, 2), dtype=bool), np.eye(2, dtype=bool))
    np.testing.assert_allclose(expected_at_random(truth, np.arange(2), 1)[["ndcg1", "map", "mrr"]], 1)


def test_permuted_embedding_scores_as_chance_within_the_interval():
    """What belongs to other works tells nothing: an evaluation that finds more has a leak."""
    rng = np.random.default_rng(0)
    n, themes = 200, np.arange(200) % 4
    vectors = np.eye(8)[themes] + rng.normal(0, 0.5, (n, 8))
    truth = dense_judge(themes[:, None] == themes[None, :], np.eye(n, dtype=bool))
    queries, chance = truth.queries(), expected_at_random(truth, truth.queries(), 10).mean()
    straight = evaluate(cosine_space("image", vectors), truth, queries, 10)
    permuted = evaluate(cosine_space("image", vectors[rng.permutation(n)]), truth, queries, 10)
    assert straight["ndcg10"].mean() > 0.5
    table = summarise(permuted, np.arange(n), 500, 0).set_index("metric")
    for metric in ("ndcg10", "map", "p10", "rprec"):
        assert table.at[metric, "low"] <= chance[metric] <= table.at[metric, "high"]
