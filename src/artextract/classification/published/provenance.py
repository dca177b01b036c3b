"""The run that a trained network comes from: its parameters, data and scores, held together by dvc.lock."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.readable import readable
from artextract.core.tasks import TASKS

STAGES = ("prepare_artgan", "train_multitask", "evaluate_auc")
MODEL = "data/model"
SCORES = "plots/classification"
DATA = "metrics/prepare_artgan.json"
TRAINING = "metrics/train.json"
EVALUATION = "data/evaluation"


@dataclass(frozen=True)
class Score:
    """A score of one task; None where something is not known.

    Attributes:
        value: The score.
        low: Lower end of its 95% interval.
        high: Upper end.
        rows: Validation rows that it rests on.
        units: How many painters or groups are among these.
        unit: painter or group.
        chance_low: Lower end of the range of chance.
        chance_high: Upper end.
    """

    value: float
    low: float | None
    high: float | None
    rows: int | None
    units: int | None
    unit: str
    chance_low: float | None
    chance_high: float | None


@dataclass(frozen=True)
class Run:
    """What is known of a run that has trained and scored a network.

    Attributes:
        params: Parameters of its three stages, as dvc.lock has them.
        scores: Scores of each task by their names, in the order of plots/classification/scores.csv.
        data: metrics/prepare_artgan.json.
        training: metrics/train.json.
        calibration: data/evaluation/calibration.json.
        md5: DVC's hash of the folder of the network.
    """

    params: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, Score]]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    calibration: Mapping[str, Mapping[str, Any]]
    md5: str


def dvc_md5(path: Path) -> str:
    """DVC's hash of a file or folder, as it is in dvc.lock."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    entries = [{"md5": dvc_md5(path / name), "relpath": name} for name in names]
    return f"{hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest()}.dir"


def read_scores(path: Path) -> dict[str, dict[str, Score]]:
    """The scores in plots/classification/scores.csv."""
    found: dict[str, dict[str, Score]] = {task: {} for task in TASKS}

    def number(text: str) -> float | None:
        return float(text) if text else None

    def count(text: str) -> int | None:
        return int(text) if text else None

    remedy = "`dvc checkout`, or `dvc repro evaluate_auc`"
    with path.open(encoding="utf-8", newline="") as handle, readable(path, "a table of scores", remedy):
        for row in csv.DictReader(handle):
            found[row["task"]][row["score"]] = Score(
                float(row["value"]),
                number(row["low"]),
                number(row["high"]),
                count(row["rows"]),
                count(row["units"]),
                row["unit"],
                number(row["chance_low"]),
                number(row["chance_high"]),
            )
    return found


def read_run(root: Path, model: Path) -> Run:
    """The run that a network comes from.

    Args:
        root: Folder of the pipeline, with dvc.lock, metrics/ and plots/.
        model: Folder of the network; data/model, or a copy of it.

    Raises:
        ArtExtractError: There is no record of a run, or its scores are those of another network.
    """
    try:
        lock = yaml.safe_load((root / "dvc.lock").read_text(encoding="utf-8"))["stages"]
        stages = {name: lock[name] for name in STAGES}
        outs = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
        deps = {dep["path"]: dep["md5"] for dep in stages["evaluate_auc"]["deps"]}
        wanted = {path: outs[path] for path in (SCORES, DATA, TRAINING, EVALUATION)}
    except (OSError, KeyError, TypeError) as error:
        raise ArtExtractError(
            "no record of a run that has trained and scored a network",
            where=str(root / "dvc.lock"),
            remedy="`dvc repro evaluate_auc`",
        ) from error
    md5 = dvc_md5(model)
    if deps.get(MODEL) != md5:
        raise ArtExtractError(
            "the scores of the last run are those of another network",
            where=str(model),
            remedy="`dvc repro evaluate_auc` trains and scores the network of params.yaml; "
            "`dvc checkout` brings back the one that dvc.lock names",
        )
    for path, expected in wanted.items():
        if not (root / path).exists() or dvc_md5(root / path) != expected:
            raise ArtExtractError(
                "is not as the run has left it", where=str(root / path), remedy="`dvc checkout`, or `dvc repro`"
            )
    params: dict[str, Any] = {}
    for stage in stages.values():
        params |= stage["params"]["params.yaml"]
    return Run(
        params,
        read_scores(root / SCORES / "scores.csv"),
        read_json(root / DATA),
        read_json(root / TRAINING),
        read_json(root / EVALUATION / "calibration.json"),
        md5,
    )
