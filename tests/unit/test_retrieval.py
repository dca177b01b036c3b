"""Retrieval metrics against slow oracles in plain Python, and the circular evaluations that were seen elsewhere."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract import retrieval
from artextract.compute import unit_rows
from artextract.relevance import Judge, all_judges
from artextract.retrieval import cosine, evaluate, evaluate_random, evaluate_spaces, summarise

# Four works ask eight; row 0's ranking by eye: 1 (hit), 2, 3 (hit), 4, 5, 6, 7; itself is out.
SIMILARITY = np.array(
    [
        [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0],
        [1.0, 9.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        [5.0, 4.0, 9.0, 3.0, 2.0, 1.0, 0.0, -1.0],
        [0.1, 0.2, 0.3, 9.0, 0.7, 0.6, 0.5, 0.4],
    ]
)
HITS = {0: [1, 3], 1: [0], 2: [0, 1, 3, 4, 5, 6, 7], 3: [4, 5]}


def judge(hits: dict[int, list[int]], n: int = 8) -> Judge:
    relevant = np.zeros((n, n), dtype=bool)
    for query, rows in hits.items():
        relevant[query, rows] = True
    return Judge(relevant, np.eye(n, dtype=bool))


def slow(scores: list[float], relevant: list[bool], excluded: list[bool], k: int) -> tuple[float, float, float]:
    """Precision@k, nDCG@k and average precision of one query, by the definitions."""
    # The tools of TREC settle equal scores by the name of the document, the last in the alphabet first.
    order = sorted((i for i, out in enumerate(excluded) if not out), key=lambda i: (scores[i], str(i)), reverse=True)
    hits = [relevant[i] for i in order]
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits[:k], 1) if hit)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, sum(hits)) + 1))
    ap = sum(sum(hits[:rank]) / rank for rank, hit in enumerate(hits, 1) if hit) / sum(hits)
    return sum(hits[:k]) / k, gain / ideal, ap


def test_by_eye():
    table = evaluate(SIMILARITY, judge(HITS), np.arange(4), 2)
    assert table.columns.tolist() == ["p2", "ndcg2", "map"]
    assert table.index.tolist() == [0, 1, 2, 3]
    ideal = 1 + 1 / math.log2(3)
    expected = [
        [1 / 2, 1 / ideal, (1 / 1 + 2 / 3) / 2],  # hits at ranks 1 and 3
        [0, 0, 1 / 7],  # the only hit comes last
        [1, 1, 1],  # all are hits
        [1, 1, 1],  # hits at ranks 1 and 2
    ]
    np.testing.assert_allclose(table, expected, atol=1e-6)


def test_cutoff_beyond_the_gallery_divides_by_the_cutoff():
    table = evaluate(SIMILARITY, judge(HITS), np.arange(4), 10)
    np.testing.assert_allclose(table["p10"], [0.2, 0.1, 0.7, 0.2])
    np.testing.assert_allclose(table["ndcg10"].iloc[1], 1 / math.log2(8), atol=1e-6)


def test_queries_keep_their_own_rows_and_order():
    turned = evaluate(SIMILARITY[[3, 0]], judge(HITS), np.array([3, 0]), 2)
    straight = evaluate(SIMILARITY, judge(HITS), np.arange(4), 2)
    pd.testing.assert_frame_equal(turned, straight.loc[[3, 0]])


@given(st.integers(0, 10**6), st.integers(2, 14), st.integers(1, 5), st.sampled_from([2, 5, 1000]))
def test_equals_the_definitions(seed: int, n: int, k: int, levels: int):
    """Few levels of similarity make ties; whole numbers are exact in single precision too."""
    rng = random.Random(seed)
    similarity = np.array([[rng.randrange(levels) for _ in range(n)] for _ in range(n)], dtype=float)
    relevant = np.array([[rng.random() < 0.4 for _ in range(n)] for _ in range(n)])
    excluded = np.array([[i == j or rng.random() < 0.2 for j in range(n)] for i in range(n)])
    truth = Judge(relevant, excluded)
    queries = truth.queries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "BLOCK", rng.choice([1, 3, 256]))
        table = evaluate(similarity[queries], truth, queries, k) if len(queries) else pd.DataFrame()
    for query in queries:
        expected = slow(similarity[query].tolist(), relevant[query].tolist(), excluded[query].tolist(), k)
        np.testing.assert_allclose(table.loc[query], expected, atol=1e-6)


def test_what_is_excluded_is_neither_found_nor_missed():
    """Circular: other views of the query in the gallery. Here 4 and 5 are such views, most alike and relevant."""
    similarity = np.array([[9.0, 1.0, 2.0, 3.0, 8.0, 7.0]])
    relevant, excluded = np.zeros((6, 6), dtype=bool), np.eye(6, dtype=bool)
    relevant[0, [1, 4, 5]] = True
    excluded[0, [4, 5]] = True
    left_in = evaluate(similarity, Judge(relevant, np.eye(6, dtype=bool)), np.array([0]), 2)
    taken_out = evaluate(similarity, Judge(relevant, excluded), np.array([0]), 2)
    assert left_in["p2"].item() == 1.0
    assert taken_out["p2"].item() == 0.0 and taken_out["map"].item() == pytest.approx(1 / 3)


def test_order_of_works_does_not_matter():
    rng = np.random.default_rng(0)
    similarity, relevant = rng.random((8, 8)), rng.random((8, 8)) < 0.4
    truth = Judge(relevant, np.eye(8, dtype=bool))
    turn = rng.permutation(8)
    turned = Judge(relevant[np.ix_(turn, turn)], np.eye(8, dtype=bool))
    one = evaluate(similarity[truth.queries()], truth, truth.queries(), 3)
    two = evaluate(similarity[np.ix_(turn, turn)][turned.queries()], turned, turned.queries(), 3)
    np.testing.assert_allclose(one.sort_values("map").values, two.sort_values("map").values, atol=1e-12)


@given(st.floats(0.1, 50), st.floats(-5, 5))
def test_only_the_ranking_counts(scale: float, shift: float):
    """A bonus for everybody, or another scale, moves no score."""
    plain = evaluate(SIMILARITY, judge(HITS), np.arange(4), 2)
    pd.testing.assert_frame_equal(evaluate(SIMILARITY * scale + shift, judge(HITS), np.arange(4), 2), plain)


def test_constant_column_earns_nothing():
    """Circular: a feature that all works share. Scores all equal are worth what chance is worth, on average."""
    n, rng = 60, np.random.default_rng(1)
    themes = rng.integers(0, 3, n)
    truth = Judge(themes[:, None] == themes[None, :], np.eye(n, dtype=bool))
    constant = evaluate(np.ones((n, n)), truth, truth.queries(), 10)
    chance = evaluate_random(n, truth, truth.queries(), 10, seed=0)
    assert constant["map"].mean() == pytest.approx(chance["map"].mean(), abs=0.05)
    assert constant["p10"].mean() == pytest.approx(chance["p10"].mean(), abs=0.08)


def test_random_rankings_score_the_share_of_relevant_works():
    n = 80
    rng = np.random.default_rng(0)
    truth = Judge(rng.random((n, n)) < 0.25, np.eye(n, dtype=bool))
    found = evaluate_random(n, truth, truth.queries(), 10, seed=3)
    assert found["p10"].mean() == pytest.approx(0.25, abs=0.02)
    pd.testing.assert_frame_equal(found, evaluate_random(n, truth, truth.queries(), 10, seed=3))
    assert not found.equals(evaluate_random(n, truth, truth.queries(), 10, seed=4))


def test_cosine_of_unit_rows():
    rows = unit_rows(np.array([[1, 0], [0, 2], [3, 3]]))
    np.testing.assert_allclose(cosine(rows, np.array([2, 0])), [[0.5**0.5, 0.5**0.5, 1], [1, 0, 0.5**0.5]], atol=1e-6)


# --- intervals


def test_interval_is_as_wide_as_the_painters_are_few():
    """Circular: many queries of two painters look like much evidence. Drawn by painter they are two."""
    values = pd.DataFrame({"map": [1.0] * 100 + [0.0] * 100})
    by_painter = summarise(values, np.repeat([0, 1], 100), 500, 0, "a.b")
    alone = summarise(values, np.arange(200), 500, 0, "a.b")
    assert by_painter == {"a.b.map": 0.5, "a.b.map_low": 0.0, "a.b.map_high": 1.0}
    assert alone["a.b.map"] == 0.5 and 0.4 < alone["a.b.map_low"] < 0.5 < alone["a.b.map_high"] < 0.6


def test_summary_takes_the_clusters_of_its_own_rows():
    """Values of rows 4 and 5 only: the clusters of other works must not matter."""
    values = pd.DataFrame({"p1": [0.0, 1.0]}, index=[4, 5])
    low_high = [
        summarise(values, np.array(clusters), 200, 0, "x") for clusters in ([0, 1, 2, 3, 4, 4], [9, 9, 9, 9, 4, 4])
    ]
    assert low_high[0] == low_high[1] == {"x.p1": 0.5, "x.p1_low": 0.5, "x.p1_high": 0.5}


# --- whole evaluations


@pytest.fixture
def collection() -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Twelve works: four painters, two themes, titles in two clusters, and image embeddings by painter."""
    rng = np.random.default_rng(0)
    index = pd.DataFrame(
        {
            "title": [f"{'Sea' if i % 2 else 'Hill'} {i}" for i in range(12)],
            "artist": pd.array([f"a{i % 4}" for i in range(12)], dtype="string"),
            "group": range(12),
            "themes": [["sea"] if i % 2 else ["hill"] for i in range(12)],
        }
    )
    titles = unit_rows(np.eye(4)[[i % 2 for i in range(12)]] + rng.normal(0, 0.05, (12, 4)))
    images = unit_rows(np.eye(4)[[i % 4 for i in range(12)]] + rng.normal(0, 0.05, (12, 4)))
    return index, {"image": images, "title": titles}


def test_title_space_is_never_judged_by_the_title_proxy(collection: tuple[pd.DataFrame, dict[str, np.ndarray]]):
    """Circular: relevance that is the scored similarity itself would be a perfect 1."""
    index, spaces = collection
    judges = all_judges(index, spaces["title"], 0.5)
    itself = evaluate(cosine(spaces["title"], np.arange(12)), judges["title_proxy"], np.arange(12), 5)
    assert itself["map"].min() == 1.0
    metrics = evaluate_spaces(spaces, judges, np.arange(12), k=5, draws=50, seed=0)
    assert not [key for key in metrics if key.startswith("title_proxy.title.")]
    assert metrics["title_proxy.image.map"] < 1.0


def test_every_space_under_every_judge_with_chance_beside(collection: tuple[pd.DataFrame, dict[str, np.ndarray]]):
    index, spaces = collection
    metrics = evaluate_spaces(spaces, all_judges(index, spaces["title"], 0.5), np.arange(12), k=2, draws=50, seed=0)
    names = {key.rsplit(".", 1)[0] for key in metrics}
    assert names == {
        "artist", "artist.image", "artist.title", "artist.random", "theme", "theme.image", "theme.title",
        "theme.random", "title_proxy", "title_proxy.image", "title_proxy.random",
    }  # fmt: skip
    assert metrics["artist.queries"] == metrics["theme.queries"] == metrics["title_proxy.queries"] == 12
    assert metrics["artist.image.map"] == 1.0 > metrics["artist.random.map"]
    assert metrics["theme.title.map"] == 1.0 > metrics["theme.random.map"]
    assert metrics["artist.image.map_low"] == metrics["artist.image.map_high"] == 1.0


def test_judge_without_queries_is_counted_and_not_scored(collection: tuple[pd.DataFrame, dict[str, np.ndarray]]):
    index, spaces = collection
    judges = all_judges(index.assign(artist=pd.array([None] * 12, dtype="string")), spaces["title"], 0.5)
    metrics = evaluate_spaces(spaces, judges, np.arange(12), k=2, draws=20, seed=0)
    assert [key for key in metrics if key.startswith("artist")] == ["artist.queries"]
    assert metrics["artist.queries"] == 0
