"""Trainings by several processes, on toys: the same results as by one, and what happens when one of them is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.closure import ROOT
from tests.tiers import later

# Of losses and weights after three epochs: fp32 sums in another order. AdamW takes a step of full size in the direction
# of a gradient that is mostly rounding, as many are before a batch norm; the gradients themselves are compared below.
TOLERANCE = {"plain": 1e-5, "everything": 5e-3}
KNOBS: dict[str, dict[str, Any]] = {
    "plain": {"dropout": 0.3, "batch_size": 4},
    "everything": {
        "backbone": "small", "crop": 0.3, "mixup": 0.4, "ema": 0.9, "select_by": "auc", "recurrence": "per_task",
        "progressive": 0.4,
    },
}  # fmt: skip
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")


def run(folder: Path, changes: dict[str, Any], size: int, *, kill: str = "", launcher: tuple[str, ...] = ()) -> Any:
    """A finished run of ``tests.group_training``, and what it wrote."""
    folder.mkdir(exist_ok=True)
    own = {"ARTEXTRACT_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    if not launcher:
        own["ARTEXTRACT_PROCESSES"] = str(size)
    command = [sys.executable, "-m", *launcher, "tests.group_training", str(folder), json.dumps(changes), kill]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | own)
    result = folder / "result.pt"
    return done, torch.load(result, weights_only=True) if result.is_file() else None


@pytest.fixture(scope="module", params=["plain", pytest.param("everything", marks=pytest.mark.long)])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def knobs(name: str) -> dict[str, Any]:
    return KNOBS[name]


@pytest.fixture(scope="module")
def by_two(knobs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    done, result = run(tmp_path_factory.mktemp("two"), knobs, 2)
    assert done.returncode == 0, done.stderr
    return result


def assert_same(one: Any, two: Any) -> None:
    assert one["history"] == two["history"]
    assert all(torch.equal(tensor, two["state"][key]) for key, tensor in one["state"].items())


@pytest.mark.slow
@pytest.mark.parametrize("size", [later(1), 3])
def test_any_number_of_processes_gives_the_same_up_to_the_order_of_sums(
    name: str, knobs: dict[str, Any], by_two: Any, tmp_path: Path, size: int
) -> None:
    done, result = run(tmp_path, knobs, size)
    assert done.returncode == 0, done.stderr
    assert [line.keys() for line in result["history"]] == [line.keys() for line in by_two["history"]]
    for one, two in zip(result["history"], by_two["history"], strict=True):
        assert one == pytest.approx(two, abs=TOLERANCE[name])
    for key, tensor in result["state"].items():
        torch.testing.assert_close(tensor, by_two["state"][key], rtol=0, atol=TOLERANCE[name])


@pytest.mark.long
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_all_and_the_next_run_goes_on(
    knobs: dict[str, Any], by_two: Any, tmp_path: Path, victim: int
) -> None:
    done, result = run(tmp_path, knobs, 2, kill=f"{victim}:1")
    assert result is None and done.returncode == (-9 if victim == 0 else 2)
    if victim:
        assert "another process of this training has ended" in done.stderr
    kept = torch.load(tmp_path / "last.pt", weights_only=True)
    assert [line["epoch"] for line in kept["history"]] == [0]
    done, result = run(tmp_path, knobs, 2)
    assert done.returncode == 0, done.stderr
    assert_same(result, by_two)


@pytest.mark.slow
def test_gradients_and_statistics_behind_batch_norms_are_those_of_the_whole_batch() -> None:
    own = {"ARTEXTRACT_PROCESSES": "2", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-m", "tests.group_gradients"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | own)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["gradients"] < 1e-12 and found["statistics"] < 1e-12
    assert found["unshared"] > 1e-3  # without the sums over processes they are others


@pytest.mark.long
def test_torchrun_starts_the_same_training(knobs: dict[str, Any], by_two: Any, tmp_path: Path) -> None:
    done, result = run(tmp_path, knobs, 2, launcher=TORCHRUN)
    assert done.returncode == 0, done.stderr
    assert_same(result, by_two)


@pytest.mark.slow
def test_a_process_that_cannot_begin_is_named(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "if os.environ.get('RANK'): sys.exit(7)\n"
        "from artextract.classification.network.group import training_group\n"
        "with training_group(): pass\n"
    )
    own = {"ARTEXTRACT_PROCESSES": "2", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | own)
    assert "process 1 of 2 ended with status 7 before the training began" in done.stderr
