"""The last step of the set-up, and the check of what it left."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.environment import check, finish, web


def test_page_is_named_in_the_local_configuration_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], dict[str, object]]] = []
    monkeypatch.setattr(finish, "plots_page", lambda: "page")
    monkeypatch.setattr(finish, "ROOT", tmp_path)
    monkeypatch.setattr(finish, "TEMPLATE", tmp_path / ".dvc" / "plots.local.html")
    monkeypatch.setattr(subprocess, "run", lambda command, **options: calls.append((command, options)))
    finish.use_plots_page()
    assert (tmp_path / ".dvc" / "plots.local.html").read_text() == "page"
    ((command, options),) = calls
    assert command[1:] == ["-m", "dvc", "config", "--local", "plots.html_template", "plots.local.html"]
    assert options == {"cwd": tmp_path, "check": True}


def test_outside_of_a_virtual_environment_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    for name in ("write_hook", "write_command", "renew_scripts", "renew_activation"):
        monkeypatch.setattr(finish.place, name, lambda *_: pytest.fail("wrote into the system's Python"))
    with pytest.raises(ArtExtractError, match="not that of a virtual environment\nRemedy: make setup"):
        finish.finish()


def test_wrong_packages_are_named(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# comment\nnumpy==0.1\nno-such-package==1.0 --hash=sha256:00\npytest>=1\n")
    wanted = check.pins(requirements)
    assert wanted == {"numpy": "0.1", "no-such-package": "1.0"}
    lines = check.wrong_packages(wanted)
    assert lines[0].startswith("numpy is ") and lines[0].endswith("and 0.1 is pinned")
    assert lines[1] == "no-such-package 1.0 is missing"


def test_the_check_names_an_environment_from_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in check.REQUIREMENTS:
        (tmp_path / name).write_text("")
    prefix = tmp_path / ".venv"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    with pytest.raises(ArtExtractError, match="was not set up to the end"):
        check.check(tmp_path)
    (prefix / check.STAMP).write_text("/old/place/.venv\n")
    with pytest.raises(ArtExtractError, match="made in another place: /old/place"):
        check.check(tmp_path)
    (prefix / check.STAMP).write_text(f"{prefix.resolve()}\n")
    with pytest.raises(ArtExtractError, match="JavaScript parts of the explorer's page are missing"):
        check.check(tmp_path)
    shutil.copytree(web.PAGE, web.parts_folder())
    assert any("0 pinned packages" in line for line in check.check(tmp_path))
