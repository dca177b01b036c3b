"""A stage that is killed at any point, or whose machine loses its power there, is made good by the next run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.closure import ROOT
from tests.crash_points import ORDER, needed

CHEAP = ["prepare_artgan", "compute_class_weights", "fetch_nga"]
COSTLY = [name for name in ORDER if name not in CHEAP]


def tried(*arguments: str) -> str:
    """What a run of the harness says; it is a process of its own, since it forks."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash_points", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def test_stages_that_are_needed_before_another():
    assert needed(["evaluate_auc"]) == ORDER[:4]
    assert needed(["fetch_nga"]) == ["fetch_nga"]


@pytest.mark.slow
def test_some_points_of_the_cheap_stages():
    assert tried(*CHEAP, "--sample", "1", "--power", "odd").count(": 1 of") == len(CHEAP)


@pytest.mark.long
def test_nothing_that_is_kept_is_fetched_twice():
    tried("fetch_nga", "--served", "--sample", "60", "--power", "odd")


@pytest.mark.long
def test_many_points_of_the_cheap_stages():
    tried(*CHEAP, "--sample", "60", "--power", "odd")  # all of them take half an hour


@pytest.mark.long
def test_some_points_of_the_other_stages():
    tried(*COSTLY, "--sample", "4", "--power", "odd")
