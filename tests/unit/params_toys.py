"""Copies of params.yaml with one change each, for the tests of the parameters."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from artextract.core.errors import ArtExtractError
from artextract.params.reading import read_params
from artextract.params.sections import Params
from tests.conftest import ROOT

COMMITTED = ROOT / "params.yaml"


def write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def edited(path: Path, key: str, raw: str) -> Path:
    """Write the committed file with one value replaced by raw YAML text; a dotted key names the section and the key."""
    content = read_params(COMMITTED).model_dump()
    *sections, name = key.split(".")
    inner = content
    for section in sections:
        inner = inner[section]
    inner[name] = "PLACEHOLDER"
    path.write_text(yaml.safe_dump(content).replace("PLACEHOLDER", raw), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ArtExtractError) as caught:
        read_params(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def with_overrides(words: list[str]) -> Params:
    """The parameters after ``dvc exp run`` with these words, written and read as DVC does it."""
    from dvc.utils.hydra import apply_overrides

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "params.yaml")
        shutil.copy(COMMITTED, path)
        apply_overrides(path, words[1::2])
        return read_params(path)
