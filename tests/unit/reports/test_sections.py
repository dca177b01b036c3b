"""Sections of the report, from small tables and from the committed ones."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from artextract.reports import cards, classification, limits, provenance, siamese, similarity, summary
from artextract.reports.blocks import Matrix, Table, Text
from artextract.reports.build import render
from artextract.reports.snapshot import workspace
from artextract.reports.wording import between, counted, listed, number, p_value
from tests.conftest import ROOT
from tests.unit.reports.report_toys import run_of, words

SPACES = ("siamese", "image", "random", "ceiling")
NOTHING = run_of({})
EACH = (classification.section, similarity.section, siamese.section, cards.model_card, cards.data_card)
HOSTILE = "<img src=x onerror=alert(1)> $x^ & \"'</script>"


@pytest.mark.parametrize("section", EACH, ids=lambda section: f"{section.__module__}.{section.__name__}")
def test_what_a_run_lacks_is_said_in_a_sentence(section):
    found = section(NOTHING)
    said = [block.text for block in found.blocks if isinstance(block, Text) and block.missing]
    assert said and all(text.endswith(".") and "toy has no" in text for text in said)


def test_an_empty_run_still_makes_a_report():
    sections = [provenance.section(NOTHING, None, None, "toys"), limits.section(NOTHING), *(s(NOTHING) for s in EACH)]
    page = render(summary.title(NOTHING, None), summary.sentences(NOTHING, None), sections)
    assert "not under version control" in page and "dvc repro" in page and page.count("<h2") == len(sections)


def test_scores_are_those_of_the_metrics():
    run = workspace(ROOT)
    metrics = json.loads((ROOT / "metrics" / "classification.json").read_text())
    table = classification._scores(metrics, ["style", "genre", "artist"])
    row = next(row for row in table.rows if row[0] == "genre: AUC one-vs-one")
    low, high = metrics["genre.auc_ovo_low"], metrics["genre.auc_ovo_high"]
    assert row[1] == f"{metrics['genre.auc_ovo']:.2f} ({low:.2f} to {high:.2f})"
    matrix = classification._confusion(run, "genre")
    assert isinstance(matrix, Matrix)
    cells = pd.read_csv(ROOT / "plots" / "classification" / "confusion_genre.csv")
    assert sum(map(sum, matrix.counts)) == cells["count"].sum() == metrics["genre.val_rows"]
    right = sum(row[i] for i, row in enumerate(matrix.counts))
    assert right / metrics["genre.val_rows"] == pytest.approx(metrics["genre.top1"], abs=1e-4)


def test_shares_of_a_matrix_are_those_of_its_rows():
    cells = pd.DataFrame({"actual": list("aabb"), "predicted": list("abab"), "count": [1, 3, 0, 0]})
    matrix = classification._confusion(run_of({"plots/classification/confusion_style.csv": cells}), "style")
    assert isinstance(matrix, Matrix)
    assert matrix.counts == [[1, 3], [0, 0]] and matrix.shares == [[25, 75], [0, 0]]


def test_baselines_that_are_as_good_are_named_among_the_limits():
    table = pd.DataFrame({"baseline": ["this network", "painter's name", "colour"], "auc_ovo": [0.7, 0.8, 0.6]})
    run = run_of({"plots/classification/baselines_style.csv": table})
    assert classification.beaten_by(run, "style") == ["painter's name (0.80)"]
    metrics = {"metrics/classification.json": {"style.auc_ovo": 0.7, "style.auc_ovo_rows": 8, "style.auc_ovo_units": 1}}
    run = run_of(metrics | {"plots/classification/baselines_style.csv": table})
    said = words(limits.section(run))
    assert "Style: at least as good as the network are painter's name (0.80)." in said
    assert "Style: the AUC of 0.70 rests on 8 works by 1 painter." in said
    assert "Genre: no AUC is defined" in said


def test_clusters_have_the_names_that_people_gave():
    works = pd.DataFrame({"cluster": [1, 1, 2], "rank": [1, 2, 1], "id": ["007", "8", "9"], "title": list("abc")})
    names = "'007': Portraits\n'404': Gone\n"
    run = run_of({similarity.NAMES_FILE: names, "plots/similarity/cluster_works.csv": works})
    assert similarity.cluster_names(run) == {1: "Portraits"}


def test_titles_are_text_whatever_they_hold():
    near = pd.DataFrame(
        {"space": ["image"], "id": ["1"], "title": [HOSTILE], "painter": [HOSTILE], "rank": [1], "score": [0.5]}
        | {"neighbour": ["2"], "neighbour_title": [HOSTILE], "neighbour_painter": [HOSTILE]}
    )
    points = pd.DataFrame({"id": ["1", "2"], "theme": [HOSTILE, "none"], "space": "image", "x": [0, 1], "y": [0, 1]})
    ranked = pd.DataFrame({"rank": [1], "id": ["1"], "title": [HOSTILE], "attribution": [HOSTILE]})
    ranked = ranked.assign(nearest_other_painter=HOSTILE, score=0.1, evidence_other=0.2, evidence_own=0.1)
    folder = "plots/similarity"
    run = run_of(
        {"metrics/similarity.json": {"a": 1}, f"{folder}/neighbours.csv": near, f"{folder}/tsne.csv": points}
        | {f"{folder}/outliers.csv": ranked},
        name=HOSTILE,
    )
    page = render(HOSTILE, [HOSTILE], [similarity.section(run)])
    assert "<img src=x" not in page and "</script>" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 6


def test_a_collection_too_small_to_judge():
    judges = pd.DataFrame({"label": ["same painter"], "description": ["works"], "status": ["not measured: 2 queries"]})
    empty = pd.DataFrame(columns=pd.Index(["judge", "space", "metric", "micro", "low", "high", "macro", "queries"]))
    tables = {"plots/similarity/judges.csv": judges, "plots/similarity/retrieval.csv": empty}
    outliers = {"plots/similarity/outliers.csv": empty, "plots/similarity/differences.csv": ""}
    said = words(similarity.section(run_of({"metrics/similarity.json": {"a": 1}} | tables | outliers)))
    assert "No judge could be measured" in said and "nothing can be checked" in said
    untrained = siamese.section(run_of({"metrics/siamese.json": {"not_trained": "2 works are too few"}}))
    assert "Nothing was trained (2 works are too few)" in words(untrained)


def test_numbers_as_they_are_written():
    assert [number(value) for value in (3, 3.0, -0.001, -0.126, None)] == ["3", "3.00", "0.00", "−0.13", "undefined"]
    assert between(0.5, 0.25, 0.75) == "0.50 (0.25 to 0.75)" and between(0.5, float("nan"), 1.0) == "0.50"
    assert (p_value(0.0162, 0.0162), p_value(0.5, 0.01), p_value(float("nan"))) == ("≤ 0.016", "0.500", "")
    assert (counted(1, "work"), counted(1204, "work")) == ("1 work", "1,204 works")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")


def test_tables_have_as_many_cells_as_columns():
    run = workspace(ROOT)
    for section in (provenance.section(run, None, run, "sample"), cards.model_card(run), cards.data_card(run)):
        for table in section.blocks:
            if isinstance(table, Table):
                assert {len(row) for row in table.rows} == {len(table.columns)}, table.caption


def test_a_collection_of_ones_own_is_not_blamed_for_what_it_cannot_have():
    run = run_of({"metrics/fetch_nga.json": {"source": "own", "images_stored": 40, "images_listed": 41, "problems": 1}})
    assert summary.title(run, "mine") == "Report on mine: 40 works"
    said = words(classification.section(run)) + words(cards.model_card(run)) + words(cards.data_card(run))
    assert "missing=True" not in said and "`artextract predict` names style" in said and "problems.csv" in said
    assert "40 of 41" in words(provenance.section(run, None, None, "mine"))


def test_a_gain_whose_interval_contains_nothing_is_called_none():
    metrics = {"metrics/siamese.json": {"gain.judge": "theme"}, "metrics/gain.json": {"gain": 0.01}}
    keys = {"split": "s2", "judge": "theme", "metric": "p10"}
    attempt = {**keys, "attempt": "siamese", "against": "image", "micro": 0.01, "low": -0.01, "high": 0.03}
    attempts = pd.DataFrame([attempt | {"queries": 30, "p_holm": 0.4, "p_least": 0.01}])
    scores = pd.DataFrame(
        [{**keys, "space": s, "micro": v} for s, v in zip(SPACES, (0.41, 0.4, 0.1, 0.9), strict=True)]
    )
    run = run_of(metrics | {"plots/siamese/attempts.csv": attempts, "plots/siamese/retrieval.csv": scores})
    said = words(siamese.section(run))
    assert "precision@10 is 0.41 in place of 0.40: a gain of 0.010 (−0.010 to 0.030), p 0.400 after Holm" in said
    assert "The interval contains 0: this is no gain." in said
