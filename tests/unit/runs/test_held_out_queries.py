from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.runs.held_out_queries import all_works, read_split, siamese_values

INDEX = pd.DataFrame({"id": list("abcdef")})
SPLITS = pd.DataFrame(
    {
        "id": list("abcdef"),
        "s1": ["train", "select", "held_out", "train", "held_out", "train"],
        "s2_fold": [0, 1, 0, 1, 2, 2],
        "s3": ["held_out", "train", "train", "train", "train", "select"],
    }
)
VALUES = pd.DataFrame(
    {
        "split": ["s1"] * 4 + ["s3"],
        "judge": ["theme"] * 4 + ["theme"],
        "space": ["siamese", "siamese", "siamese", "image", "siamese"],
        "id": ["e", "c", "c", "c", "a"],
        "painter": 0,
        "ndcg10": [0.1, 0.2, 0.4, 0.9, 0.5],
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    SPLITS.to_parquet(tmp_path / "splits.parquet")
    VALUES.to_parquet(tmp_path / "values.parquet")
    return tmp_path


def test_all_works_are_queries_and_may_be_learnt_from():
    (part,) = all_works(3)
    assert part.queries.tolist() == part.known.tolist() == [0, 1, 2]


def test_parts_of_every_split(folder: Path):
    (works,) = read_split(folder, "s1", INDEX)
    assert works.queries.tolist() == [2, 4] and works.known.tolist() == [0, 1, 3, 5]
    folds = read_split(folder, "s2", INDEX)
    assert [fold.queries.tolist() for fold in folds] == [[0, 2], [1, 3], [4, 5]]
    assert all(not set(fold.known) & set(fold.queries) for fold in folds)
    (titles,) = read_split(folder, "s3", INDEX)
    assert titles.queries.tolist() == [0]


def test_what_is_wrong_with_a_split_is_said(folder: Path, tmp_path: Path):
    with pytest.raises(ArtExtractError, match="there is no split s4"):
        read_split(folder, "s4", INDEX)
    with pytest.raises(ArtExtractError, match="another index"):
        read_split(folder, "s1", INDEX.iloc[::-1])
    with pytest.raises(ArtExtractError, match=r"none/splits\.parquet: there is no such file"):
        read_split(tmp_path / "none", "s1", INDEX)
    (folder / "splits.parquet").write_bytes(b"no table")
    with pytest.raises(ArtExtractError, match="not readable as a table"):
        read_split(folder, "s1", INDEX)


def test_values_of_siamese_are_averaged_over_trainings(folder: Path):
    found = siamese_values(folder, "s1", INDEX, {"theme": np.array([2, 4])})
    assert list(found) == [("theme", "siamese")]
    values = found["theme", "siamese"]["ndcg10"]
    assert values.index.tolist() == [2, 4] and values.tolist() == pytest.approx([0.3, 0.1])
    assert siamese_values(folder, "s2", INDEX, {}) == {}


def test_values_of_other_queries_are_refused(folder: Path):
    with pytest.raises(ArtExtractError, match="queries of judge theme in split s1 are not those"):
        siamese_values(folder, "s1", INDEX, {"theme": np.array([2])})
    with pytest.raises(ArtExtractError, match="queries of judge artist in split s1 are not those"):
        siamese_values(folder, "s1", INDEX, {"theme": np.array([2, 4]), "artist": np.array([1])})
