"""A small run as DVC leaves it: a network from scratch, its scores, and the dvc.lock that holds them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import yaml

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.saved_network import save_model
from artextract.classification.published.provenance import DATA, EVALUATION, MODEL, SCORES, TRAINING, dvc_md5
from artextract.core.tasks import TASKS
from tests.toys import CLASSES, NAMES, toy_params

HEADER = "task,score,value,low,high,rows,units,chance,chance_low,chance_high,p,ceiling,unit\n"
OUTS = {"prepare_artgan": [DATA], "train_multitask": [MODEL, TRAINING], "evaluate_auc": [EVALUATION, SCORES]}


def toy_run(root: Path, seed: int = 0, artgan: dict[str, Any] | None = None, names: Any = NAMES, **train: Any) -> Path:
    """Write a run below ``root`` and return the folder of its network."""
    torch.manual_seed(seed)
    params = toy_params(**train)
    save_model(root / MODEL, MultitaskNet(params.train, CLASSES), names, params.train, "")
    scores = HEADER
    for task, value in zip(TASKS, (0.81, 0.72, 0.63), strict=True):
        scores += f"{task},classes_scored,{CLASSES[task]},,,,,,,,,,\n"
        scores += f"{task},auc_ovo,{value},{value - 0.05},{value + 0.05},90,40,.5,.4,.6,.002,1,painter\n"
    counts = {f"{task}.{part}": 30 for task in TASKS for part in ("train", "select", "val", "guarded")}
    fitted = {"style": {"temperature": 1.5, "abstain_below": 0.4, "rows": 60}, "genre": {"refused": "too few"}}
    for path, text in {
        f"{SCORES}/scores.csv": scores,
        DATA: json.dumps(counts | {"images_stored": 120, "images_listed": 121}),
        TRAINING: json.dumps({"best_epoch": 2}),
        f"{EVALUATION}/calibration.json": json.dumps(fitted),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    write_lock(root, {"artgan": params.artgan.model_dump() | (artgan or {}), "seed": 5, "lr": 1e-3})
    return root / MODEL


def write_lock(root: Path, params: dict[str, Any]) -> None:
    """The dvc.lock of what is below ``root`` now."""
    stages: dict[str, Any] = {
        stage: {
            "params": {"params.yaml": params},
            "deps": [],
            "outs": [{"path": path, "md5": dvc_md5(root / path)} for path in outs],
        }
        for stage, outs in OUTS.items()
    }
    stages["evaluate_auc"]["deps"] = [{"path": MODEL, "md5": dvc_md5(root / MODEL)}]
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def lock_again(root: Path) -> None:
    """The dvc.lock of what is below ``root`` now, with the parameters that it has."""
    lock = yaml.safe_load((root / "dvc.lock").read_text())
    write_lock(root, lock["stages"]["evaluate_auc"]["params"]["params.yaml"])
