"""Judges written as files, and read again by programs that know nothing of ours."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.runs.qrels import export, gallery_rule, qrels_table, works_table
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import cosine_space
from tests.unit.similarity.ranking.test_judges import params, works

EVERYONE = ["artist", "theme", "style", "period", "terms", "siblings"]


def many_works(n: int, seed: int) -> pd.DataFrame:
    """A collection of n works in which every column of the judges has gaps."""
    rng = np.random.default_rng(seed)
    toy = works()
    index = toy.iloc[rng.integers(0, len(toy), n)].reset_index(drop=True)

    def sometimes(share: float) -> pd.Series:
        names = pd.Series([f"p{i}" for i in rng.integers(0, n // 4 + 1, n)], dtype="string")
        return names.where(rng.random(n) < share)

    painters, qualified = sometimes(0.7), sometimes(0.2)
    year = np.where(rng.random(n) < 0.8, rng.integers(1600, 1680, n), np.nan)
    series = pd.Series(["Hours"] * n, dtype="string").where(rng.random(n) < 0.3)
    group = rng.integers(0, n, n)
    return index.assign(
        id=[f"w{i}" for i in range(n)], group=group, object_group=group, sibling_group=rng.integers(0, n // 2, n),
        artist=painters, artist_qualified=qualified,
        year=year, series=series,
    )  # fmt: skip


def excluded_by_the_files(rule: dict, table: pd.DataFrame, query: str) -> list[bool]:
    """The gallery rule of the description, word for word: slow, and not our code."""
    lines = table.assign(painter=table["painter"].fillna("")).to_dict("records")
    own = next(line for line in lines if line["id"] == query)
    left_out = []
    for work in lines:
        alike = any(own[name] != "" and own[name] == work[name] for name in rule["same"])
        left_out.append(alike or work["id"] in rule["never"] or [query, work["id"]] in rule["pairs"])
    return left_out


@settings(max_examples=12)
@given(st.integers(0, 10_000))
def test_the_short_rule_leaves_out_what_the_judge_leaves_out(seed: int):
    index = many_works(14, seed)
    titles = unit_rows(np.random.default_rng(seed).normal(size=(14, 2)))
    table = works_table(index)
    for judge in all_judges(index, titles, params(bootstrap=1))[0].values():
        rule = gallery_rule(judge, table)
        assert rule["pairs"] == []
        for row in judge.queries().tolist():
            assert excluded_by_the_files(rule, table, table["id"][row]) == judge.excluded[row].tolist(), judge.key


def test_a_rule_without_a_short_form_lists_pairs():
    excluded = np.eye(5, dtype=bool)
    excluded[1, 3] = True
    judge = Judge(np.ones((5, 5), dtype=bool), excluded)
    table = works_table(works(group=[0, 1, 2, 3, 4], object_group=[0, 0, 0, 1, 1]))
    rule = gallery_rule(judge, table)
    assert rule == {"same": ["group"], "never": [], "pairs": [["11", "13"]]}


def test_grades_are_thousandths_rounded_up():
    grade = np.array([[0, 1, 0.5], [0.0001, 0, 0], [0, 0, 0]], dtype=np.float32)
    judge = Judge(grade > 0, np.eye(3, dtype=bool), grade)
    table = qrels_table(judge, np.array(["a", "b", "c"]))
    assert table.to_numpy().tolist() == [["a", 0, "b", 1000], ["a", 0, "c", 500], ["b", 0, "a", 1]]
    plain = qrels_table(Judge(grade > 0, np.eye(3, dtype=bool)), np.array(["a", "b", "c"]))
    assert plain["grade"].tolist() == [1, 1, 1]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, dict[str, Judge]]:
    folder, index = tmp_path_factory.mktemp("qrels"), many_works(60, 1)
    titles = unit_rows(np.random.default_rng(1).normal(size=(60, 3)))
    judges, unmeasured = all_judges(index, titles, params())
    export(folder, index, judges, unmeasured, pd.DataFrame({"id": index["id"], "s1": "train"}), 10)
    return folder, index, judges


def test_scores_from_the_files_equal_our_own(exported: tuple[Path, pd.DataFrame, dict[str, Judge]]):
    folder, index, judges = exported
    assert set(judges) >= set(EVERYONE)
    vectors = unit_rows(np.random.default_rng(7).normal(size=(len(index), 4)))
    vectors[5] = vectors[9]  # equal similarities: the lower row comes first
    np.save(folder / "v.npy", vectors)
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "score.py"), str(folder / "v.npy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines()[1:]}
    assert set(found) == set(judges)
    for key, judge in judges.items():
        queries = judge.queries()
        means = evaluate(cosine_space("v", vectors), judge, queries, 10).mean()
        assert int(found[key][0]) == len(queries)
        expected = [means[name] for name in ("ndcg10", "map", "p10", "rprec", "mrr")]
        tolerance = [0.001 if judge.grade is not None else 6e-5, 6e-5, 6e-5, 6e-5, 6e-5]
        differences = np.abs(np.array(found[key][1:], dtype=float) - expected)
        assert (differences <= tolerance).all(), (key, found[key], expected)


def test_the_description_names_all_judges_and_the_sums_hold(exported: tuple[Path, pd.DataFrame, dict[str, Judge]]):
    folder, _, judges = exported
    text = (folder / "README.md").read_text()
    assert all(f"| `{key}` | {judge.description} |" in text for key, judge in judges.items())
    assert "* `same_object`: alternate views" in text and "{" not in text
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed >= {"works.csv", "splits.csv", "score.py", "theme.qrels", "theme.gallery.json"}
    about = json.loads((folder / "theme.gallery.json").read_text())
    assert about["queries"] == len(judges["theme"].queries()) and about["reads"] == ["themes"]


def test_a_second_export_has_the_same_bytes(exported: tuple[Path, pd.DataFrame, dict[str, Judge]], tmp_path: Path):
    folder, index, judges = exported
    unmeasured = {"same_object": "alternate views are listed in alternates.csv but not fetched"}
    export(tmp_path, index, judges, unmeasured, pd.DataFrame({"id": index["id"], "s1": "train"}), 10)
    assert (tmp_path / "theme.qrels").read_bytes() == (folder / "theme.qrels").read_bytes()
    assert (tmp_path / "works.csv").read_bytes() == (folder / "works.csv").read_bytes()
