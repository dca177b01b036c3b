from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.command import artextract
from tests.museum import searchable


def test_command_writes_the_files_and_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    searchable(tmp_path, [f"Title {i}" for i in range(30)])
    data = tmp_path / "data"
    folders = ["--collection", data / "works", "--embeddings", data / "embeddings"]
    assert artextract("qrels", tmp_path / "out", *folders) == 0
    said = capsys.readouterr()
    assert all(Path(line).is_file() for line in said.out.splitlines())
    assert {"works.csv", "artist.qrels", "artist.gallery.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert pd.read_csv(tmp_path / "out" / "splits.csv").columns.tolist() == ["id", "s1", "s2_fold", "s3"]
    assert "30 works, 3 judges" in said.err


def test_without_a_collection_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert artextract("qrels", tmp_path / "out", "--collection", tmp_path) == 2
    assert "no collection is here" in capsys.readouterr().err
