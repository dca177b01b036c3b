from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.runs.judging import judged, printed, read_vectors
from artextract.siamese.evaluation.fitted import Held
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
    table = judged("mine", [perfect], [], index, OWN, params(), 0, only=["theme"])
    assert table["space"].tolist() == ["mine", "shuffled", "image", "centred", "title", "random", "ceiling"]
    by_space = table.set_index("space")
    assert by_space["ndcg"]["mine"] == pytest.approx(1)
    assert by_space["difference"]["mine"] == pytest.approx(1 - by_space["ndcg"]["image"])
    assert by_space.drop("mine")["difference"].isna().all()
    assert by_space["ndcg"]["ceiling"] == 1 and by_space["precision"]["mine"] == by_space["precision"]["ceiling"] < 1
    head, _, row = printed(table, "mine", 10).splitlines()[2:]
    assert head.split("|")[3].strip() == "mine" and row.split("|")[3].strip().startswith("1.000 (")
    assert "mine, rows shuffled" in head and "image, raw" in head


def test_vectors_made_from_titles_are_not_scored_by_titles():
    titles = OWN["title"].copy()
    titles[1] = titles[2] = titles[0]
    own = OWN | {"title": titles}
    rows = judged("mine", [OWN["image"]], ["title"], works(), own, params(), 0)
    assert "title_proxy" in set(rows["judge"])
    scored = set(rows.loc[rows["space"] == "mine", "judge"])
    assert "title_proxy" not in scored and "artist" in scored
    assert set(rows.loc[rows["space"] == "title", "judge"]) == scored
    last = printed(rows, "mine", 10).splitlines()[-1]
    assert last.startswith("| similar title") and last.count("not judged: circular") == 2


def test_vectors_of_the_first_judge_keep_their_column():
    text = printed(judged("mine", [OWN["image"]], ["artist"], works(), OWN, params(), 0), "mine", 10)
    assert text.splitlines()[2].split("|")[3].strip() == "mine"


def test_a_judge_of_the_same_source_has_no_p_of_its_own():
    rows = judged("mine", [OWN["title"]], [], works(), OWN, params(), 0, ["artist", "theme", "terms"])
    lines = {
        line.split("|")[1].strip(): line.split("|")[-2].strip() for line in printed(rows, "mine", 10).splitlines()[4:]
    }
    assert lines["curators' terms in common"] == "counted with theme"
    assert "nan" not in "".join(lines.values()) and float(lines["same theme, other painters"].removeprefix("<= ")) <= 1


def test_siamese_is_among_the_spaces_where_it_is_given():
    rows = judged("mine", [OWN["image"]], [], works(), OWN | {"siamese": OWN["title"]}, params(), 0)
    assert rows["space"].eq("siamese").sum() == rows["space"].eq("title").sum() > 0
    assert "title_proxy" not in set(rows.loc[rows["space"] == "siamese", "judge"])


def test_the_rows_of_a_perfect_embedding_in_a_random_order_are_no_better_than_chance():
    rng = np.random.default_rng(3)
    n, kinds = 120, ["sea", "ship", "hill", "town"]
    theme = rng.integers(0, 4, n)
    index = pd.concat([works()] * 24, ignore_index=True)
    index = index.assign(
        id=[str(i) for i in range(n)], themes=pd.Series([[kinds[t]] for t in theme]),
        artist=pd.Series([f"p{i}" for i in range(n)], dtype="string"), group=range(n),
    )  # fmt: skip
    own = {name: unit_rows(rng.normal(size=(n, 8))) for name in ("image", "title")}
    rows = judged("mine", [np.eye(4, dtype=np.float32)[theme]], [], index, own, params(bootstrap=200), 0, ["theme"])
    by_space = rows.set_index("space")
    assert by_space["ndcg"]["mine"] == pytest.approx(1)
    assert by_space["low"]["shuffled"] < by_space["ndcg"]["random"] < by_space["high"]["shuffled"]


def test_folds_are_scored_by_their_own_vectors_and_pooled():
    index, bad = works(), OWN["image"]
    themes = index["themes"].map(lambda t: [float("sea" in t), float("ship" in t)])
    perfect = np.array(themes.tolist(), dtype=np.float32)
    nothing = np.array([], dtype=np.int64)
    folds = [Held(np.array([3, 4]), nothing, np.array([0, 1, 2])), Held(np.array([0, 1, 2]), nothing, np.array([3, 4]))]
    whole = {
        kind: judged("mine", [v], [], index, OWN, params(), 0, ["theme"]).set_index("space")["ndcg"]["mine"]
        for kind, v in {"perfect": perfect, "bad": bad}.items()
    }
    mixed = judged("mine", [perfect, bad], [], index, OWN, params(), 0, ["theme"], folds).set_index("space")
    assert mixed["queries"]["mine"] == 5 and whole["bad"] < mixed["ndcg"]["mine"] < whole["perfect"]
    both = judged("mine", [bad, bad], [], index, OWN, params(), 0, ["theme"], folds).set_index("space")
    assert both["ndcg"]["mine"] == pytest.approx(whole["bad"])
    with pytest.raises(ArtExtractError, match="1 embeddings for 2 parts\nRemedy: give one array per fold"):
        judged("mine", [bad], [], index, OWN, params(), 0, ["theme"], folds)


def test_an_unknown_or_unmeasured_judge_is_named_with_the_reason():
    with pytest.raises(ArtExtractError, match="judge beauty: there is no such judge\nRemedy: one of: artist"):
        judged("mine", [OWN["image"]], [], works(), OWN, params(), 0, only=["beauty"])
    with pytest.raises(ArtExtractError, match="judge theme: "):
        judged("mine", [OWN["image"]], [], works(themes=[[]] * 5), OWN, params(), 0, only=["theme"])
    index = pd.DataFrame({"title": ["Untitled"] * 5, "group": range(5)}).reindex(columns=works().columns)
    index = index.assign(title="Untitled", group=range(5), object_group=range(5), sibling_group=range(5))
    lists = {name: [[]] * 5 for name in ("themes", "styles", "schools", "techniques", "keywords")}
    index = index.assign(**{name: pd.Series(values) for name, values in lists.items()})
    with pytest.raises(ArtExtractError, match="no judge is measured"):
        judged("mine", [OWN["image"]], [], index, OWN, params(), 0)
