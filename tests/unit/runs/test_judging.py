from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.runs.judging import judged, printed, read_vectors
from tests.unit.similarity.ranking.test_judges import params, works

RNG = np.random.default_rng(0)
N = 5
OWN = {name: unit_rows(RNG.normal(size=(N, 6))) for name in ("image", "title")}


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.ones((4, 2)), "4 rows, and the collection has 5 works"),
        (np.ones(5), "not an array of numbers with two dimensions"),
        (np.array([["a"]] * 5), "not an array of numbers"),
        (np.where(np.arange(5)[:, None] == 3, np.nan, np.ones((5, 2))), r"row 3 is not finite \(1 such rows\)"),
        (np.arange(5)[:, None] * np.ones((1, 2)), "row 0 is zero"),
    ],
)
def test_unusable_vectors_are_refused(array: np.ndarray, problem: str, tmp_path: Path):
    np.save(tmp_path / "v.npy", array)
    with pytest.raises(ArtExtractError, match=rf"v\.npy: {problem}"):
        read_vectors(tmp_path / "v.npy", N)


def test_missing_and_broken_files_are_refused(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="there is no such file"):
        read_vectors(tmp_path / "v.npy", N)
    (tmp_path / "v.npy").write_bytes(b"no array")
    with pytest.raises(ArtExtractError, match="not readable as an array"):
        read_vectors(tmp_path / "v.npy", N)


def test_whole_numbers_become_float32(tmp_path: Path):
    np.save(tmp_path / "v.npy", np.ones((N, 3), dtype=np.uint8))
    assert read_vectors(tmp_path / "v.npy", N).dtype == np.float32


def test_a_perfect_embedding_beats_the_others_under_its_judge():
    index = works()
    themes = index["themes"].map(lambda t: [float("sea" in t), float("ship" in t)])
    perfect = np.array(themes.tolist(), dtype=np.float32)
    table = judged("mine", perfect, [], index, OWN, params(), 0, only=["theme"])
    assert table["space"].tolist() == ["mine", "image", "title", "random"]
    by_space = table.set_index("space")
    assert by_space["ndcg"]["mine"] == pytest.approx(1)
    assert by_space["difference"]["mine"] == pytest.approx(1 - by_space["ndcg"]["image"])
    assert np.isnan(by_space["difference"]["image"])
    assert "mine" in printed(table, 10) and "image, raw" in printed(table, 10)


def test_vectors_made_from_titles_are_not_scored_by_titles():
    rows = judged("mine", OWN["image"], ["title"], works(), OWN, params(), 0)
    scored = set(rows.loc[rows["space"] == "mine", "judge"])
    assert "title_proxy" not in scored and "artist" in scored
    assert set(rows.loc[rows["space"] == "title", "judge"]) == scored


def test_an_unknown_or_unmeasured_judge_is_named_with_the_reason():
    with pytest.raises(ArtExtractError, match="judge beauty: there is no such judge\nRemedy: one of: artist"):
        judged("mine", OWN["image"], [], works(), OWN, params(), 0, only=["beauty"])
    with pytest.raises(ArtExtractError, match="judge theme: "):
        judged("mine", OWN["image"], [], works(themes=[[]] * 5), OWN, params(), 0, only=["theme"])
    index = pd.DataFrame({"title": ["Untitled"] * 5, "group": range(5)}).reindex(columns=works().columns)
    index = index.assign(title="Untitled", group=range(5), object_group=range(5), sibling_group=range(5))
    lists = {name: [[]] * 5 for name in ("themes", "styles", "schools", "techniques", "keywords")}
    index = index.assign(**{name: pd.Series(values) for name, values in lists.items()})
    with pytest.raises(ArtExtractError, match="no judge is measured"):
        judged("mine", OWN["image"], [], index, OWN, params(), 0)
