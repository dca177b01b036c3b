"""``from artextract import load``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import artextract
from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import code_closure
from tests.published_toys import toy_run
from tests.toys import NAMES, one_thread, painting  # noqa: F401


def test_three_lines(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(painting(0, 1))
    table = artextract.load(toy_run(tmp_path)).predict([tmp_path / "a.jpg"])
    assert len(table) == 1 and table["style"].iloc[0] in NAMES["style"]


def test_what_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ArtExtractError, match="holds no trained network"):
        artextract.load(tmp_path)
    with pytest.raises(ArtExtractError, match="no such folder, and it is no name on the hub"):
        artextract.load("some/where/else")
    with pytest.raises(ArtExtractError, match="and the hub does not give it") as caught:
        artextract.load("nobody/nothing")
    assert "HF_HOME" in str(caught.value.remedy)


def test_the_package_stays_cheap_and_in_no_closure():
    code = "import sys, artextract; print(sorted(set(sys.modules) & {'torch', 'pandas', 'numpy', 'huggingface_hub'}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
    assert set(code_closure("artextract")) == {"artextract"}
