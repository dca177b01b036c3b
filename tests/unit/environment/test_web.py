"""The JavaScript parts of the explorer's page: installed once, and a failure says what to do."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from artextract.core import web_parts
from artextract.core.errors import ArtExtractError
from artextract.environment import web


class Npm:
    """Stands in for npm: makes node_modules, or fails."""

    def __init__(self, fails: str = ""):
        self.calls: list[list[str]] = []
        self.fails = fails

    def __call__(self, command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        self.calls.append(command)
        (cwd / "node_modules" / "d3").mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, bool(self.fails), "", self.fails)


def test_parts_are_installed_once_and_again_with_another_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page, folder, npm = tmp_path / "page", tmp_path / "env" / "web", Npm()
    page.mkdir()
    monkeypatch.setattr(web.subprocess, "run", npm)
    for name in web.NAMES:
        (page / name).write_text("{}")
    assert web.install(page, folder) and not web.install(page, folder)
    assert web.is_installed(page, folder) and (folder / "node_modules/d3").is_dir()
    command = npm.calls[0]
    assert command[2:4] == ["ci", "--ignore-scripts"] and command[0].endswith("bin/node")
    (page / web.LOCK).write_text('{"changed": true}')
    assert not web.is_installed(page, folder) and web.install(page, folder) and len(npm.calls) == 2


def test_without_a_network_it_says_what_to_do_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(web.subprocess, "run", Npm("npm error network request failed"))
    with pytest.raises(ArtExtractError, match=r"network request failed(.|\n)*Remedy: check the network"):
        web.install(folder=tmp_path / "web")
    assert not web.is_installed(folder=tmp_path / "web")


def test_the_lock_pins_versions_and_names_no_registry():
    lock = json.loads((web.PAGE / web.LOCK).read_text())
    wanted = json.loads((web.PAGE / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        entry = lock["packages"][f"node_modules/{name}"]
        assert re.fullmatch(r"[\d.]+", version) and entry["version"] == version and entry["integrity"]
    assert "resolved" not in (web.PAGE / web.LOCK).read_text()


def test_a_part_that_is_missing_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web_parts, "parts_folder", lambda: tmp_path)
    with pytest.raises(ArtExtractError, match=r"d3 is not installed(.|\n)*make setup"):
        web_parts.part("d3", "dist/d3.min.js")
