from __future__ import annotations

import sys
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.packages import INSTALL, package_folder
from tests.conftest import ROOT


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site-packages folder with one data package."""
    (tmp_path / "paintings" / "data").mkdir(parents=True)
    (tmp_path / "paintings" / "__init__.py").write_text("raise RuntimeError('its code must not run')")
    info = tmp_path / "paintings-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paintings\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_files_are_found_without_importing_the_package(site: Path) -> None:
    assert package_folder("paintings", "paintings/data") == site / "paintings" / "data"
    assert "paintings" not in sys.modules


def test_absent_package_says_how_to_install_it() -> None:
    with pytest.raises(ArtExtractError, match="the data package no-such-paintings is not installed") as caught:
        package_folder("no-such-paintings", "x")
    assert "make setup" in str(caught.value) and INSTALL in str(caught.value)


def test_package_that_lacks_the_file_is_named_with_it(site: Path) -> None:
    with pytest.raises(ArtExtractError, match="the data package paintings lacks paintings/other") as caught:
        package_folder("paintings", "paintings/other")
    assert str(site / "paintings" / "other") in str(caught.value) and "make setup" in str(caught.value)


def test_install_line_names_a_file_of_this_repository() -> None:
    name = INSTALL.split()[-1]
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert any("--hash=sha256:" in line for line in lines)  # --require-hashes refuses a file without
