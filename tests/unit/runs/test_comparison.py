from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from artextract.classification.evaluation.prediction_table import of_task, predictions_table
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.measures import auc
from artextract.measures.bootstrap import holm
from artextract.runs.comparison import COLUMNS, compare, printed, with_holm
from tests.toys import CLASSES, NAMES

N = 36
PLAIN = ["auc_ovo", "balanced_accuracy", "top1"]


def collection(strata: bool = False, n: int = N) -> pd.DataFrame:
    """An index of validation rows, a few of them select, in groups of two."""
    index = pd.DataFrame({"id": [f"p{i:02d}" for i in range(n)], "group": np.arange(n) // 2})
    index["stratum"] = pd.array(["tall" if i % 3 else "wide" for i in range(n)] if strata else [None] * n, "string")
    for task, classes in CLASSES.items():
        index[task] = pd.array([i % classes for i in range(n)], dtype="Int64")
        index[f"{task}_split"] = pd.array(["val" if i < n - 6 else "select" for i in range(n)], dtype="string")
    return index


def run(index: pd.DataFrame, seed: int, skill: float) -> pd.DataFrame:
    """Predictions of a run: noise, and the true class the more likely the greater its skill."""
    rng = np.random.default_rng(seed)
    n, rows = len(index), range(len(index))
    probabilities = {}
    for task, classes in CLASSES.items():
        powers = np.exp(rng.normal(size=(n, classes)) + skill * np.eye(classes)[index[task].to_numpy(dtype=int)])
        probabilities[task] = powers / powers.sum(1, keepdims=True)
    tables = [predictions_table(index, rows, probabilities, split) for split in ("val", "select")]
    return pd.concat(tables, ignore_index=True)


def against(a: pd.DataFrame, b: pd.DataFrame, seed: int = 0, blocks: int = 100) -> pd.DataFrame:
    return compare(a, b, min_rows=3, blocks=blocks, seed=seed)


def test_a_run_does_not_differ_from_itself() -> None:
    one = run(collection(strata=True), 0, 1.0)
    table = against(one, one.sample(frac=1, random_state=0))  # the order of the rows plays no part
    assert (table["a"] == table["b"]).all() and table["a"].between(0.2, 0.99).all()
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)


def test_rows_and_columns_of_the_comparison() -> None:
    table = against(run(collection(), 0, 0.5), run(collection(), 1, 0.5))
    assert table.columns.tolist() == COLUMNS
    assert table[["task", "score"]].values.tolist() == [[task, score] for task in TASKS for score in PLAIN]
    stratified = against(run(collection(True), 0, 0.5), run(collection(True), 1, 0.5))
    assert stratified["score"].tolist() == ["auc_ovo", "auc_ovo_stratified", "balanced_accuracy", "top1"] * len(TASKS)


def test_scores_are_those_of_the_evaluation() -> None:
    one, two = run(collection(True), 0, 0.5), run(collection(True), 1, 1.5)
    table = against(one, two).set_index(["task", "score"])
    for task in TASKS:
        for column, run_table in (("a", one), ("b", two)):
            t = of_task(run_table, task, NAMES[task])
            every, ones = list(range(len(t.classes))), auc.ones(len(t.y))
            expected = {
                "auc_ovo": auc.macro_ovo(t.y, t.p, every, ones),
                "auc_ovo_stratified": auc.macro_ovo(t.y, t.p, every, ones, t.strata),
                "balanced_accuracy": auc.balanced_accuracy(t.y, t.p, every, ones),
                "top1": auc.top1(t.y, t.p, ones),
            }
            for name, value in expected.items():
                assert table.loc[(task, name), column] == pytest.approx(value[0])
    np.testing.assert_allclose(table["difference"], table["b"] - table["a"])


@pytest.mark.parametrize("better", ["a", "b"])
def test_a_run_that_is_better_on_every_row_is_significantly_better(better: str) -> None:
    good, bad = run(collection(), 0, 50.0), run(collection(), 0, -50.0)  # always right, never right
    table = against(bad, good) if better == "b" else against(good, bad)
    assert (table["low"] == table["high"]).all()  # the same in every draw
    assert (table["low"] == (1 if better == "b" else -1)).all()


@pytest.mark.slow
@settings(max_examples=5)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_turning_the_comparison_round_turns_the_signs(one: int, two: int) -> None:
    a, b = run(collection(True), one, 0.5), run(collection(True), two, 1.0)
    there, back = against(a, b), against(b, a)
    np.testing.assert_allclose(back["difference"], -there["difference"])
    np.testing.assert_allclose(back["low"], -there["high"])
    np.testing.assert_allclose(back["high"], -there["low"])
    assert (there["low"] <= there["high"]).all()
    pd.testing.assert_frame_equal(there, against(a, b))


def test_the_interval_is_that_of_the_t_test_over_groups() -> None:
    """Top-1 with groups of two: the difference is the mean over groups, whose t test is the textbook's."""
    a, b = run(collection(), 0, 0.5), run(collection(), 1, 1.5)
    a, b = (t.assign(painter="p" + t["group"].astype(str)) for t in (a, b))
    table = against(a, b)
    found = table[(table["task"] == "style") & (table["score"] == "top1")].to_dict("records")[0]
    one, two = (of_task(t, "style", NAMES["style"]) for t in (a, b))
    gain = (two.p.argmax(1) == two.y).astype(float) - (one.p.argmax(1) == one.y)
    of_groups = pd.Series(gain).groupby(one.unit).mean()
    test: Any = stats.ttest_1samp(of_groups, 0)
    np.testing.assert_allclose([found["low"], found["high"]], test.confidence_interval(0.95))
    assert found["p"] == pytest.approx(test.pvalue)
    assert (found["rows"], found["units"]) == (30, 15)


def test_the_unit_is_the_painter_and_for_artist_the_group() -> None:
    a, b = (t.assign(painter="one") for t in (run(collection(), 0, 0.5), run(collection(), 1, 1.5)))
    table = against(a, b)
    style, artist = (table[table["task"] == task] for task in ("style", "artist"))
    assert style["units"].tolist() == [1, 1, 1] and style["low"].isna().all()
    assert artist["units"].tolist() == [15, 15, 15] and artist["low"].notna().all()


def test_p_values_are_corrected_for_every_comparison() -> None:
    a, b = run(collection(), 0, 0.5), run(collection(), 1, 1.0)
    table = against(a, b)
    np.testing.assert_allclose(table["p_holm"], holm(table["p"].to_numpy()))
    assert printed(table).startswith("9 comparisons; p_holm is corrected for all of them (Holm)")
    undefined = table.assign(p=table["p"].where(table["score"] == "top1"))
    corrected = with_holm(undefined)
    np.testing.assert_array_equal(corrected["p_holm"].notna(), undefined["p"].notna())
    np.testing.assert_allclose(corrected["p_holm"].dropna(), holm(undefined["p"].dropna().to_numpy()))
    assert printed(corrected).startswith("3 comparisons;")


def test_the_smallest_p_value_is_printed_as_a_bound() -> None:
    good, bad = run(collection(), 0, 50.0), run(collection(), 0, -50.0)
    lines = printed(against(bad, good)).splitlines()[2:]
    assert len(lines) == 9 and all("<=0.0009" in line and line.endswith("yes") for line in lines)
    middle = printed(with_holm(pd.DataFrame([{name: 0.5 for name in COLUMNS}])))
    assert "<=" not in middle and middle.endswith("no")


def test_classes_with_too_few_rows_are_left_out() -> None:
    a, b = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    few = compare(a, b, min_rows=31, blocks=20, seed=0)
    assert set(few["score"]) == {"top1"} and few["difference"].notna().all()  # top-1 is over all rows
    genre = compare(a, b, min_rows=15, blocks=20, seed=0)  # two genres of 15 rows; styles and artists have fewer
    assert genre.loc[genre["score"] == "auc_ovo", "task"].tolist() == ["genre"]


def test_select_rows_play_no_part() -> None:
    one, two = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    assert (one["split"] == "select").sum() == 6 * len(TASKS)
    expected = against(one, two)
    pd.testing.assert_frame_equal(against(one[one["split"] == "val"], two), expected)
    columns = [column for column in two if str(column).startswith("p_")]
    spoilt = two.copy()
    spoilt.loc[spoilt["split"] == "select", columns] = np.nan
    pd.testing.assert_frame_equal(against(one, spoilt), expected)


# --- tables that cannot be compared


def test_other_rows_are_refused() -> None:
    one, two = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    for other in (
        two[two["id"] != "p04"],
        two[(two["id"] != "p04") | (two["task"] != "genre")],
        two.replace("p04", "q"),
    ):
        task = "genre" if (other["id"] == "p04").any() else "style"
        for pair in ((one, other), (other, one)):
            with pytest.raises(ArtExtractError, match=rf"(?s)task {task}: .*differ in the id .*same validation rows"):
                against(*pair)


def test_other_labels_are_refused() -> None:
    one, two = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    changed = (two["id"] == "p07") & (two["task"] == "artist")
    two.loc[changed, "y_true"] = 2 - two.loc[changed, "y_true"] * 2
    with pytest.raises(ArtExtractError, match="task artist: the tables differ in the y_true"):
        against(one, two)


def test_other_numbers_of_classes_are_refused() -> None:
    one, two = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    more = two.copy()
    more.loc[more["task"] == "genre", "p_2"] = 0.0  # null in the other table, which has two genres
    for pair in ((one, more), (more, two)):
        with pytest.raises(ArtExtractError, match="task genre: the runs have different numbers of classes"):
            against(*pair)


def test_other_strata_are_refused() -> None:
    """One run with strata, one without: a stratified score would be compared with a plain one."""
    one, two = run(collection(True), 0, 0.5), run(collection(False), 1, 0.5)
    for pair in ((one, two), (two, one)):
        with pytest.raises(ArtExtractError, match="task style: the tables differ in the stratum"):
            against(*pair)


def test_a_run_that_is_not_finite_is_refused() -> None:
    one, two = run(collection(), 0, 0.5), run(collection(), 1, 0.5)
    two.loc[two.index[3], "p_0"] = np.nan
    with pytest.raises(ArtExtractError, match="not finite"):
        against(one, two)


def test_a_task_without_validation_rows_is_left_out() -> None:
    one, two = (t[t["task"] != "artist"] for t in (run(collection(), 0, 0.5), run(collection(), 1, 0.5)))
    table = against(one, two)
    assert table["task"].unique().tolist() == ["style", "genre"]
    nothing = against(one.iloc[:0], two.iloc[:0])
    assert nothing.columns.tolist() == table.columns.tolist() and not len(nothing)
