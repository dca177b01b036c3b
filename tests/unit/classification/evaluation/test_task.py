"""The evaluation of one task: what is scored, against what, and on which rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.evaluation.baselines import PROBE, Seen, task_baselines
from artextract.classification.evaluation.prediction_table import of_task, predictions_table
from artextract.classification.evaluation.report import flat_scores, write_report
from artextract.classification.evaluation.scores import score
from artextract.classification.evaluation.task import TaskEvaluation, evaluate_task, readable_classes
from artextract.classification.network.inputs import Inputs
from artextract.core.tasks import TASKS
from artextract.params.sections import Evaluate
from tests.toys import toy_params, toy_preprocessing

N, CLASSES = 72, ["Still_Life", "Portrait", "never_seen"]
SPLITS = np.array(["train", "val", "select"])[np.arange(N) // 2 % 3]
PARAMS = Evaluate(min_val_rows=2, blocks=20, permutations=20, abstain_error=0.2, probe=True)
EVEN = {task: [1.0] * len(CLASSES) for task in TASKS}


def index() -> pd.DataFrame:
    """24 rows of each split, two classes by turns, the third without any row; a validation row is a title variant."""
    labels = {task: pd.array(np.arange(N) % 2, dtype="Int64") for task in TASKS}
    splits = {f"{task}_split": pd.array(SPLITS, dtype="string") for task in TASKS}
    ids = [f"Folder/painter-{i % 5}_work{i}.jpg" for i in range(N)]
    ids[2] = ids[0].replace(".jpg", "(1).jpg")
    strata = pd.array(["tall", "wide", "wide"] * (N // 3), dtype="string")
    return pd.DataFrame({"id": ids, "stratum": strata, "group": np.arange(N)} | labels | splits)


def seen(split: str) -> Seen:
    rows = np.flatnonzero(split == SPLITS).tolist()
    features = np.eye(3, dtype=np.float32)[np.array(rows) % 2][:, None]
    return Seen(rows, features[:, 0], Inputs(features, toy_preprocessing(), "abc"))


def evaluated(task: str = "genre", **changes: Any) -> tuple[TaskEvaluation, pd.DataFrame]:
    rng = np.random.default_rng(0)
    tables = []
    for split in ("val", "select"):
        rows = np.flatnonzero(split == SPLITS)
        p = rng.dirichlet(np.ones(3), len(rows)) + np.eye(3)[rows % 2] / 2
        p /= p.sum(axis=1, keepdims=True)
        tables.append(predictions_table(index(), rows.tolist(), dict.fromkeys(TASKS, p), split))
    table = pd.concat(tables, ignore_index=True)
    params = PARAMS.model_copy(update=changes)
    all_splits = {split: seen(split) for split in ("train", "select", "val")}
    return evaluate_task(task, CLASSES, table, index(), all_splits, EVEN, toy_params().train, params, 0), table


def test_the_scores_are_those_of_the_validation_rows_alone() -> None:
    evaluation, table = evaluated()
    expected, _ = score(of_task(table, "genre", evaluation.classes, "val"), PARAMS, 0)
    assert expected.items() <= evaluation.scores.items()
    assert evaluation.scores["val_rows"] == 24
    assert evaluation.scores["temperature_rows"] == 24  # the temperature would come from the select rows
    assert "24 select rows are too few" in str(evaluation.fitted.calibration.refused)
    assert evaluation.scores["majority_top1"] == 0.5  # as the training rows are: 12 of each class
    assert evaluation.scores["title_variants"] == 1
    assert evaluation.confusion.sum() == 24


def test_every_class_has_a_row_in_the_tables() -> None:
    evaluation, _ = evaluated()
    assert evaluation.classes == ["Still Life", "Portrait", "never seen"]
    assert evaluation.tables["classes"]["class"].tolist() == evaluation.classes
    assert len(evaluation.tables["confusion"]) == 9
    assert len(evaluation.curves.classes.columns) == 2  # the third class has no validation row to be scored on


@pytest.mark.parametrize("probe", [True, False])
def test_the_probe_is_a_baseline_and_its_predictions_are_kept(probe: bool) -> None:
    evaluation, table = evaluated(probe=probe)
    assert (PROBE in evaluation.tables["baselines"]["baseline"].tolist()) == probe
    assert len(evaluation.probe) == (24 if probe else 0)
    if probe:  # its features give the class away
        of_probe = of_task(evaluation.probe, "genre", evaluation.classes)
        assert (of_probe.p.argmax(axis=1) == of_task(table, "genre", evaluation.classes).y).all()


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["Still_Life", "Ukiyo-e"], ["Still Life", "Ukiyo e"]), (["a_b", "a b"], ["a_b", "a b"])],
)
def test_names_stay_as_they_are_where_two_would_become_one(names: list[str], expected: list[str]) -> None:
    assert readable_classes(names) == expected


@pytest.mark.slow
def test_a_report_has_the_files_of_every_task(tmp_path: Path) -> None:
    evaluations = {task: evaluated(task)[0] for task in TASKS}
    write_report(tmp_path, evaluations)
    of_tasks = {f"{name}_{task}.csv" for task in TASKS for name in ("classes", "baselines", "confused", "confusion")}
    names = {f"confusion_{task}" for task in TASKS} | {"roc", "reliability", "risk_coverage"}
    figures = {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
    tables = {"roc.csv", "reliability.csv", "risk_coverage.csv", "label_noise.csv", "scores.csv"}
    assert {path.name for path in tmp_path.iterdir()} == of_tasks | figures | tables
    curve = pd.read_csv(tmp_path / "risk_coverage.csv")
    assert curve.columns.tolist() == ["task", "confidence", "answered", "coverage", "error"]
    assert pd.read_csv(tmp_path / "label_noise.csv").empty  # no file name has two labels here
    assert pd.read_csv(tmp_path / "roc.csv").columns.tolist() == ["task", "fpr", "tpr"]
    confusion = pd.read_csv(tmp_path / "confusion_genre.csv")
    assert confusion.columns.tolist() == ["actual", "predicted", "count", "share"] and len(confusion) == 9
    assert flat_scores(evaluations)["genre.val_rows"] == 24


# --- whatever validation rows are like, what was fitted stays the same


def larger(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Seen]]:
    """Index, predictions and features of 210 works: 70 of each split, so that temperature and threshold are fitted."""
    rng, n = np.random.default_rng(seed), 210
    split = np.array(["train", "val", "select"])[np.arange(n) % 3]
    labels = rng.integers(0, 2, n)
    index = pd.DataFrame({"id": [f"F{i % 4}/painter-{i % 30}_w{i}.jpg" for i in range(n)], "group": np.arange(n)})
    index["stratum"] = pd.array(rng.choice(["tall", "wide"], n), dtype="string")
    for task in TASKS:
        index[task], index[f"{task}_split"] = pd.array(labels, dtype="Int64"), pd.array(split, dtype="string")
    logits = 4 * rng.normal(size=(n, 3)) + 4 * np.eye(3)[labels]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    tables = [
        predictions_table(index, rows, dict.fromkeys(TASKS, p[rows]), name)
        for name in ("val", "select")
        for rows in [np.flatnonzero(split == name).tolist()]
    ]
    features = (rng.normal(size=(n, 1, 4)) + labels[:, None, None]).astype(np.float32)
    both = {}
    for name in ("train", "select", "val"):
        rows = np.flatnonzero(split == name)
        both[name] = Seen(rows.tolist(), features[rows, 0], Inputs(features[rows], toy_preprocessing(), "abc"))
    return index, pd.concat(tables, ignore_index=True), both


def spoilt(
    index: pd.DataFrame, table: pd.DataFrame, both: dict[str, Seen], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Seen]]:
    """The same with other labels, predictions and features of all validation rows but the first, of which the features
    stay: its baselines must not change."""
    rng = np.random.default_rng(seed)
    index, table = index.copy(), table.copy()
    val = table["split"] == "val"
    table.loc[val, "y_true"] = 1 - table.loc[val, "y_true"]
    table.loc[val, ["p_0", "p_1", "p_2"]] = rng.dirichlet(np.ones(3), int(val.sum()))
    for task in TASKS:
        here = (index[f"{task}_split"] == "val").to_numpy(dtype=bool)
        index.loc[here, task] = 1 - index.loc[here, task]
    assert both["val"].inputs is not None
    colours, tokens = both["val"].colours.copy(), np.array(both["val"].inputs.array)
    colours[1:] = 50 * rng.normal(size=colours[1:].shape)
    tokens[1:] = 50 * rng.normal(size=tokens[1:].shape)
    val_seen = Seen(both["val"].rows, colours, Inputs(tokens, both["val"].inputs.preprocessing, "abc"))
    return index, table, both | {"val": val_seen}


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(TASKS))
def test_validation_rows_change_nothing_that_is_fitted(seed: int, task: str) -> None:
    """Neither temperature nor threshold, and no baseline: each is fitted on training rows, and looks at one row."""
    params = PARAMS.model_copy(update={"abstain_error": 0.4})
    before, after = larger(seed), spoilt(*larger(seed), seed)
    train = toy_params().train
    one, two = (
        evaluate_task(task, CLASSES, table, i, both, EVEN, train, params, 0) for i, table, both in (before, after)
    )
    assert one.fitted == two.fitted and one.fitted.calibration.rows == 70
    assert one.scores["val_rows"] == 70 and one.scores["top1"] != two.scores["top1"]
    first, second = (task_baselines(index, task, both, EVEN, train, params, 0) for index, _, both in (before, after))
    assert PROBE in first and "colour histogram" in first
    for name in first:
        np.testing.assert_array_equal(first[name][0], second[name][0], err_msg=name)
    assert (first[PROBE][1:] != second[PROBE][1:]).any()


@pytest.mark.slow
def test_select_rows_do_decide_what_is_fitted() -> None:
    index, table, both = larger(3)
    other = table.copy()
    select = other["split"] == "select"
    other.loc[select, "y_true"] = 1 - other.loc[select, "y_true"]
    one, two = (
        evaluate_task("genre", CLASSES, t, index, both, EVEN, toy_params().train, PARAMS, 0) for t in (table, other)
    )
    assert one.fitted != two.fitted
    assert one.scores["auc_ovo"] == two.scores["auc_ovo"]
