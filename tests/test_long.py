"""Tests that take minutes: a run that is killed at random moments must end like an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest
import yaml

from tests.checkouts import Checkout, copy_of_this_checkout

pytestmark = pytest.mark.long
KILLS = 6


def kill_after(project: Checkout, seconds: float, *, of_a_stage: bool = False) -> bool:
    """Start ``dvc repro`` and kill DVC itself but not its stage; return True if DVC was still running.

    Args:
        project: The checkout.
        seconds: When to kill it.
        of_a_stage: Count from the moment when the first stage has begun, which still imports then.
    """
    process = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.folder,
        env=project.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while of_a_stage and not stages_alive(project) and process.poll() is None:
            time.sleep(0.005)
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True


def stages_alive(project: Checkout) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    alive = [line for line in listed.splitlines() if "-m stages." in line]
    return [line for line in alive if os.path.realpath(f"/proc/{line.split()[0]}/cwd") == str(project.folder)]


def test_kills_at_random_moments_end_like_an_undisturbed_run(tmp_path):
    project = copy_of_this_checkout(tmp_path)
    committed = yaml.safe_load((project.folder / "dvc.lock").read_text())
    undisturbed = project.run("dvc", "repro") and yaml.safe_load((project.folder / "dvc.lock").read_text())
    other = copy_of_this_checkout(tmp_path / "killed")
    moments = random.Random(1)
    killed = 0
    for kill in range(KILLS):
        early = bool(kill % 2)
        killed += kill_after(other, moments.uniform(0, 0.6) if early else moments.uniform(2, 25), of_a_stage=early)
        deadline = time.monotonic() + 5
        while stages_alive(other) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not stages_alive(other), "a stage outlived DVC"
    assert killed >= 3
    other.run("dvc", "repro")
    after = yaml.safe_load((other.folder / "dvc.lock").read_text())
    assert after == undisturbed
    assert set(after["stages"]) == set(committed["stages"])
    leftovers = [p for p in (other.folder.parent / "cache" / "scratch").iterdir() if p.is_dir() and any(p.iterdir())]
    assert not [p for p in leftovers if p.name.startswith("train_multitask")]
