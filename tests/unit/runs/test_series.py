"""A search for parameters: resumed, ended early, never by validation rows; and the files that say what may change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("optuna", reason="requirements-optimise.txt is not installed")
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.runs.search_space import as_text, read_space
from artextract.runs.series import (
    METRICS,
    MOST_FAILURES,
    Report,
    Series,
    TrialFailed,
    TrialPruned,
    check_metric,
    run_series,
)
from artextract.runs.trial_run import _Curve, _telling
from tests.closure import ROOT

SPACE = "x: {low: 0.0, high: 1.0}\nn.k: {choices: [a, b]}\n"
PARAMS = "x: 0.9\nn: {k: b, j: [1]}\n"


def a_series(folder: Path, space: str = SPACE, **made_of: str) -> Series:
    (folder / "space.yaml").write_text(space)
    (folder / "params.yaml").write_text(PARAMS)
    found = read_space(folder / "space.yaml", folder / "params.yaml")
    return Series("s", found, 0, folder / "journal.log", made_of)


class Toy:
    """A training whose score is known: the nearer x is to 0.3 and k to "a", the better."""

    def __init__(self, **at: BaseException) -> None:
        self.at, self.names = at, list[str]()

    def __call__(self, name: str, changes: Mapping[str, str], report: Report) -> float:
        self.names.append(name)
        if error := self.at.pop(name.replace("-", "_"), None):
            raise error
        x, k = float(changes.get("x", 0.9)), changes.get("n.k", "b")
        return 1 - abs(x - 0.3) - 0.5 * (k == "b")


def search(series: Series, trials: int, run: Toy) -> pd.DataFrame:
    return run_series(series, trials, run, lambda line: None)


def test_it_finds_something_better_than_the_start_and_names_the_best_first(tmp_path: Path):
    table = search(a_series(tmp_path), 30, Toy())
    assert len(table) == 31 and table["select"].is_monotonic_decreasing
    best, start = table.iloc[0], table[table["experiment"] == "s-start"].iloc[0]
    assert best["n.k"] == "a" and best["select"] > 0.9
    assert start["state"] == "start" and start["select"] == pytest.approx(1 - 0.6 - 0.5) and start["x"] == "0.9"


def test_one_that_was_interrupted_ends_like_one_that_was_not(tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole = search(a_series(tmp_path / "one"), 15, Toy())
    names = []
    for at in ("s_start", "s_001", "s_004", "s_013"):
        toy = Toy(**{at: KeyboardInterrupt()})
        with pytest.raises(KeyboardInterrupt):
            search(a_series(tmp_path / "two"), 15, toy)
        names += toy.names
    toy = Toy()
    pd.testing.assert_frame_equal(search(a_series(tmp_path / "two"), 15, toy), whole)
    names += toy.names
    again = [name for name in set(names) if names.count(name) > 1]
    assert sorted(again) == ["s-001", "s-004", "s-013", "s-start"]  # those under way, and no other


def test_more_trials_go_on_from_where_it_ended(tmp_path: Path):
    search(a_series(tmp_path), 4, Toy())
    toy = Toy()
    table = search(a_series(tmp_path), 6, toy)
    assert len(toy.names) == 2 and len(table) == 7
    assert len(search(a_series(tmp_path), 3, Toy())) == 7


def test_the_same_values_are_not_trained_twice(tmp_path: Path):
    toy = Toy()
    table = search(a_series(tmp_path, "n.k: {choices: [a, b]}\n"), 12, toy)
    assert len(toy.names) == 2 and toy.names[0] == "s-start"  # b is the start's
    same = table[table["state"].str.startswith("as ")]
    assert len(same) == 11 and set(same["state"]) == {"as s-start", f"as {toy.names[1]}"}


def test_a_start_outside_of_the_space_counts_as_the_start_all_the_same(tmp_path: Path):
    series = a_series(tmp_path, "x: {low: 0.0, high: 0.5}\n")
    assert not series.space.holds_start
    table = search(series, 5, Toy())
    assert len(table) == 6 and table.iloc[-1]["experiment"] == "s-start"


def test_a_training_that_does_worse_than_most_is_ended_early(tmp_path: Path):
    ended = []

    def run(name: str, changes: Mapping[str, str], report: Report) -> float:
        score = float(changes.get("x", 0.5))
        for epoch in range(8):
            if report(epoch, score):
                ended.append(score)
                raise TrialPruned
        return score

    table = run_series(a_series(tmp_path, "x: {low: 0.0, high: 1.0}\n"), 20, run, lambda line: None)
    pruned = table[table["state"] == "pruned"]
    assert len(pruned) == len(ended) > 2 and pruned["select"].isna().all()
    finished = table[table["state"] == "complete"]["select"]
    assert max(ended) < finished.max() and len(finished) >= 5


def test_a_failure_is_noted_and_several_in_a_row_end_it(tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    table = search(a_series(tmp_path / "one"), 5, Toy(s_002=TrialFailed("no memory")))
    assert list(table["state"]).count("fail") == 1 and len(table) == 6
    failing = {f"s_{k:03d}": TrialFailed(f"reason {k}") for k in range(1, 6)}
    with pytest.raises(ArtExtractError, match=rf"{MOST_FAILURES} trials in a row.*reason 3"):
        search(a_series(tmp_path / "two"), 9, Toy(**failing))


def test_a_start_that_fails_ends_it(tmp_path: Path):
    with pytest.raises(ArtExtractError, match=r"s-start: the start fails: too few rows"):
        search(a_series(tmp_path), 5, Toy(s_start=TrialFailed("too few rows")))


def test_another_series_of_the_same_name_is_refused(tmp_path: Path):
    search(a_series(tmp_path, metric="a", commit="1"), 1, Toy())
    with pytest.raises(ArtExtractError, match=r"(?s)begun with another commit, metric.*--name"):
        search(a_series(tmp_path, metric="b", commit="2"), 1, Toy())


@pytest.mark.parametrize("metric", METRICS)
def test_scores_on_select_rows_may_be_optimised(metric: str):
    check_metric(metric)


@pytest.mark.parametrize("metric", [f"{task}.{name}" for task in TASKS for name in ("auc_ovo", "top1", "auc")])
def test_scores_on_validation_rows_may_not(metric: str):
    with pytest.raises(ArtExtractError, match=r"(?s)measured on validation rows.*_select"):
        check_metric(metric)


def test_an_unknown_score_is_refused():
    with pytest.raises(ArtExtractError, match=r"no such score: styl\.auc_ovo_select"):
        check_metric("styl.auc_ovo_select")


# --- what may change


def test_the_space_that_comes_with_the_project_holds_the_start():
    space = read_space(ROOT / "profiles/optimise.yaml", ROOT / "params.yaml")
    assert space.holds_start and "train.hidden" in space.distributions


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no keys"),
        ("{}\n", "holds no parameters"),
        ("- x\n", "holds no keys"),
        ("y: {low: 0, high: 1}\n", "no key `y`"),
        ("n: {low: 0, high: 1}\n", "no single value"),
        ("n.j: {choices: [1]}\n", "no single value"),
        ("x: {low: 1.0, high: 0.0}\n", "neither a range nor a list"),
        ("x: {low: 0.0}\n", "neither a range nor a list"),
        ("x: {low: 0.0, high: 1.0, logg: true}\n", "neither a range nor a list"),
        ("x: {choices: []}\n", "neither a range nor a list"),
        ("x: {choices: [[1]]}\n", "neither a range nor a list"),
        ("x: 3\n", "neither a range nor a list"),
        ("x: {low: a, high: b}\n", "neither a range nor a list"),
        ("x: {low: 0.0, high: 1.0, log: true}\n", "neither a range nor a list"),
    ],
)
def test_a_file_that_is_no_space_is_refused(tmp_path: Path, text: str, said: str):
    with pytest.raises(ArtExtractError, match=said):
        a_series(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="no such file"):
        read_space(tmp_path / "none.yaml", ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0012345678, "0.001235"), (1e-05, "1e-05"), (64, "64"), (True, "true"), ("none", "none")]
)
def test_values_as_dvc_takes_them(value: object, text: str):
    assert as_text(value) == text


# --- what a training says while it runs


def test_epochs_are_read_once_and_only_of_the_task(tmp_path: Path):
    (tmp_path / "plots/training").mkdir(parents=True)
    file, style, both = (
        tmp_path / "plots/training/auc.csv",
        _Curve("style.auc_ovo_select"),
        _Curve("mean.auc_ovo_select"),
    )
    assert style.new(tmp_path) == []
    file.write_text("epoch,task,auc\n0,style,0.5\n1,style,0.6\n0,genre,0.9\n1,genre,0.8\n")
    assert style.new(tmp_path) == [(0, 0.5), (1, 0.6)]
    assert both.new(tmp_path) == [(0, pytest.approx(0.7)), (1, pytest.approx(0.7))]
    file.write_text("epoch,task,auc\n0,style,0.5\n1,style,0.6\n2,style,0.65\n")
    assert style.new(tmp_path) == [(2, 0.65)] and style.new(tmp_path) == []
    file.write_text("epoch,task,auc\n0,style,what\n")
    assert style.new(tmp_path) == []


def test_the_line_that_says_most():
    assert _telling([]) == "it said nothing"
    assert _telling(["a", "b"]) == "b"
    assert _telling(["ERROR: failed to run", "after"]) == "ERROR: failed to run"
    assert _telling(["train_multitask: too few rows", "ERROR: failed"]) == "train_multitask: too few rows"
