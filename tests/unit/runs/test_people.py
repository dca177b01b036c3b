from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.runs.people import NOT_MEASURED, judged_by_people, own_vectors
from artextract.triplets.answers import COLUMNS
from tests.museum import searchable
from tests.unit.triplets.test_answers import LINE

N = 12


def index() -> pd.DataFrame:
    painters = pd.Series(["a", "b"] * 6, dtype="string")
    return pd.DataFrame({"id": [str(i) for i in range(N)], "artist": painters, "group": range(N)})


def vectors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, 4))


def answered(path: Path, follows: np.ndarray) -> Path:
    """A file of one rater who follows an embedding without an error."""
    unit = follows / np.linalg.norm(follows, axis=1, keepdims=True)
    lines = []
    for q in range(N):
        a, b = (q + 1) % N, (q + 5) % N
        chosen = "left" if unit[q] @ unit[a] > unit[q] @ unit[b] else "right"
        lines.append(LINE | {"query": str(q), "left": str(a), "right": str(b), "chosen": chosen, "triplet": str(q)})
    pd.DataFrame(lines, columns=pd.Index(COLUMNS)).to_csv(path, index=False)
    return path


def test_an_embedding_that_people_follow_agrees_with_them(tmp_path: Path):
    mine, own = vectors(0), {"image": vectors(1), "title": vectors(2)}
    table, text = judged_by_people([answered(tmp_path / "a.csv", mine)], index(), {"mine": mine}, own, 50, 0)
    found = table[table["kind"] == "all"].set_index("space")
    assert found["agreement"]["mine"] == 1 and found["agreement"]["image"] < 1
    assert set(found.index) == {"mine", "image", "title", "centred"}
    assert "1 raters, 12 answers, 12 triplets" in text and "| mine" in text


def test_names_must_not_be_those_of_own_spaces(tmp_path: Path):
    own = {"image": vectors(1), "title": vectors(2)}
    with pytest.raises(ArtExtractError, match="an embedding is called title, like a space of this project"):
        judged_by_people([answered(tmp_path / "a.csv", vectors(0))], index(), {"title": vectors(3)}, own, 50, 0)


def test_without_answers_it_is_not_measured():
    table, text = judged_by_people([], index(), {}, {"image": vectors(1), "title": vectors(2)}, 50, 0)
    assert table.empty and text == NOT_MEASURED


def test_siamese_is_read_where_it_was_trained(tmp_path: Path):
    works = searchable(tmp_path, ["Sea", "Hill"])
    assert set(own_vectors(works, tmp_path)) == {"image", "title"}
    np.save(tmp_path / "projected.npy", np.ones((2, 3)))
    assert set(own_vectors(works, tmp_path)) == {"image", "title", "siamese"}
