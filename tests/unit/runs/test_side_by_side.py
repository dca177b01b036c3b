"""Stages side by side: the result is that of `dvc repro`, nothing runs too early, and a failure stays in its arm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from artextract.core.errors import ArtExtractError
from artextract.runs.lock_order import in_order, keys
from artextract.runs.plan import Plan, plan
from artextract.runs.side_by_side import Lines, Outcome
from tests.checkouts import Checkout
from tests.closure import ROOT

ARMS = {"a1": [], "a2": ["a1"], "b1": [], "b2": ["b1"], "b3": ["b1"], "end": ["a2", "b2", "b3"]}
# Writes its out. The two first stages wait for each other: alone, one after the other, they would never end.
STAGE = """
import pathlib, sys, time
name, meets = sys.argv[1], {"a1": "b1", "b1": "a1"}
def note(what):
    with open("../log", "a") as log:
        log.write(f"{what} {name}\\n")
note("begin")
if pathlib.Path("meet").exists() and name in meets:
    until = time.monotonic() + 120
    while f"begin {meets[name]}\\n" not in pathlib.Path("../log").read_text():
        if time.monotonic() > until:
            sys.exit("the other stage was never there")
        time.sleep(0.02)
if pathlib.Path(f"fail_{name}").exists():
    sys.exit(f"{name} says why it failed")
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path(f"out/{name}").write_text(name)
note("end")
"""


def project(folder: Path) -> Checkout:
    """A pipeline of two arms that meet in `end`."""
    stages = {
        name: {"cmd": f"python s.py {name}", "deps": ["s.py", *(f"out/{n}" for n in needs)], "outs": [f"out/{name}"]}
        for name, needs in ARMS.items()
    }
    checkout = Checkout(folder / "project")
    checkout.env |= {"PYTHONPATH": str(ROOT / "src"), "DVC_NO_ANALYTICS": "1"}
    checkout.folder.mkdir(parents=True)
    (checkout.folder / "s.py").write_text(STAGE)
    (checkout.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    checkout.run("git", "init", "-q")
    checkout.run("dvc", "init", "-q")
    shutil.copy2(ROOT / ".dvc/config", checkout.folder / ".dvc/config")
    return checkout


def repro(checkout: Checkout, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "artextract", "repro", *words]
    done = subprocess.run(command, cwd=checkout.folder, env=checkout.env, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def log(checkout: Checkout) -> list[tuple[str, str]]:
    lines = (checkout.folder.parent / "log").read_text().splitlines()
    return [(what, name) for what, name in (line.split() for line in lines)]


@pytest.mark.slow
def test_the_result_is_that_of_dvc_repro(tmp_path: Path):
    serial, parallel = project(tmp_path / "serial"), project(tmp_path / "parallel")
    serial.run("dvc", "repro")
    (parallel.folder / "meet").write_text("")
    status, said = repro(parallel, "--jobs", "2")
    assert status == 0, said
    assert (parallel.folder / "dvc.lock").read_bytes() == (serial.folder / "dvc.lock").read_bytes()
    ours, theirs = ((c.folder / "out/.gitignore").read_text() for c in (parallel, serial))
    assert sorted(ours.split()) == sorted(theirs.split())
    running, ended = set[str](), set[str]()
    for what, name in log(parallel):
        if what == "begin":
            assert set(ARMS[name]) <= ended
            running.add(name)
            assert len(running) <= 2
        else:
            running.discard(name)
            ended.add(name)
    assert ended == set(ARMS)
    assert "[a1] " in said and "[b1] " in said
    assert repro(parallel)[0] == 0 and len(log(parallel)) == 2 * len(ARMS)  # nothing is stale


@pytest.mark.long
def test_a_failure_leaves_the_other_arm_alone(tmp_path: Path):
    checkout = project(tmp_path)
    (checkout.folder / "fail_a2").write_text("")
    (checkout.folder / "fail_b2").write_text("")
    status, said = repro(checkout, "--jobs", "3")
    assert status == 1
    assert "[a2] a2 says why it failed" in said and "[b2] b2 says why it failed" in said
    assert "not run, since they need a stage that failed: end\n" in said
    assert {name for what, name in log(checkout) if what == "end"} == {"a1", "b1", "b3"}
    (checkout.folder / "fail_a2").unlink()
    (checkout.folder / "fail_b2").unlink()
    assert repro(checkout)[0] == 0
    assert [name for what, name in log(checkout) if what == "end"].count("b3") == 1


@pytest.mark.slow
def test_the_plan_of_this_project_has_two_arms(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    found = plan([])
    one, other = (found.after({f"data/sources/dvc.yaml:{name}"}) for name in ("artgan", "nga"))
    assert one & other == {"explorer"}
    assert one | other | {f"data/sources/dvc.yaml:{name}" for name in ("artgan", "nga")} == set(found.needs)
    assert list(plan(["compute_class_weights"]).needs)[-2:] == ["prepare_artgan", "compute_class_weights"]


def test_no_such_stage_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ArtExtractError, match=r"(?s)nowhere.*dvc stage list"):
        plan(["nowhere"])


def test_outside_of_a_repository_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtExtractError, match="not inside of a DVC repository"):
        plan([])


def test_what_comes_after_a_stage():
    needs = {name: frozenset(needed) for name, needed in ARMS.items()}
    found = Plan(needs, dict.fromkeys(needs, "dvc.lock"), ".")
    assert found.after({"b1"}) == {"b2", "b3", "end"}
    assert found.after({"a1", "b2"}) == {"a2", "end"}
    assert found.after({"end"}) == set() == found.after(set())


def test_new_entries_get_the_order_of_the_plan_and_keep_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkout = project(tmp_path)
    monkeypatch.chdir(checkout.folder)
    lock = checkout.folder / "dvc.lock"
    entries = {name: {"cmd": name} for name in ("b1", "zz")}
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": entries}, sort_keys=False))
    needs = {name: frozenset(needed) for name, needed in ARMS.items()}
    found = Plan(needs, dict.fromkeys(needs, str(lock)), str(checkout.folder))
    before = keys(found)
    entries |= {name: {"cmd": name} for name in ("b3", "a2", "a1")}
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": entries}, sort_keys=False))
    in_order(found, before)
    written = yaml.safe_load(lock.read_text())
    assert list(written["stages"]) == ["b1", "zz", "a1", "a2", "b3"] and written["stages"] == entries


def test_output_is_shown_by_whole_lines_and_bars_now_and_then():
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\r\n\n") == ["two"]
    assert lines.feed(b"bar 1\rbar 2\rbar ") == []
    assert lines.feed(b"3\rbar 4\nafter") == ["bar 4"]
    assert lines.feed(b"") == ["after"]
    lines.feed(b"50%\r60")
    lines.shown -= 60
    assert lines.feed(b"%") == ["60%"]
    assert lines.feed(b"\r70%") == []
    assert lines.feed(b"\xff\n") == ["70%�"]


@pytest.mark.parametrize(("outcome", "status"), [(([], []), 0), ((["a"], []), 1), (([], [], True), 130)])
def test_the_exit_status(outcome: tuple, status: int):
    assert Outcome(*outcome).status == status
