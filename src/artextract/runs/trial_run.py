"""One training of a series: an experiment of DVC in a checkout of its own, watched while it runs."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from artextract.core.errors import ArtExtractError
from artextract.core.folders import EXPERIMENTS
from artextract.core.parent import end_with_this_process
from artextract.core.tasks import TASKS
from artextract.runs.series import Report, TrialFailed, TrialPruned

METRICS, CURVE, TRAINING = "metrics/train.json", "plots/training/auc.csv", "train_multitask"
TARGET = "evaluate_auc"
LOOK_EVERY = 0.5  # seconds


@dataclass(frozen=True)
class Trainings:
    """Runs the trainings of a series.

    Attributes:
        metric: One of ``series.METRICS``.
        logs: Folder of what the trainings print.
        changes: ``key=value`` of all of them, before those of the trial.
    """

    metric: str
    logs: Path
    changes: tuple[str, ...] = ()

    def __call__(self, name: str, changes: Mapping[str, str], report: Report) -> float:
        """Run an experiment, unless it has finished before; its select score.

        Args:
            name: Name of the experiment.
            changes: Parameters and their values.
            report: Called with each epoch and its select score; True ends the training.

        Raises:
            TrialFailed: It ended without a score.
            TrialPruned: ``report`` has ended it.
        """
        if not finished(name):
            settings = [*self.changes, *(f"{key}={value}" for key, value in changes.items())]
            words = ["exp", "run", "--temp", "--name", name, *(w for s in settings for w in ("-S", s)), TARGET]
            _run(words, self.logs / f"{name}.log", _Curve(self.metric), report)
        return _score(name, self.metric)


def finished(name: str) -> bool:
    """Whether there is an experiment of this name on the present commit."""
    return subprocess.run(["git", "rev-parse", "-q", "--verify", _ref(name)], capture_output=True).returncode == 0


def _ref(name: str) -> str:
    head = git("rev-parse", "HEAD").strip()
    return f"refs/exps/{head[:2]}/{head[2:]}/{name}"


def git(*words: str) -> str:
    """What a command of git prints.

    Raises:
        ArtExtractError: It fails: there is no repository, no commit.
    """
    done = subprocess.run(["git", *words], capture_output=True, text=True)
    if done.returncode:
        raise ArtExtractError(done.stderr.strip() or "failed", where=f"git {words[0]}")
    return done.stdout


def _score(name: str, metric: str) -> float:
    """The select score in the metrics of a finished experiment."""
    found = json.loads(git("show", f"{_ref(name)}:./{METRICS}"))
    task = metric.partition(".")[0]
    wanted = [f"{task}_select_auc"] if task in TASKS else [f"{t}_select_auc" for t in TASKS]
    values = [found[key] for key in wanted if key in found]
    if not values:
        raise TrialFailed(f"{metric} is not defined: too few select rows, or one class (artgan.select_fraction)")
    return mean(values)


@dataclass
class _Curve:
    """The select scores of a training along its epochs, as it writes them.

    Attributes:
        metric: One of ``series.METRICS``.
        epochs: How many were read so far.
    """

    metric: str
    epochs: int = field(default=0)

    def new(self, checkout: Path) -> list[tuple[int, float]]:
        """Epochs that were not there before, with their scores."""
        task, by_epoch = self.metric.partition(".")[0], dict[int, list[float]]()
        try:
            with (checkout / CURVE).open(newline="") as handle:
                for row in csv.DictReader(handle):
                    if task in (row["task"], "mean"):
                        by_epoch.setdefault(int(row["epoch"]), []).append(float(row["auc"]))
        except (OSError, KeyError, ValueError):  # not written yet
            return []
        found = [(epoch, mean(values)) for epoch, values in sorted(by_epoch.items()) if epoch >= self.epochs]
        self.epochs += len(found)
        return [(epoch, score) for epoch, score in found if math.isfinite(score)]


def _run(words: list[str], log: Path, curve: _Curve, report: Report) -> None:
    """Run DVC, its output in a file; end it where the curve says so.

    Raises:
        TrialFailed: DVC failed.
        TrialPruned: ``report`` has ended it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", *words]
    pruned = False
    with (
        log.open("wb") as handle,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.STDOUT, preexec_fn=end_with_this_process
        ) as process,
    ):
        while process.poll() is None:
            time.sleep(LOOK_EVERY)
            if not pruned and _trains(log) and (checkout := _checkout(process.pid)):
                pruned = any([report(epoch, score) for epoch, score in curve.new(checkout)])
                if pruned:
                    _end_stage(process.pid)
    if process.returncode and pruned:
        raise TrialPruned
    if process.returncode:
        said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise TrialFailed(f"{_telling(said)} ({log})")


def _telling(lines: list[str]) -> str:
    """The line of a log that says most: that of the stage, or the last one."""
    stages = [line for line in lines if line.startswith((f"{TRAINING}: ", f"{TARGET}: ", "compute_class_weights: "))]
    errors = [line for line in lines if "ERROR" in line]
    return next(iter(stages[-1:] + errors[-1:] + lines[-1:]), "it said nothing")


def _trains(log: Path) -> bool:
    """Whether DVC has started the training: before that, the curve is that of the commit."""
    return f"Running stage '{TRAINING}'".encode() in log.read_bytes()


def _checkout(process: int) -> Path | None:
    """The checkout that DVC has made for its experiment, which it works in."""
    import psutil  # comes with DVC

    try:
        here = Path(psutil.Process(process).cwd())
    except psutil.Error:
        return None
    inside = os.sep.join(("", *EXPERIMENTS, ""))
    return here if inside in f"{here}{os.sep}" else None


def _end_stage(process: int) -> None:
    """End what DVC runs, and let DVC itself clear up after it."""
    import psutil

    try:
        children = psutil.Process(process).children(recursive=True)
    except psutil.Error:
        return
    for child in children:
        try:
            child.terminate()
        except psutil.Error:
            continue
