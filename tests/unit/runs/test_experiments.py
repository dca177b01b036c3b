from __future__ import annotations

import json

import pandas as pd
import pytest

from artextract.runs.experiments import experiments_table, markdown, printed
from tests.command import artextract

METRICS = {
    "metrics/auc.json": {f"{task}.{name}": 0.87654 for task in ("style", "genre", "artist") for name in ("auc", "ci")},
    "metrics/ndcg.json": {"ndcg": 0.5},
    "metrics/gain.json": {"gain": -0.0123, "gain.ci": 0.03},
}


def data(lr: float, hidden: int = 64, *, metrics: bool = True) -> dict:
    params = {"params.yaml": {"data": {"seed": 1, "lr": lr, "train": {"hidden": hidden, "dropout": 0.3}}}}
    return {"params": params, "metrics": {f: {"data": d} for f, d in METRICS.items()} if metrics else {}}


def revision(name: str | None, content: dict | None, rev: str = "a" * 40) -> dict:
    return {"rev": rev, "name": name, "data": content, "error": None, "experiments": None}


def experiment(name: str | None, content: dict | None, state: str | None, rev: str = "b" * 40) -> dict:
    revs = [revision(name, content, rev)]
    return {"revs": revs, "name": name, "executor": None if state is None else {"state": state, "name": "dvc-task"}}


def shown() -> list[dict]:
    """Three finished and two queued experiments."""
    main = revision("main", data(1e-3))
    main["experiments"] = [
        experiment("lr3e4", data(3e-4), "Success"),
        experiment("a-very-long-name-of-an-experiment-that-somebody-gave", data(1e-3, 128), None),
        experiment("both", data(1e-5, 128), "Success"),
        experiment(None, data(1e-2, metrics=False), "Queued", "c" * 40),
        experiment(None, data(3e-2, metrics=False), "Queued", "d" * 40),
    ]
    return [revision(None, data(1e-3), "workspace"), main]


def test_one_row_per_experiment_with_what_was_changed_first():
    table = experiments_table(shown())
    assert list(table)[:4] == ["experiment", "state", "lr", "train.hidden"]
    assert list(table)[4:] == [key for content in METRICS.values() for key in content]
    assert table["experiment"].str.strip().tolist()[:3] == ["workspace", "main", "lr3e4"]
    assert table["experiment"].str.strip().tolist()[-2:] == ["ccccccc", "ddddddd"]
    assert table["state"].tolist() == ["", "", "Success", "", "Success", "Queued", "Queued"]
    assert table["lr"].tolist() == ["0.001", "0.001", "0.0003", "0.001", "1e-05", "0.010", "0.030"]
    assert table["style.auc"].tolist()[-2:] == ["", ""] and table["style.auc"][0] == "0.877"


def test_a_collection_beside_the_sample_changes_no_number():
    """DVC lists its parameters and metrics under the same keys, after those of the repository."""
    revisions, beside = shown(), shown()
    content = beside[0]["data"]  # the working copy's
    content["params"]["collections/mine/params.yaml"] = {"data": {"lr": 9.0, "own": 1}}
    content["metrics"]["collections/mine/metrics/ndcg.json"] = {"data": {"ndcg": 0.9}}
    pd.testing.assert_frame_equal(experiments_table(beside), experiments_table(revisions))


def test_it_fits_120_columns_with_everything_in_it():
    lines = printed(experiments_table(shown())).splitlines()
    assert max(map(len, lines)) <= 120
    for name in ("lr", "train.hidden", "style.auc", "artist.auc", "ndcg", "gain"):
        assert name in lines[0].split()
    assert "Not shown" not in lines[-1] and "0.877 ±0.877" in lines[1] and "-0.012 ±0.030" in lines[1]


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_drops_columns_and_says_which(width: int):
    *lines, last = printed(experiments_table(shown()), width).splitlines()
    assert max(map(len, lines)) <= width
    assert last.startswith("Not shown") and "gain" in last and "lr" in lines[0].split()


def test_lr_is_shown_where_nothing_differs_and_states_only_where_there_are_any():
    table = experiments_table([revision("workspace", data(1e-3)), revision("main", data(1e-3))])
    assert list(table)[:2] == ["experiment", "lr"]
    assert markdown(table).splitlines()[2].startswith("| workspace | 0.001 |")


def test_a_revision_that_cannot_be_read_has_no_values():
    broken = revision("old", None) | {"error": {"type": "X", "msg": "y"}}
    table = experiments_table([revision("workspace", data(1e-3)), broken])
    assert table["state"].tolist() == ["", "error"] and table["lr"].tolist() == ["0.001", ""]


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path):
    monkeypatch.setattr("artextract.runs.ablations.dvc", lambda *words: json.dumps(shown()))
    assert artextract("experiments") == 0
    assert "style.auc" in capsys.readouterr().out
    assert artextract("experiments", "--csv", tmp_path / "e.csv") == 0
    assert (tmp_path / "e.csv").read_text().count("\n") == 8
