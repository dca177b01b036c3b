"""Retrieval metrics by eye, against ir-measures and slow definitions; and the circular evaluations seen elsewhere."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.similarity.ranking import retrieval
from artextract.similarity.ranking.asked import metric_names
from artextract.similarity.ranking.audit import audit, audited_queries
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.retrieval import evaluate, evaluate_all
from artextract.similarity.ranking.spaces import Space, cosine_space
from tests.unit.similarity.ranking.dense import dense_judge, whole

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


def table_space(similarity: np.ndarray, name: str = "table") -> Space:
    """A space from a whole matrix (n, n), or from its first rows."""
    return Space(name, similarity.shape[1], lambda rows: similarity[rows].astype(np.float32))


def judge(hits: dict[int, list[int]], n: int = 8) -> Judge:
    relevant = np.zeros((n, n), dtype=bool)
    for query, rows in hits.items():
        relevant[query, rows] = True
    return dense_judge(relevant, np.eye(n, dtype=bool))


def slow(scores: list[float], gain: list[float], hit: list[bool], out: list[bool], k: int) -> dict[str, float]:
    """All metrics of one query, by the definitions."""
    order = sorted((i for i in range(len(out)) if not out[i]), key=lambda i: (-scores[i], i))
    hits = [hit[i] for i in order]
    total = sum(hits)
    ideal = sorted((gain[i] for i in order), reverse=True)

    def dcg(gains: list[float]) -> float:
        return sum(g / math.log2(rank + 1) for rank, g in enumerate(gains[:k], 1))

    return {
        f"ndcg{k}": dcg([gain[i] for i in order]) / dcg(ideal),
        "map": sum(sum(hits[:rank]) / rank for rank, h in enumerate(hits, 1) if h) / total,
        **{f"p{c}": sum(hits[:c]) / c for c in (1, 5, k)},
        "mrr": 1 / (1 + hits.index(True)),
        "rprec": sum(hits[:total]) / total,
    }


def test_by_eye():
    table = evaluate(table_space(SIMILARITY), judge(HITS), np.arange(4), 2)
    assert table.columns.tolist() == ["ndcg2", "map", "p1", "p2", "p5", "mrr", "rprec"] == metric_names(2)
    assert table.index.tolist() == [0, 1, 2, 3]
    ideal = 1 + 1 / math.log2(3)
    expected = [
        [1 / ideal, (1 / 1 + 2 / 3) / 2, 1, 1 / 2, 2 / 5, 1, 1 / 2],  # hits at ranks 1 and 3
        [0, 1 / 7, 0, 0, 0, 1 / 7, 0],  # the only hit comes last
        [1, 1, 1, 1, 1, 1, 1],  # all are hits
        [1, 1, 1, 1, 2 / 5, 1, 1],  # hits at ranks 1 and 2
    ]
    np.testing.assert_allclose(table, expected, atol=1e-12)


def test_grades_by_eye():
    """Grades 1 and 0.5: the half one first costs exactly what its place is worth; all else is as without grades."""
    truth = whole(judge({0: [1, 2]}, 4))
    grade = np.zeros((4, 4))
    grade[0, [1, 2]] = 0.5, 1
    similarity = np.array([[9.0, 3.0, 2.0, 1.0]])
    found = evaluate(table_space(similarity), dense_judge(truth.relevant, truth.excluded, grade), np.array([0]), 10)
    second = 1 / math.log2(3)
    assert found["ndcg10"].item() == pytest.approx((0.5 + second) / (1 + 0.5 * second), abs=1e-12)
    plain = evaluate(table_space(similarity), judge({0: [1, 2]}, 4), np.array([0]), 10)
    pd.testing.assert_frame_equal(found.drop(columns="ndcg10"), plain.drop(columns="ndcg10"))


def test_cutoff_beyond_the_gallery_divides_by_the_cutoff():
    table = evaluate(table_space(SIMILARITY), judge(HITS), np.arange(4), 10)
    np.testing.assert_allclose(table["p10"], [0.2, 0.1, 0.7, 0.2])
    np.testing.assert_allclose(table["ndcg10"].iloc[1], 1 / math.log2(8), atol=1e-12)


def test_queries_keep_their_own_rows_and_order():
    turned = evaluate(table_space(SIMILARITY), judge(HITS), np.array([3, 0]), 2)
    straight = evaluate(table_space(SIMILARITY), judge(HITS), np.arange(4), 2)
    pd.testing.assert_frame_equal(turned, straight.loc[[3, 0]])


@given(st.integers(0, 10**6), st.integers(2, 14), st.integers(1, 12), st.sampled_from([2, 5, 1000]), st.booleans())
@hypothesis_settings(max_examples=25)
def test_equals_ir_measures_and_the_definitions(seed: int, n: int, k: int, levels: int, graded: bool):
    """Few levels of similarity make ties, settled by the lower row; k may be larger than n."""
    rng = random.Random(seed)
    similarity = np.array([[rng.randrange(levels) for _ in range(n)] for _ in range(n)], dtype=float)
    grade = np.array([[rng.choice([0, 0, 1, 2, 3]) for _ in range(n)] for _ in range(n)], dtype=float)
    excluded = np.array([[i == j or rng.random() < 0.2 for j in range(n)] for i in range(n)])
    truth = dense_judge(grade > 0, excluded, grade if graded else None)
    queries = truth.queries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "QUERIES", rng.choice([1, 3, 256]))
        patch.setattr(retrieval, "TILE", rng.choice([1, 30, 1 << 16]))
        table = evaluate(table_space(similarity), truth, queries, k)
    assert table.index.tolist() == queries.tolist()
    for query in queries:
        gain = grade[query] if graded else grade[query] > 0
        own = table.loc[query].to_dict()
        for oracle in (
            slow(similarity[query].tolist(), gain.tolist(), (grade[query] > 0).tolist(), excluded[query].tolist(), k),
            audit(similarity[query], grade[query] > 0, excluded[query], gain if graded else None, k),
        ):
            assert own == pytest.approx(oracle, abs=1e-9)


def test_several_judges_read_one_ranking():
    other = judge({0: [7], 2: [4]})
    both = evaluate_all([table_space(SIMILARITY)], {"a": judge(HITS), "b": other}, 2)
    pd.testing.assert_frame_equal(both["a", "table"], evaluate(table_space(SIMILARITY), judge(HITS), np.arange(4), 2))
    pd.testing.assert_frame_equal(both["b", "table"], evaluate(table_space(SIMILARITY), other, np.array([0, 2]), 2))


def test_judge_without_queries_gives_an_empty_table():
    nobody = dense_judge(np.zeros((8, 8), dtype=bool), np.eye(8, dtype=bool))
    found = evaluate_all([table_space(SIMILARITY)], {"none": nobody}, 10)["none", "table"]
    assert found.shape == (0, 7) and found.columns.tolist() == metric_names(10)


def test_query_with_nothing_relevant_is_a_mistake():
    with pytest.raises(ValueError, match=r"\[4\] have nothing relevant"):
        evaluate(table_space(np.ones((8, 8))), judge(HITS), np.array([0, 4]), 2)


def test_similarity_that_is_not_finite_is_refused():
    broken = SIMILARITY.copy()
    broken[1, 2] = np.nan
    with pytest.raises(ArtExtractError, match="not finite"):
        evaluate(table_space(broken), judge(HITS), np.arange(4), 2)


@pytest.mark.parametrize("graded", [False, True])
def test_audit_stops_a_wrong_evaluation(monkeypatch: pytest.MonkeyPatch, graded: bool):
    """Were one rank counted wrongly, the sample computed by ir-measures would say so."""
    hits = whole(judge(HITS))
    truth = dense_judge(hits.relevant, hits.excluded, hits.relevant * 0.7 if graded else None)
    right = retrieval.best_first
    monkeypatch.setattr(retrieval, "best_first", lambda similarity: np.roll(right(similarity), 1, axis=1))
    with pytest.raises(ArtExtractError, match="by ir-measures"):
        evaluate(table_space(SIMILARITY), truth, np.arange(4), 2)


def test_grades_that_are_not_whole_pass_the_audit():
    rng = np.random.default_rng(0)
    grade = np.where(rng.random((40, 40)) < 0.3, rng.random((40, 40)), 0)
    truth = dense_judge(grade > 0, np.eye(40, dtype=bool), grade)
    found = evaluate_all([table_space(rng.random((40, 40)))], {"a": truth}, 10, audited=40)["a", "table"]
    assert 0 < found["ndcg10"].mean() < 1


# --- evaluations of the evaluation


def test_perfect_oracle_scores_one_in_every_metric():
    rng = np.random.default_rng(0)
    grade = np.where(rng.random((30, 30)) < 0.5, rng.random((30, 30)), 0)
    truth = dense_judge(grade > 0, np.eye(30, dtype=bool), grade)
    found = evaluate(table_space(grade), truth, truth.queries(), 5)
    assert ((grade > 0).sum(axis=1) >= 7).all()  # else P@5 could not be 1
    np.testing.assert_allclose(found, 1, atol=1e-12)


def test_own_group_is_never_a_hit():
    """Circular: other views of the query in the gallery. Here 4 and 5 are such views, most alike and relevant."""
    similarity = np.array([[9.0, 1.0, 2.0, 3.0, 8.0, 7.0]])
    relevant, excluded = np.zeros((6, 6), dtype=bool), np.eye(6, dtype=bool)
    relevant[0, [1, 4, 5]] = True
    excluded[0, [4, 5]] = True
    left_in = evaluate(table_space(similarity), dense_judge(relevant, np.eye(6, dtype=bool)), np.array([0]), 2)
    taken_out = evaluate(table_space(similarity), dense_judge(relevant, excluded), np.array([0]), 2)
    assert left_in["p2"].item() == 1.0
    assert taken_out["p2"].item() == 0.0 and taken_out["map"].item() == pytest.approx(1 / 3)
    graded = dense_judge(relevant, excluded, relevant.astype(float))
    assert evaluate(table_space(similarity), graded, np.array([0]), 2)["ndcg2"].item() == 0.0


def test_order_of_works_does_not_matter():
    rng = np.random.default_rng(0)
    similarity, relevant = rng.random((8, 8)), rng.random((8, 8)) < 0.4
    truth = dense_judge(relevant, np.eye(8, dtype=bool))
    turn = rng.permutation(8)
    turned = dense_judge(relevant[np.ix_(turn, turn)], np.eye(8, dtype=bool))
    one = evaluate(table_space(similarity), truth, truth.queries(), 3)
    two = evaluate(table_space(similarity[np.ix_(turn, turn)]), turned, turned.queries(), 3)
    np.testing.assert_allclose(one.sort_values("map").values, two.sort_values("map").values, atol=1e-12)


@given(st.floats(0.5, 50), st.integers(-5, 5))
@hypothesis_settings(max_examples=10)
def test_only_the_ranking_counts(scale: float, shift: int):
    """A bonus for everybody, or another scale, moves no score."""
    plain = evaluate(table_space(SIMILARITY), judge(HITS), np.arange(4), 2)
    pd.testing.assert_frame_equal(
        evaluate(table_space(SIMILARITY * scale + shift), judge(HITS), np.arange(4), 2), plain
    )


def test_constant_column_earns_nothing():
    """Circular: a feature that all works share. Scores all equal are worth what chance is worth, on average."""
    n, rng = 60, np.random.default_rng(1)
    themes = rng.integers(0, 3, n)
    truth = dense_judge(themes[:, None] == themes[None, :], np.eye(n, dtype=bool))
    constant = evaluate(cosine_space("constant", np.ones((n, 4))), truth, truth.queries(), 10)
    chance = evaluate(table_space(rng.random((n, n))), truth, truth.queries(), 10)
    assert constant["map"].mean() == pytest.approx(chance["map"].mean(), abs=0.05)
    assert constant["p10"].mean() == pytest.approx(chance["p10"].mean(), abs=0.08)


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The queries that ir-measures computes too, in their order."""
    found: list[int] = []
    monkeypatch.setattr(retrieval, "require_agreement", lambda own, expected, query, where: found.append(query))
    return found


def test_the_seed_draws_which_queries_are_audited_and_how_many_is_said(audited: list[int]):
    rng = np.random.default_rng(0)
    many, asks = table_space(rng.normal(size=(30, 30))), judge({i: [(i + 1) % 30] for i in range(30)}, 30)

    def drawn(**options: int) -> list[int]:
        audited.clear()
        evaluate_all([many], {"judge": asks}, 3, **options)
        return list(audited)

    two = drawn(audited=2, seed=5)
    assert len(two) == 2 and two == drawn(audited=2, seed=5) and two != drawn(audited=2, seed=6)
    assert drawn(audited=2) == drawn(audited=2, seed=0)
    assert len(drawn()) == min(30, audited_queries(30)) > 2
    audited.clear()
    evaluate(many, asks, np.arange(20), 3)
    default = list(audited)
    audited.clear()
    evaluate(many, asks, np.arange(20), 3, seed=0)
    assert default == audited


def test_judges_that_ask_in_other_blocks_and_tiles_get_the_same_scores(monkeypatch: pytest.MonkeyPatch):
    spaces = [table_space(np.random.default_rng(s).normal(size=(12, 12)), f"space {s}") for s in range(2)]
    early, late = ({i: [(i + 1) % 12, (i + 5) % 12] for i in rows} for rows in (range(5), (3, 9, 11)))
    judges = {"early": judge(early, 12), "late": judge(late, 12)}
    expected = evaluate_all(spaces, judges, 3)
    for queries, tile in ((1, 1 << 16), (512, 1), (4, 13)):
        with monkeypatch.context() as patch:
            patch.setattr(retrieval, "QUERIES", queries)
            patch.setattr(retrieval, "TILE", tile)
            for key, table in evaluate_all(spaces, judges, 3).items():
                pd.testing.assert_frame_equal(table, expected[key])


def test_a_space_is_computed_only_for_works_that_a_judge_asks_for_in_it(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []

    def similarity(rows: np.ndarray) -> np.ndarray:
        asked.extend(rows.tolist())
        return np.zeros((len(rows), 12))

    monkeypatch.setattr(retrieval, "QUERIES", 1)
    judges = {"one": judge({2: [3]}, 12), "other": judge({5: [6], 7: [1]}, 12)}
    space = Space("counted", 12, similarity)
    evaluate_all([space], judges, 3, may=lambda judge, space: judge is judges["other"])
    assert asked == [5, 7]
