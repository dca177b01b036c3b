from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from artextract.cli import environment
from artextract.core.errors import ArtExtractError
from tests.conftest import ROOT


def test_pth_puts_this_checkout_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"purelib": str(tmp_path)})
    assert environment.write_pth() == tmp_path / "artextract-checkout.pth"
    code = f"import site; site.addsitedir({str(tmp_path)!r}); import artextract; print(artextract.__file__)"
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={}
    )
    assert Path(found.stdout.strip()) == ROOT / "src" / "artextract" / "__init__.py"


def test_page_is_named_in_the_local_configuration_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], dict[str, object]]] = []
    monkeypatch.setattr(environment, "plots_page", lambda: "page")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "TEMPLATE", tmp_path / ".dvc" / "plots.local.html")
    monkeypatch.setattr(subprocess, "run", lambda command, **options: calls.append((command, options)))
    environment.use_plots_page()
    assert (tmp_path / ".dvc" / "plots.local.html").read_text() == "page"
    ((command, options),) = calls
    assert command[1:] == ["-m", "dvc", "config", "--local", "plots.html_template", "plots.local.html"]
    assert options == {"cwd": tmp_path, "check": True}


def test_outside_of_a_virtual_environment_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    for name in ("write_pth", "use_plots_page"):
        monkeypatch.setattr(environment, name, lambda: pytest.fail("wrote into the system's Python"))
    with pytest.raises(ArtExtractError, match="not that of a virtual environment\nRemedy: make setup"):
        environment.set_up()


def test_set_up_does_both(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(sys, "prefix", "/some/venv")
    monkeypatch.setattr(environment, "write_pth", lambda: done.append("pth"))
    monkeypatch.setattr(environment, "use_plots_page", lambda: done.append("page"))
    environment.set_up()
    assert done == ["pth", "page"]
