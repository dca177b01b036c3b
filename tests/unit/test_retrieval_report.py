"""From flat metrics to a table and to the few that fit a screen."""

from __future__ import annotations

from artextract.retrieval_report import headline, retrieval_table

METRICS = {
    "artist.queries": 3,
    "artist.image.map": 0.5,
    "artist.image.map_low": 0.4,
    "artist.image.map_high": 0.6,
    "artist.image.ndcg10": 0.7,
    "artist.image.ndcg10_low": 0.6,
    "artist.image.ndcg10_high": 0.8,
    "artist.image.p10": 0.25,
    "artist.random.p10": 0.1,
    "theme.queries": 0,
}


def test_table_has_a_row_for_each_judge_space_and_metric():
    table = retrieval_table(METRICS)
    assert table.columns.tolist() == ["judge", "queries", "space", "metric", "value", "low", "high"]
    assert table.astype(object).where(table.notna(), None).values.tolist() == [
        ["artist", 3, "image", "map", 0.5, 0.4, 0.6],
        ["artist", 3, "image", "ndcg10", 0.7, 0.6, 0.8],
        ["artist", 3, "image", "p10", 0.25, None, None],
        ["artist", 3, "random", "p10", 0.1, None, None],
    ]


def test_table_of_nothing_keeps_its_header():
    assert retrieval_table({}).columns.tolist()[0] == "judge" and len(retrieval_table({"theme.queries": 0})) == 0


def test_headline_keeps_the_interval_of_ndcg_only():
    assert headline(METRICS, 10) == {k: v for k, v in METRICS.items() if k not in (
        "artist.image.map_low", "artist.image.map_high",
    )}  # fmt: skip


def test_headline_is_for_one_cutoff():
    kept = headline({"a.x.ndcg1": 1, "a.x.ndcg10": 1, "a.x.ndcg1_low": 1, "a.x.ndcg10_low": 1, "a.x.p1": 1}, 1)
    assert list(kept) == ["a.x.ndcg1", "a.x.ndcg1_low", "a.x.p1"]
