"""Shards of toys for the tests of executors, a fake Slurm, and a small Ray cluster whose nodes can be killed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import Tick


@dataclass(frozen=True)
class Numbers:
    """Some numbers to be squared; what is done is written to a log."""

    name: str
    first: int
    size: int
    log: Path
    trouble: str = ""
    seconds: float = 0.0


def note(log: Path, line: str) -> None:
    """Append a line, whole whatever other processes append."""
    with log.open("a") as handle:
        handle.write(f"{line}\n")


def lines(log: Path) -> list[str]:
    return log.read_text().split() if log.is_file() else []


def square(numbers: Numbers, tick: Tick) -> np.ndarray:
    """The squares (n,); trouble may come before."""
    first = not (marked := numbers.log.with_name(f"{numbers.name}-tried")).exists()
    marked.touch()
    note(numbers.log.with_name("begun"), numbers.name)
    match numbers.trouble:
        case "user":
            raise ArtExtractError("a number is too large", where=numbers.name, remedy="take a smaller one")
        case "bug":
            raise KeyError("numbers")
        case "killed" if first:
            os.kill(os.getpid(), 9)
        case "always killed":
            os.kill(os.getpid(), 9)
        case "slow" if first:
            time.sleep(4)
    for _ in range(numbers.size):
        time.sleep(numbers.seconds / numbers.size)
        tick(1)
    note(numbers.log, numbers.name)
    return np.arange(numbers.first, numbers.first + numbers.size, dtype=np.int64) ** 2


def count(numbers: Numbers, tick: Tick) -> dict[str, Any]:
    """A result that is no array."""
    note(numbers.log, numbers.name)
    return {"size": numbers.size, "first": numbers.first, "folder": os.getcwd()}


def shards(folder: Path, n: int, trouble: dict[int, str] | None = None, seconds: float = 0.0) -> list[Numbers]:
    """n shards of different sizes."""
    troubles = trouble or {}
    return [
        Numbers(f"part-{i:03d}", 100 * i, 1 + i % 4, folder / "log", troubles.get(i, ""), seconds) for i in range(n)
    ]


@dataclass(frozen=True)
class Sums:
    """Sums of rows, so many rows at a time; says in a file who has computed them."""

    rows: np.ndarray
    log: str
    small: np.ndarray = field(default_factory=lambda: np.arange(3))
    each: int = 3
    fails_at: int = -1

    @property
    def blocks(self) -> list[int]:
        return [min(self.each, len(self.rows) - start) for start in range(0, len(self.rows), self.each)]

    def block(self, number: int) -> np.ndarray:
        if number == self.fails_at:
            raise ArtExtractError("a block that cannot be computed", remedy="none")
        note(Path(self.log), f"{number} {os.getpid()} {isinstance(self.rows, np.memmap)}")
        return self.rows[number * self.each : (number + 1) * self.each].sum(axis=1) + self.small.sum()


SBATCH = """#!/bin/sh
# Runs the tasks of an array one after the other, as sbatch --wait would, with the outputs where they are wanted.
echo "$@" >> "$FAKE_SLURM/calls"
for word in "$@"; do
  case $word in
    --array=0-*) last=${word#--array=0-} ;;
    --output=*) output=${word#--output=} ;;
    --chdir=*) cd "${word#--chdir=}" ;;
    --wrap=*) wrap=${word#--wrap=} ;;
  esac
done
echo 4711
status=0
for task in $(seq 0 "$last"); do
  if [ -f "$FAKE_SLURM/kill-$task" ]; then
    rm "$FAKE_SLURM/kill-$task"
    echo "slurmstepd: error: task killed" > "${output%%%a.txt}$task.txt"
    status=137
    continue
  fi
  SLURM_ARRAY_TASK_ID=$task sh -c "$wrap" > "${output%%%a.txt}$task.txt" 2>&1 || status=1
done
exit $status
"""


SCANCEL = """#!/bin/sh
echo "$@" >> "$FAKE_SLURM/cancelled"
"""


def fake_slurm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an sbatch in front of the path; its calls are in the file ``calls`` of the folder that is returned."""
    programs = folder / "slurm"
    programs.mkdir()
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (programs / name).write_text(script)
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(programs))
    return programs


NODE: dict[str, Any] = {"object_store_memory": 80 * 2**20}


@contextmanager
def ray_cluster(folder: Path, monkeypatch: pytest.MonkeyPatch, nodes: int) -> Iterator[Any]:
    """A cluster whose head computes nothing, and some nodes with one processor each.

    Args:
        folder: For what its processes are to find in front of the packages.
        monkeypatch: For the environment of its processes.
        nodes: Number of nodes besides the head.
    """
    pytest.importorskip("ray", reason="ray is not installed (requirements-ray.txt)")
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    # A grammar that jsonschema can do without takes three quarters of the time that each of Ray's processes starts in,
    # and Ray gives up where these need more than 15 s.
    (folder / "in-front").mkdir()
    (folder / "in-front" / "rfc3987_syntax.py").write_text("raise ImportError('left out')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder / "in-front"), os.environ.get("PYTHONPATH", "")]))
    cluster = Cluster()
    try:
        try:
            cluster.add_node(num_cpus=0, include_dashboard=False, **NODE)
            for _ in range(nodes):
                cluster.add_node(num_cpus=1, **NODE)
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            pytest.skip("a node of Ray did not start within Ray's own 15 s: this machine is too busy")
        monkeypatch.setenv("ARTEXTRACT_EXECUTOR", f"ray:{cluster.address}")
        yield cluster
    finally:
        cluster.shutdown()
