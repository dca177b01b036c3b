"""`artextract optimise` over real experiments of DVC, with cheap trainings: killed, resumed, compared."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.checkouts import Checkout
from tests.closure import ROOT

pytest.importorskip("optuna", reason="requirements-optimise.txt is not installed")
pytestmark = pytest.mark.slow
# Trains: a curve by epochs, then the metrics; the nearer train.hidden to 96, the better. Evaluates: predictions.
STAGE = """
import json, os, pathlib, sys, time, yaml
import pandas as pd
from artextract.core.parent import end_with_parent
end_with_parent()
name, params = sys.argv[1], yaml.safe_load(open("params.yaml"))
hidden, log = params["train"]["hidden"], os.environ["LOG"]
score = round(0.9 - abs(hidden - 96) / 200, 4)
def note(what):
    with open(log, "a") as file:
        file.write(f"{what} {name} {hidden}\\n")
note("begin")
if name == "train_multitask":
    curve = pathlib.Path("plots/training/auc.csv")
    curve.parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path("data/model").mkdir(parents=True, exist_ok=True)
    pathlib.Path("data/model/net").write_text(str(hidden))
    pathlib.Path("metrics").mkdir(exist_ok=True)
    lines = ["epoch,task,auc"]
    for epoch in range(4):
        lines.append(f"{epoch},style,{score}")
        curve.write_text("\\n".join(lines) + "\\n")
        time.sleep(float(os.environ.get("EPOCH", "0")))
    json.dump({"style_select_auc": score}, open("metrics/train.json", "w"))
else:
    rows = [{"id": f"Style/p{k % 20}_w{k}.jpg", "task": "style", "split": "val", "y_true": k % 2, "stratum": None,
             "group": k, "p_0": 0.9 if (k % 2 == 0) == (k % 10 < 10 * score) else 0.2} for k in range(60)]
    table = pd.DataFrame(rows)
    pathlib.Path("data/evaluation").mkdir(parents=True, exist_ok=True)
    table.assign(p_1=1 - table["p_0"]).to_parquet("data/evaluation/predictions.parquet")
note("end")
"""


@pytest.fixture
def project(tmp_path: Path) -> Checkout:
    """A pipeline of a training and its evaluation, committed."""
    checkout = Checkout(tmp_path / "project")
    folder = checkout.folder
    folder.mkdir()
    checkout.env |= {"PYTHONPATH": str(ROOT / "src"), "LOG": str(tmp_path / "log"), "DVC_NO_ANALYTICS": "1"}
    (folder / "stage.py").write_text(STAGE)
    (folder / "params.yaml").write_text("train: {hidden: 32}\n")
    (folder / "space.yaml").write_text("train.hidden: {choices: [32, 64, 96, 128]}\n")
    training = {"cmd": "python stage.py train_multitask", "params": ["train"], "deps": ["stage.py"]}
    training["outs"] = ["data/model", {"plots/training": {"cache": False}}, {"metrics/train.json": {"cache": False}}]
    judged = {"cmd": "python stage.py evaluate_auc", "deps": ["data/model"], "outs": ["data/evaluation"]}
    stages = {"train_multitask": training, "evaluate_auc": judged}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    checkout.run("git", "init", "-q", "-b", "main")
    checkout.run("dvc", "init", "-q")
    shutil.copy2(ROOT / ".dvc/config", folder / ".dvc/config")
    checkout.run("dvc", "repro", "-q")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "start")
    (tmp_path / "log").unlink()
    return checkout


def command(*words: str) -> list[str]:
    start = [sys.executable, "-m", "artextract", "optimise", "--metric", "style.auc_ovo_select", "--name", "try"]
    return [*start, "--space", "space.yaml", "--min-rows", "2", *words]


def trained(project: Checkout) -> list[str]:
    """What has begun to train and has ended, by its parameter."""
    return [line for line in Path(project.env["LOG"]).read_text().splitlines() if "train" in line]


def experiments(project: Checkout) -> set[str]:
    return set(project.run("dvc", "exp", "list", "--name-only").split())


@pytest.mark.long
def test_killed_and_started_again(project: Checkout):
    """A kill in the midst of a training: that one is trained again, a finished one is not, and nothing is left."""
    before = (project.folder / "params.yaml").read_text()
    with subprocess.Popen(
        command("--trials", "5"), cwd=project.folder, env=project.env | {"EPOCH": "3"}, stdout=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + 300
        while not Path(project.env["LOG"]).exists() or not [x for x in trained(project) if x.startswith("begin")]:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        (before_kill,) = trained(project)
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(5)  # for the training to notice
    assert trained(project) == [before_kill]
    said = project.run(*command("--trials", "5"))
    begun = [line for line in trained(project) if line.startswith("begin")]
    assert len(begun) - 1 == len(set(begun)) == len([line for line in trained(project) if line.startswith("end")])
    assert len(said.split("On validation rows, a: try-start, b: try-")) == 2, said
    table = said.split("On validation rows")[0].split("experiment")[-1]
    rows = [line.split() for line in table.splitlines()[1:] if line.strip()]
    assert len(rows) == 6 and rows == sorted(rows, key=lambda row: -float(row[-2]))
    assert (project.folder / "params.yaml").read_text() == before and not project.run("git", "status", "--short")
    best = rows[0]
    assert best[-1] == "96" and float(best[-2]) == 0.9
    shown = json.loads(project.run("git", "show", f"{_ref(project, best[0])}:metrics/train.json"))
    assert shown == {"style_select_auc": 0.9}
    assert experiments(project) == {row[0] for row in rows if row[1] in ("start", "complete")}
    number = len(trained(project))
    assert project.run(*command("--trials", "5")).count("complete") and len(trained(project)) == number


def _ref(project: Checkout, name: str) -> str:
    refs = project.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    (found,) = [ref for ref in refs if ref.endswith(f"/{name}")]
    return found


def test_a_score_on_validation_rows_is_refused_before_anything_runs(project: Checkout):
    words = [sys.executable, "-m", "artextract", "optimise", "--metric", "style.auc_ovo", "--space", "space.yaml"]
    done = subprocess.run(words, cwd=project.folder, env=project.env, capture_output=True, text=True)
    assert done.returncode == 2 and "measured on validation rows" in done.stderr
    assert not Path(project.env["LOG"]).exists()
