"""A stage whose DVC is killed ends before it writes anything, at whatever moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artextract.core import declared, parent
from artextract.core.declared import committed_outs_kept
from tests.conftest import ROOT

IMPORTING = """\
import stages  # what follows stands for imports that take seconds
import os, time
from pathlib import Path
Path("pid.new").write_text(str(os.getpid()))
os.rename("pid.new", "pid")
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a stage, which DVC has files in."""
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / "some_stage.py").write_text(IMPORTING)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("DVC_STAGE", raising=False)
    return tmp_path


def holds(checkout: Path, pid: int) -> None:
    """Let DVC's record say that this process runs a stage."""
    held = {"write": {f"{checkout}/data/x": {"pid": pid, "cmd": "dvc repro"}}, "read": {}}
    (checkout / ".dvc/tmp/rwlock").write_text(json.dumps(held))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("case", ["", "a shell that stays", "a worker of the stage"])
def test_a_stage_whose_dvc_is_killed_while_it_imports_ends(checkout: Path, case: str) -> None:
    command = [sys.executable, "some_stage.py"]
    if "shell" in case:
        command = ["sh", "-c", f"{sys.executable} some_stage.py; true"]
    if "worker" in case:  # the stage waits for it, and the worker is looked at
        forked = "import os\nif os.fork():\n    os.wait()\nelse:\n" + textwrap.indent(
            IMPORTING.partition("\n")[2], "    "
        )
        (checkout / "some_stage.py").write_text(f"import stages\n{forked}")
    start = "import json, os, subprocess; "
    start += "json.dump({'write': {'x': {'pid': os.getpid(), 'cmd': 'dvc'}}}, open('.dvc/tmp/rwlock', 'w')); "
    environment = os.environ | {"DVC_STAGE": "some_stage"}
    dvc = subprocess.Popen([sys.executable, "-c", f"{start}subprocess.run({command!r})"], env=environment)
    try:
        assert wait_for((checkout / "pid").exists)
    finally:
        dvc.kill()
        dvc.wait()
    pid = int((checkout / "pid").read_text())
    gone = wait_for(lambda: not alive(pid), 5)
    if not gone:
        os.kill(pid, signal.SIGKILL)
    assert gone


@pytest.mark.slow
def test_a_stage_that_starts_after_its_dvc_was_killed_does_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = subprocess.Popen(["true"])
    killed.wait()
    holds(checkout, killed.pid)
    monkeypatch.setenv("DVC_STAGE", "x")
    late = subprocess.run([sys.executable, "some_stage.py"], capture_output=True, text=True, timeout=30)
    assert late.returncode == 1 and "a DVC that is gone" in late.stderr
    assert not (checkout / "pid").exists()


def test_dvc_is_known_by_its_own_record(checkout: Path) -> None:
    assert parent._dvc() is None  # no record: nothing is known
    holds(checkout, os.getppid())
    assert parent._dvc() == os.getppid()
    holds(checkout, os.getpid())  # another run in the same checkout, which is no ancestor
    assert parent._dvc() == parent.GONE
    (checkout / ".dvc/tmp/rwlock").write_text('{"write": [')  # DVC writes it in place
    assert parent._dvc() is None
    assert parent.checkout_root(str(checkout / "collections/mine")) == str(checkout)


def test_an_orphan_puts_nothing_back(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "dvc.yaml").write_text("stages: {some: {cmd: x, metrics: [m.json: {cache: false}]}}")
    (checkout / "m.json").write_text("{}")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "s"]):
        subprocess.run(["git", *command], check=True)
    (checkout / "m.json").unlink()
    monkeypatch.setattr(declared, "is_orphan", lambda: True)
    with pytest.raises(KeyboardInterrupt), committed_outs_kept("some"):
        raise KeyboardInterrupt
    assert not (checkout / "m.json").exists()
