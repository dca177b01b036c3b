"""Random schedules of runs, kills, damage, edits and losses end like a fresh run; a failure prints its seed.

``SCHEDULE_SEED=17 pytest -m slow tests/test_schedules.py`` plays one again, and so does ``python -m tests.schedules``.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.closure import ROOT


def played(count: int, first: int) -> None:
    """Play schedules in a process of its own, since they fork."""
    command = [sys.executable, "-m", "tests.schedules", str(count), "--first", str(first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-9000:] + done.stderr[-3000:]


@pytest.mark.slow
def test_one_schedule():
    played(1, int(os.environ.get("SCHEDULE_SEED", "0")))


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 1200, 50))
def test_two_hundred_schedules(first: int):
    played(50, first)
