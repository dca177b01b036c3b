"""Opening an embedded collection: what does not belong together is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.search.collection import open_embedded
from tests.museum import searchable


def test_open(tmp_path: Path):
    works = searchable(tmp_path, ["Haystacks", "A Harbour", "A Cow"])
    assert works.vectors("image").shape == (3, 8) and isinstance(works.vectors("title"), np.memmap)
    assert works.identity("image")["name"] == "image network"
    assert works.reader().image(2).size == (80, 50)
    assert works.index["displaydate"].tolist() == ["", "", ""]  # nulls are empty text


def test_record_in_the_metrics_of_the_checkout(tmp_path: Path):
    works = searchable(tmp_path, ["A", "B", "C"])
    (tmp_path / "metrics").mkdir()
    (works.embeddings / "embed_images.json").rename(tmp_path / "metrics" / "embed_images.json")
    assert works.identity("image")["rows"] == 3


def test_missing_things_are_named_with_the_command(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="no collection is here") as caught:
        open_embedded(tmp_path / "none", tmp_path)
    assert "dvc repro" in str(caught.value.remedy) and str(caught.value.where).endswith("none/index.parquet")
    works = searchable(tmp_path, ["A", "B"])
    works.path("image").unlink()
    with pytest.raises(ArtExtractError, match=r"images.npy: the image embedding is missing") as caught:
        works.vectors("image")
    assert caught.value.remedy == "`dvc repro embed_images`"
    (works.embeddings / "embed_titles.json").unlink()
    with pytest.raises(ArtExtractError, match="nothing says which network made the title embedding"):
        works.identity("title")


def test_stale_and_broken_files(tmp_path: Path):
    works = searchable(tmp_path, ["A", "B"])
    np.save(works.path("image"), np.ones((3, 8), dtype=np.float32))
    with pytest.raises(ArtExtractError, match=r"stale: its shape is \(3, 8\), and the index has 2 works"):
        works.vectors("image")
    works.path("image").write_bytes(b"no array")
    with pytest.raises(ArtExtractError, match="not readable as an array"):
        works.vectors("image")
    record = works.embeddings / "embed_titles.json"
    record.write_text(json.dumps({"rows": 174, "dimensions": 8}))
    with pytest.raises(ArtExtractError, match="this record is of 174 x 8 values, the array of 2 x 8"):
        works.identity("title")
    for broken in ("{", "[]", "{}"):
        record.write_text(broken)
        with pytest.raises(ArtExtractError, match=r"not a record of an encoder|not readable as JSON"):
            works.identity("title")


def test_other_tables_are_no_index(tmp_path: Path):
    for content in (pd.DataFrame({"id": ["1"]}), None):
        path = tmp_path / "index.parquet"
        path.write_bytes(b"") if content is None else content.to_parquet(path)
        with pytest.raises(ArtExtractError, match="not an index of a collection"):
            open_embedded(tmp_path, tmp_path)
    works = searchable(tmp_path / "w", ["A"])
    whole = pd.read_parquet(works.folder / "index.parquet")
    whole.iloc[:0].to_parquet(works.folder / "index.parquet")
    with pytest.raises(ArtExtractError, match="the collection is empty"):
        open_embedded(works.folder, works.embeddings)
