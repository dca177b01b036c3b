"""The evaluation of one task: what is scored, against what, and on which rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from artextract.classification.evaluation.baselines import PROBE, Seen
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
PARAMS = Evaluate(min_val_rows=2, bootstrap=20, probe=True)


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
    even = {task: [1.0] * len(CLASSES) for task in TASKS}
    return evaluate_task(task, CLASSES, table, index(), all_splits, even, toy_params().train, params, 0), table


def test_the_scores_are_those_of_the_validation_rows_alone() -> None:
    evaluation, table = evaluated()
    expected, _ = score(of_task(table, "genre", evaluation.classes, "val"), PARAMS, 0)
    assert expected.items() <= evaluation.scores.items()
    assert evaluation.scores["val_rows"] == 24
    assert evaluation.scores["temperature_rows"] == 24  # the temperature comes from the select rows
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


def test_a_report_has_the_files_of_every_task(tmp_path: Path) -> None:
    evaluations = {task: evaluated(task)[0] for task in TASKS}
    write_report(tmp_path, evaluations)
    of_tasks = {f"{name}_{task}.csv" for task in TASKS for name in ("classes", "baselines", "confused", "confusion")}
    figures = {f"confusion_{task}.png" for task in TASKS} | {"roc.png", "reliability.png"}
    assert {path.name for path in tmp_path.iterdir()} == (
        of_tasks | figures | {"roc.csv", "reliability.csv", "scores.csv"}
    )
    assert pd.read_csv(tmp_path / "roc.csv").columns.tolist() == ["task", "fpr", "tpr"]
    confusion = pd.read_csv(tmp_path / "confusion_genre.csv")
    assert confusion.columns.tolist() == ["actual", "predicted", "count", "share"] and len(confusion) == 9
    assert flat_scores(evaluations)["genre.val_rows"] == 24
