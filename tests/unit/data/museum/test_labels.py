"""Labels of the user's own: read strictly, joined by object, and turned into judges."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.museum.labels import add_labels, read_labels
from artextract.similarity.ranking.judges import label_judge
from tests.unit.similarity.ranking.dense import whole

CSV = "objectid,motif,mood\n7,boat,calm\n8,,calm\n9,boat,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_only_wanted_columns_and_empty_is_unlabelled(file: Path):
    table = read_labels(file, ["motif"])
    assert list(table) == ["objectid", "label.motif"]
    assert table["objectid"].tolist() == ["7", "8", "9"]
    assert table["label.motif"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("objectid,motif\n7,boat\n7,horse\n", "row 3: object 7 is labelled twice"),
        ("id,motif\n7,boat\n", "lacks the columns objectid"),
        ("objectid\n7\n", "lacks the columns motif"),
        ("", "is empty"),
        ("objectid,motif\n7,boat,x\n8,horse,\n", "more cells than the header"),
        ("objectid,motif\n7,boat\n 7 ,horse\n", "object 7 is labelled twice"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, says: str):
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ArtExtractError, match=says) as caught:
        read_labels(path, ["motif"])
    assert "mine.csv" in str(caught.value)


def test_missing_file(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="missing"):
        read_labels(tmp_path / "none.csv", ["motif"])


def test_rows_keep_their_order_and_number(file: Path):
    rows = pd.DataFrame({"id": ["9", "5", "7"]})
    found, counts = add_labels(rows, file.parent, file.name, ["motif", "mood"])
    assert counts == {"label.motif": 2, "label.mood": 1, "labels_of_no_painting": 1}
    assert found["id"].tolist() == ["9", "5", "7"]
    assert found["label.motif"].fillna("-").tolist() == ["boat", "-", "boat"]
    assert add_labels(rows, file.parent, "", [])[1] == {}


def test_labels_in_another_spelling_and_form(tmp_path: Path):
    (tmp_path / "mine.csv").write_text("objectid;motif\nsk-c-005;Boot\0\n8.0;Möwe\n", encoding="cp1252")
    rows = pd.DataFrame({"id": ["SK-C-5", "8"], "objectid": ["SK-C-5", "8"]})
    found, _ = add_labels(rows, tmp_path, "mine.csv", ["motif"])
    assert found["label.motif"].tolist() == ["Boot", "Möwe"] and list(found) == ["id", "objectid", "label.motif"]


def test_labels_of_other_works_are_refused(file: Path):
    with pytest.raises(ArtExtractError, match="labels none of the paintings"):
        add_labels(pd.DataFrame({"id": ["1"]}), file.parent, file.name, ["motif"])


def test_judge_leaves_out_the_painter_the_group_and_the_unlabelled():
    index = pd.DataFrame(
        {
            "group": [0, 1, 2, 3, 3],
            "artist": pd.array(["a", "a", "b", "c", "c"], dtype="string"),
            "label.motif": pd.array(["boat", "boat", "boat", None, "boat"], dtype="string"),
        }
    )
    judge = label_judge(index, "label.motif")
    hits = whole(judge).found
    expected = np.zeros((5, 5), dtype=bool)
    for query, hit in [(0, 2), (0, 4), (1, 2), (1, 4), (2, 0), (2, 1), (2, 4), (4, 0), (4, 1), (4, 2)]:
        expected[query, hit] = True
    assert (hits == expected).all()
    assert judge.queries().tolist() == [0, 1, 2, 4]
