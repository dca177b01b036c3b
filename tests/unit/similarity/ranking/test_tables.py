"""Every judge against every space: what is scored, what is refused, and what fits a screen."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.measures.bootstrap import holm, smallest_p
from artextract.params.sections import Relevance
from artextract.similarity.ranking import tables
from artextract.similarity.ranking.judges import ELSEWHERE, all_judges, artist_judge, title_judge
from artextract.similarity.ranking.judging import Judge, judge_may_score
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import cosine_space
from artextract.similarity.ranking.tables import (
    DIFFERENCES,
    MIN_DRAWS,
    TABLE,
    differences,
    evaluate_spaces,
    headline,
    judges_table,
    main_score,
    retrieval_table,
)
from tests.unit.similarity.ranking.dense import dense_judge

N = 24
RELEVANCE = Relevance(
    title_cosine=0.5, period_years=20, terms_overlap=0.3, min_queries=1, max_queries=0, neighbours=5, bootstrap=50,
    whitened_components=4, csls_neighbours=2,
)  # fmt: skip
RNG = np.random.default_rng(0)
INDEX = pd.DataFrame(
    {
        "title": [f"{'Sea' if i % 2 else 'Hill'} {i}" for i in range(N)],
        "artist": pd.array([f"a{i % 4}" for i in range(N)], dtype="string"),
        "group": range(N),
    }
)
TITLES = unit_rows(np.eye(4)[[i % 2 for i in range(N)]] + RNG.normal(0, 0.05, (N, 4)))
IMAGES = unit_rows(np.eye(6)[[i % 4 for i in range(N)]] + RNG.normal(0, 0.05, (N, 6)))
BLIND = RNG.normal(size=(N, 6))
JUDGES = {"artist": artist_judge(INDEX), "title_proxy": title_judge(INDEX, TITLES, 0.5)}
SPACES = [
    cosine_space("image", IMAGES),
    cosine_space("title", TITLES, frozenset({"title"})),
    cosine_space("blind", BLIND),
]
VALUES = evaluate_spaces(SPACES, JUDGES, 5, seed=0)
CLUSTERS = np.arange(N) % 4


def test_relevance_equal_to_the_scored_similarity_is_refused():
    """Circular: relevance that is the scored similarity itself would be a perfect 1."""
    itself = evaluate(SPACES[1], JUDGES["title_proxy"], np.arange(N), 5)
    assert itself["map"].min() == 1.0
    assert not judge_may_score(JUDGES["title_proxy"], SPACES[1].fields)
    assert ("title_proxy", "title") not in VALUES


def test_every_space_under_every_judge_with_chance_and_ceiling_beside():
    assert list(VALUES) == [
        ("artist", "random"), ("artist", "ceiling"), ("artist", "image"), ("artist", "title"), ("artist", "blind"),
        ("title_proxy", "random"), ("title_proxy", "ceiling"), ("title_proxy", "image"), ("title_proxy", "blind"),
    ]  # fmt: skip
    table = retrieval_table(VALUES, CLUSTERS, 50, 0)
    assert table.columns.tolist() == TABLE and len(table) == 9 * 6  # at k = 5, P@k is P@5
    assert set(table["queries"]) == {N}
    means = table[table["metric"] == "map"].set_index(["judge", "space"])["micro"]
    assert means["artist", "image"] == means["artist", "ceiling"] == 1.0 > means["artist", "random"]
    pd.testing.assert_frame_equal(VALUES["artist", "blind"], evaluate(SPACES[2], JUDGES["artist"], np.arange(N), 5))


def test_works_without_an_artist():
    """Nobody is named: that judge has no queries and is left out; each group is an artist of its own for the others."""
    nobody = INDEX.assign(artist=pd.array([None] * N, dtype="string"))
    judges = {"artist": artist_judge(nobody), "title_proxy": JUDGES["title_proxy"]}
    values = evaluate_spaces(SPACES, judges, 5, seed=0)
    assert {judge for judge, _ in values} == {"title_proxy"}
    table = retrieval_table(values, np.arange(N), 50, 0)
    np.testing.assert_allclose(table["micro"], table["macro"])


def test_only_the_given_works_ask():
    rows = np.array([3, 4, 10])
    values = evaluate_spaces(SPACES, JUDGES, 5, 0, queries={"artist": rows, "title_proxy": np.array([], dtype=int)})
    assert {judge for judge, _ in values} == {"artist"}
    assert values["artist", "image"].index.tolist() == rows.tolist()


def test_nothing_to_score_keeps_the_header():
    assert retrieval_table({}, CLUSTERS, 10, 0).columns.tolist() == TABLE
    assert differences({}, "image", ["map"], CLUSTERS, 10, 0).columns.tolist() == DIFFERENCES


def test_differences_are_paired_and_corrected_within_a_metric():
    table = differences(VALUES, "image", ["map", "p1"], np.arange(N), 200, 0)
    assert table.columns.tolist() == DIFFERENCES and set(table["against"]) == {"image"}
    pairs = [("artist", "random"), ("artist", "title"), ("artist", "blind")]
    pairs += [("title_proxy", "random"), ("title_proxy", "blind")]
    assert list(zip(*(table.loc[table["metric"] == "map", c] for c in ("judge", "space")), strict=True)) == pairs
    for _, part in table.groupby("metric"):
        np.testing.assert_allclose(part["p_holm"], holm(part["p"].to_numpy()))
        np.testing.assert_allclose(part["macro_p_holm"], holm(part["macro_p"].to_numpy()))
    chosen = (table["space"] == "blind") & (table["judge"] == "artist") & (table["metric"] == "map")
    (blind,) = table[chosen].to_dict("records")
    change = VALUES["artist", "blind"]["map"] - VALUES["artist", "image"]["map"]
    assert blind["micro"] == pytest.approx(change.mean()) and blind["high"] < 0


def test_few_draws_do_not_keep_holm_from_finding():
    """With 200 draws the least p is .00995: corrected for five tests and more it would near 5%."""
    table = differences(VALUES, "image", ["map"], np.arange(N), 200, 0)
    assert table["p"].min() == pytest.approx(smallest_p(MIN_DRAWS)) and smallest_p(MIN_DRAWS) * 100 < 0.05


def test_judges_that_are_not_measured_say_why():
    judges, unmeasured = all_judges(INDEX, TITLES, RELEVANCE)
    table = judges_table(judges, unmeasured | {"siblings": "column empty: series", "text_to_image": ELSEWHERE})
    assert table[["judge", "label", "queries", "status"]].to_numpy().tolist()[:2] == [
        ["artist", "same painter", N, "measured"],
        ["title_proxy", "similar title (proxy)", N, "measured"],
    ]
    status = table.set_index("judge")["status"]
    assert status["siblings"] == "not measured: column empty: series"
    assert status["text_to_image"] == "measured in train_siamese"
    assert table["description"].str.len().min() > 10


def test_judges_of_one_source_say_which_of_them_counts():
    judges: dict[str, Judge] = {key: JUDGES["artist"] for key in ("theme", "theme_other_words", "artist")}
    table = judges_table(judges, {"terms": "2 queries, fewer than 30"}).set_index("judge")
    assert table["counted_with"].to_dict() == {"theme": "", "theme_other_words": "theme", "artist": "", "terms": ""}
    assert table["source"].to_dict() == {
        "theme": "curators' terms", "theme_other_words": "curators' terms", "artist": "painter",
        "terms": "curators' terms",
    }  # fmt: skip
    assert table.loc["terms", "queries"] == 0 and table.loc["theme", "queries"] == N
    assert table.columns.tolist() == ["label", "source", "counted_with", "queries", "status", "description"]


def test_headline_is_flat_and_short():
    table = retrieval_table(VALUES, CLUSTERS, 50, 0)
    found = headline(table, 5, ("random", "title", "image"), ("title", "image"), "image")
    expected = {"queries", "random.ndcg5", "random.p5", "ceiling.p5", "image.p5"} | {
        f"image.ndcg5{end}" for end in ("", "_low", "_high", "_macro")
    }
    assert {key.removeprefix("artist.") for key in found if key.startswith("artist.")} == expected | {
        f"title.ndcg5{end}" for end in ("", "_low", "_high")
    }
    assert {key.removeprefix("title_proxy.") for key in found if key.startswith("title_proxy.")} == expected
    assert found["artist.random.p5"] < found["artist.image.p5"] <= found["artist.ceiling.p5"] == 1
    chosen = table[(table["judge"] == "artist") & (table["space"] == "image") & (table["metric"] == "ndcg5")].iloc[0]
    assert found["artist.image.ndcg5_macro"] == chosen["macro"] and found["artist.image.ndcg5"] == chosen["micro"]


def test_judge_may_have_no_relevant_work_at_all():
    none = dense_judge(np.zeros((N, N), dtype=bool), np.eye(N, dtype=bool))
    assert evaluate_spaces(SPACES, {"none": none}, 5, 0) == {}


def test_main_score_is_of_theme_else_of_the_next_judge_else_left_out():
    table = pd.DataFrame(
        [(judge, space, metric, place)
         for place, (judge, space, metric) in enumerate(
             (judge, space, metric)
             for judge in ("period", "artist", "theme") for space in ("image", "title") for metric in ("ndcg5", "p5")
         )],
        columns=pd.Index(["judge", "space", "metric", "micro"]),
    )  # fmt: skip
    assert main_score(table, "image", 5) == ({"ndcg": 8.0}, {"ndcg.judge": "theme"})
    assert main_score(table[table["judge"] != "theme"], "image", 5) == ({"ndcg": 4.0}, {"ndcg.judge": "artist"})
    assert main_score(table[:0], "image", 5) == ({}, {})


def test_intervals_draw_painters_as_a_whole():
    """Where all works are by one painter, no mean and no difference varies from draw to draw."""
    one = np.zeros(N, dtype=int)
    for table in (retrieval_table(VALUES, one, 20, 0), differences(VALUES, "image", ["map"], one, 20, 0)):
        np.testing.assert_allclose(table["low"], table["micro"])
        np.testing.assert_allclose(table["high"], table["micro"])
    by_work = retrieval_table({("artist", "blind"): VALUES["artist", "blind"]}, np.arange(N), 50, 0)
    assert (by_work["low"] < by_work["high"]).any()


def test_rows_are_numbered_and_a_seed_gives_its_draws_again():
    for draw in (
        lambda seed: retrieval_table(VALUES, CLUSTERS, 50, seed),
        lambda seed: differences(VALUES, "image", ["ndcg5"], np.arange(N), 50, seed),
    ):
        table = draw(3)
        assert table.index.tolist() == list(range(len(table)))
        pd.testing.assert_frame_equal(table, draw(3))
        assert table["low"].tolist() != draw(4)["low"].tolist()


def test_the_seed_draws_what_is_audited(monkeypatch: pytest.MonkeyPatch):
    seeds = []
    monkeypatch.setattr(tables, "evaluate_all", lambda *of, seed, **more: seeds.append(seed) or {})
    evaluate_spaces(SPACES, JUDGES, 5, seed=7)
    assert seeds == [7]


def test_chance_and_ceiling_of_some_queries_alone():
    asked = {"artist": np.array([1, 6, 9])}
    found = tables.limits(JUDGES, asked, 3)
    assert list(found) == [("artist", "random"), ("artist", "ceiling")]
    for table in found.values():
        assert table.index.tolist() == [1, 6, 9] and "ndcg3" in table
    np.testing.assert_allclose(found["artist", "random"]["p3"], 5 / 23)  # six works by each of four painters
    assert (found["artist", "ceiling"] == 1).all(axis=None)


def test_the_error_of_a_sample_by_hand():
    """Four of ten queries: the standard error of a mean without replacement, times 1.96."""
    drawn = replace(JUDGES["artist"], total=10)
    scores = pd.DataFrame({"ndcg5": [0.0, 1.0, 1.0, 1.0]})
    found = tables.sampling({("artist", "image"): scores}, {"artist": drawn, "all": JUDGES["artist"]}, "image", "ndcg5")
    variance = (3 * 0.25**2 + 0.75**2) / 3
    error = 1.96 * math.sqrt(variance / 4 * (1 - 4 / 10))
    assert found == {"artist.queries_of": 10, "artist.image.ndcg5_sampling": pytest.approx(error)}
    one = tables.sampling({("artist", "image"): scores[:1]}, {"artist": drawn}, "image", "ndcg5")
    assert one == {"artist.queries_of": 10}
