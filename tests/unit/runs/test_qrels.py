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
from artextract.data.museum.painters import artist_clusters
from artextract.measures.bootstrap import summarise
from artextract.runs.qrels import export, gallery_rule, qrels_table, works_table
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import cosine_space
from tests.unit.similarity.ranking.dense import dense_judge, whole
from tests.unit.similarity.ranking.test_judges import params, works

EVERYONE = ["artist", "theme", "theme_other_words", "style", "period", "terms", "siblings"]


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
    titles = [" ".join(rng.choice(["sea", "of", "hill", "dog", "boy"], 2)) for _ in range(n)]
    series = pd.Series(["Hours"] * n, dtype="string").where(rng.random(n) < 0.3)
    group = rng.integers(0, n, n)
    return index.assign(
        id=[f"w{i}" for i in range(n)], group=group, object_group=group, sibling_group=rng.integers(0, n // 2, n),
        artist=painters, artist_qualified=qualified, title=titles,
        year=year, series=series,
    )  # fmt: skip


def splits_of(index: pd.DataFrame) -> pd.DataFrame:
    """A split of each kind: a third of the works, two folds, and nothing."""
    row = np.arange(len(index))
    part = np.where(row % 3 == 0, "held_out", "train")
    return pd.DataFrame({"id": index["id"], "s1": part, "s2_fold": row % 2, "s3": "train"})


def excluded_by_the_files(rule: dict, table: pd.DataFrame, query: str) -> list[bool]:
    """The gallery rule of the description, word for word: slow, and not our code."""
    lines = table.assign(painter=table["painter"].fillna("")).to_dict("records")
    own = next(line for line in lines if line["id"] == query)
    left_out = []
    for work in lines:
        alike = any(own[name] != "" and own[name] == work[name] for name in rule["same"])
        alike |= any(set(own[name].split()) & set(work[name].split()) for name in rule["shares"])
        left_out.append(alike or work["id"] in rule["never"] or [query, work["id"]] in rule["pairs"])
    return left_out


@pytest.mark.slow
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
            excluded = whole(judge).excluded[row].tolist()
            assert excluded_by_the_files(rule, table, table["id"][row]) == excluded, judge.key


def test_a_rule_without_a_short_form_lists_pairs():
    excluded = np.eye(5, dtype=bool)
    excluded[1, 3] = True
    judge = dense_judge(np.ones((5, 5), dtype=bool), excluded)
    table = works_table(works(group=[0, 1, 2, 3, 4], object_group=[0, 0, 0, 1, 1]))
    rule = gallery_rule(judge, table)
    assert rule == {"same": ["group"], "shares": [], "never": [], "pairs": [["11", "13"]]}


def test_grades_are_thousandths_rounded_up():
    grade = np.array([[0, 1, 0.5], [0.0001, 0, 0], [0, 0, 0]], dtype=np.float32)
    judge = dense_judge(grade > 0, np.eye(3, dtype=bool), grade)
    table = qrels_table(judge, np.array(["a", "b", "c"]))
    assert table.to_numpy().tolist() == [["a", 0, "b", 1000], ["a", 0, "c", 500], ["b", 0, "a", 1]]
    plain = qrels_table(dense_judge(grade > 0, np.eye(3, dtype=bool)), np.array(["a", "b", "c"]))
    assert plain["grade"].tolist() == [1, 1, 1]


def scored(folder: Path, *vectors: np.ndarray, split: str = "") -> dict[str, list[str]]:
    """What score.py prints, by judge."""
    paths = [folder / f"v{i}.npy" for i in range(len(vectors))]
    for path, array in zip(paths, vectors, strict=True):
        np.save(path, array)
    command = [sys.executable, "-I", folder / "score.py", *paths, *(["--split", split] if split else [])]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines()[1:]}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, dict[str, Judge]]:
    folder, index = tmp_path_factory.mktemp("qrels"), many_works(60, 1)
    titles = unit_rows(np.random.default_rng(1).normal(size=(60, 3)))
    judges, unmeasured = all_judges(index, titles, params())
    export(folder, index, judges, unmeasured, splits_of(index), 10)
    return folder, index, judges


def test_scores_from_the_files_equal_our_own(exported: tuple[Path, pd.DataFrame, dict[str, Judge]]):
    folder, index, judges = exported
    assert set(judges) >= set(EVERYONE)
    vectors = unit_rows(np.random.default_rng(7).normal(size=(len(index), 4)))
    vectors[5] = vectors[9]  # equal similarities: the lower row comes first
    found = scored(folder, vectors)
    assert set(found) == set(judges)
    for key, judge in judges.items():
        queries = judge.queries()
        means = evaluate(cosine_space("v", vectors), judge, queries, 10).mean()
        assert int(found[key][0]) == len(queries)
        expected = [means[name] for name in ("ndcg10", "map", "p10", "rprec", "mrr")]
        tolerance = [0.001 if judge.graded else 6e-5, 6e-5, 6e-5, 6e-5, 6e-5]
        differences = np.abs(np.array(found[key][1:6], dtype=float) - expected)
        assert (differences <= tolerance).all(), (key, found[key], expected)


def test_intervals_from_the_files_are_close_to_our_own(exported: tuple[Path, pd.DataFrame, dict[str, Judge]]):
    folder, index, judges = exported
    vectors = unit_rows(np.random.default_rng(7).normal(size=(len(index), 4)))
    found = scored(folder, vectors)
    for key, judge in judges.items():
        values = evaluate(cosine_space("v", vectors), judge, judge.queries(), 10)[["ndcg10"]]
        row = summarise(values, artist_clusters(index), 10_000, 1).iloc[0]
        assert np.array(found[key][6:], dtype=float) == pytest.approx([row["low"], row["high"]], abs=0.015), key


@pytest.mark.slow
def test_held_out_queries_are_scored_by_the_vectors_of_their_fold(
    exported: tuple[Path, pd.DataFrame, dict[str, Judge]],
):
    folder, index, judges = exported
    rng = np.random.default_rng(8)
    one, other = (unit_rows(rng.normal(size=(len(index), 4))) for _ in range(2))
    theme = judges["theme"]
    values = [evaluate(cosine_space("v", v), theme, theme.queries(), 10)["ndcg10"] for v in (one, other)]
    held = values[0][values[0].index % 3 == 0]
    of_s1 = scored(folder, one, split="s1")["theme"]
    assert int(of_s1[0]) == len(held) and float(of_s1[1]) == pytest.approx(held.mean(), abs=6e-5)
    pooled = pd.concat([v[v.index % 2 == fold] for fold, v in enumerate(values)])
    of_s2 = scored(folder, one, other, split="s2")["theme"]
    assert int(of_s2[0]) == len(pooled) and float(of_s2[1]) == pytest.approx(pooled.mean(), abs=6e-5)
    assert scored(folder, one, split="s3")["theme"] == ["0"]
    with pytest.raises(AssertionError, match="1 arrays are given, 2 are needed"):
        scored(folder, one, split="s2")
    with pytest.raises(AssertionError, match=r"an array does not have the 60 rows of works\.csv"):
        scored(folder, one[:5])


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
    export(tmp_path, index, judges, unmeasured, splits_of(index), 10)
    assert (tmp_path / "theme.qrels").read_bytes() == (folder / "theme.qrels").read_bytes()
    assert (tmp_path / "works.csv").read_bytes() == (folder / "works.csv").read_bytes()
