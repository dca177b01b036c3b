"""The committed dvc.lock, metrics, plots and README belong to the committed code and params."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from artextract.params.yaml12 import _YAML12Loader
from artextract.runs.readme_tables import BEGIN, END, report
from tests.closure import ROOT

LOCK = yaml.load((ROOT / "dvc.lock").read_text(), Loader=_YAML12Loader)["stages"]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", list(STAGES))
def test_locked_code_is_the_code_of_this_checkout(name: str):
    """Stage files by their hash, rooms by the hash that DVC gives a folder."""
    code = ("src/", "stages/")
    locked = {dep["path"]: dep["md5"] for dep in LOCK[name]["deps"] if dep["path"].startswith(code)}
    assert set(locked) == {dep for dep in STAGES[name]["deps"] if dep.startswith(code)}
    found = {path: _dvc_directory_md5(ROOT / path) if (ROOT / path).is_dir() else md5(ROOT / path) for path in locked}
    stale = [path for path, digest in locked.items() if found[path] != digest]
    assert not stale, f"`dvc repro` and commit: {name} was last run with other versions of {stale}"


@pytest.mark.parametrize("name", list(STAGES))
def test_locked_params_are_the_committed_ones(name: str):
    params = yaml.load((ROOT / "params.yaml").read_text(), Loader=_YAML12Loader)
    assert LOCK[name]["params"]["params.yaml"] == {key: params[key] for key in STAGES[name]["params"]}


def _committed_files(out: str) -> list[Path]:
    path = ROOT / out
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _dvc_directory_md5(folder: Path) -> str:
    """DVC's hash of a directory: md5 over the JSON list of its files' hashes."""
    import json

    here = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)  # as .dvcignore has it
    files = sorted(here, key=lambda p: p.relative_to(folder).as_posix())
    entries = [{"md5": md5(p), "relpath": p.relative_to(folder).as_posix()} for p in files]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


@pytest.mark.parametrize("name", list(STAGES))
def test_locked_metrics_and_plots_are_the_committed_files(name: str):
    for out in LOCK[name]["outs"]:
        path = ROOT / out["path"]
        if out["path"].startswith(("metrics/", "plots/")):
            assert path.exists(), out["path"]
            found = _dvc_directory_md5(path) if path.is_dir() else md5(path)
            assert found == out["md5"], f"{out['path']} was edited by hand, or dvc.lock was not committed with it"


def test_one_stage_reads_what_another_has_written():
    written = {out["path"]: out["md5"] for stage in LOCK.values() for out in stage["outs"]}
    for name, stage in LOCK.items():
        for dep in stage["deps"]:
            if dep["path"] in written:
                assert dep["md5"] == written[dep["path"]], f"{name}: {dep['path']}"


def test_the_readme_shows_the_committed_metrics():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()
    assert shown == report(ROOT / "metrics").strip(), "renew it with `artextract readme-tables`"
