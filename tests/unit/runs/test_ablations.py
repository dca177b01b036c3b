from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.params.reading import read_params
from artextract.runs import ablations as experiments

ROOT = Path(__file__).resolve().parents[3]


def test_every_ablation_names_parameters_that_exist() -> None:
    params = read_params(ROOT / "params.yaml").model_dump()
    for name, changes in experiments.read_ablations(ROOT / "profiles/ablations.yaml").items():
        for change in changes:
            section, _, key = change.split("=")[0].partition(".")
            assert not key or key in params[section], (name, change)


def test_commands_put_the_single_change_last(tmp_path: Path) -> None:
    profile = tmp_path / "p.args"
    profile.write_text("-S a.b=1  # a remark\n-S c=2\n")
    (command,) = experiments.queue_commands(profile, {"x": ["a.b=3", "d=4"]}, ["e=5"], "run")
    expected = "dvc exp run --queue --name run-x -S a.b=1 -S c=2 -S e=5 -S a.b=3 -S d=4 evaluate_auc"
    assert command == expected.split()


def test_changes_of_all_experiments_come_first(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("x: [a.b=2]\nall: [a.b=1, c=3]\ny: []\n")
    assert experiments.read_ablations(path) == {"x": ["a.b=1", "c=3", "a.b=2"], "y": ["a.b=1", "c=3"]}


@pytest.mark.parametrize("text", ["", "a: b", "- x", "a: [b]", "a: [1]", "all: [a=b]", "all: a=b\nx: [c=d]"])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(ArtExtractError, match=r"list\.yaml"):
        experiments.read_ablations(path)
    with pytest.raises(ArtExtractError, match="no such"):
        experiments.read_profile(tmp_path / "absent.args")


def shown(name: str, metrics: dict[str, Any] | None) -> dict[str, Any]:
    data = {"metrics": None if metrics is None else {"metrics/x.json": {"data": metrics}}}
    return {"name": name, "revs": [{"data": data}]}


def test_finished_experiments_of_a_prefix() -> None:
    listing = [
        {"rev": "workspace", "experiments": None},
        {"rev": "a", "experiments": [shown("w-one", {"k": 1}), shown("w-queued", None), shown("v-two", {"k": 2})]},
        {"rev": "c", "experiments": [shown("w-running", {"k": 4}) | {"executor": {"state": "running"}}]},
        {"rev": "b", "experiments": [shown("w-three", {"k": 3}), {"name": "w-failed", "revs": []}]},
    ]
    assert experiments.finished(listing, "w") == {
        "one": {"metrics/x.json": {"k": 1}},
        "three": {"metrics/x.json": {"k": 3}},
    }
    assert experiments.parameters(listing, "w") == {"one": {}, "three": {}}
    listing[1]["experiments"][0]["revs"][0]["data"]["params"] = {"params.yaml": {"data": {"lr": 0.1}}}
    assert experiments.parameters(listing, "w") == {"one": {"lr": 0.1}, "three": {}}


def test_scores_take_the_stratified_auc_where_there_is_one() -> None:
    files = {
        "metrics/classification.json": {
            "style.auc_ovo": 0.9,
            "style.auc_ovo_stratified": 0.8,
            "genre.auc_ovo": 0.7,
        },
        "metrics/train.json": {"style_select_auc": 0.5, "genre_select_auc": 0.7},
    }
    row = experiments.scores(files)
    assert (row["style"], row["genre"], row["select"]) == (0.8, 0.7, 0.6) and np.isnan(row["artist"])


def predictions(quality: float, ids: str = "") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for task in TASKS:
        y = np.arange(60) % 3
        p = rng.random((60, 3)) + quality * np.eye(3)[y]
        part = pd.DataFrame({f"p_{k}": p[:, k] / p.sum(1) for k in range(3)})
        names = [f"{ids}{i}" for i in range(60)]
        parts.append(part.assign(id=names, task=task, split="val", y_true=y, stratum=None, group=np.arange(60)))
        parts[-1]["painter"] = names
    return pd.concat(parts, ignore_index=True)


def test_a_better_run_has_a_positive_difference() -> None:
    found = experiments.differences(predictions(0.2), predictions(2.0), min_rows=5)
    assert found["task"].tolist() == list(TASKS) and (found["low"] > 0).all()
    other = experiments.differences(predictions(0.2), predictions(2.0, "x"), min_rows=5)
    texts = experiments.as_text({"better": found, "elsewhere": other})
    assert all(text.startswith("+") and "(+" in text and text.endswith(" *") for text in texts["better"].values())
    assert texts["elsewhere"] == dict.fromkeys(TASKS, "other rows")
    rows = {"a": {"style": 0.5, "genre": 0.25, "artist": float("nan"), "select": 1.0}}
    lines = experiments.markdown(rows, {"a": {"style": "+1"}}, "base").splitlines()
    assert lines[2] == "| a | 0.5000 | 0.2500 | nan | 1.0000 | +1 |  |  |"
    assert all(line.count("|") == 9 for line in lines)


def test_stars_are_corrected_for_all_experiments() -> None:
    """p = .02 is a difference alone, and none among twenty."""
    row = {"difference": 0.01, "low": 0.002, "high": 0.02, "p": 0.02, "task": "style", "score": "auc_ovo"}
    one = pd.DataFrame([row], columns=pd.Index(experiments.COLUMNS))
    assert experiments.as_text({"a": one})["a"]["style"] == "+0.0100 (+0.0020 to +0.0200) *"
    many = experiments.as_text({str(k): one for k in range(20)})
    assert {texts["style"] for texts in many.values()} == {"+0.0100 (+0.0020 to +0.0200)"}
