"""A user's folder becomes an index like a museum's; what cannot be used is listed for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.data.own.as_index import label_columns, painters
from tests.unit.collections.own_toys import collected, pictures, table


def test_names_of_painters_with_and_without_reservation():
    names = ["Rembrandt", "Attributed to Rembrandt", "Werkstatt von Rembrandt", "d'après Poussin", "Unknown artist", ""]
    found = painters(pd.Series(names))
    assert found["artist"].fillna("").tolist() == ["rembrandt", "", "", "", "", ""]
    assert found["artist_qualified"].fillna("").tolist() == ["", "rembrandt", "rembrandt", "poussin", "", ""]


def test_a_label_divides_works_and_a_description_does_not():
    works = pd.DataFrame(
        {
            "extra.school": ["a", "b"] * 10,
            "extra.text": [f"text {k}" for k in range(20)],
            "extra.same": ["x"] * 20,
            "extra.long": ["word " * 40, "other " * 40] * 10,
        }
    )
    assert label_columns(works) == ["school"]


def test_the_index_has_a_museums_columns_and_the_tables_own(tmp_path: Path):
    folder = pictures(tmp_path / "pictures", 6)
    index = collected(tmp_path / "mine", folder, table(folder / "list.csv", 6), ["school"])
    assert index["title"].tolist() == [f"Harbour {k}" for k in range(6)] and index["titled"].all()
    assert index["label.school"].tolist() == list("xyxyxy") == index["extra.school"].tolist()
    assert index["artist"].nunique() == 2 and index["year"].tolist() == list(range(1800, 1806))
    assert {"group", "object_group", "phash", "shard", "themes", "credit", "link", "open_access"} <= set(index)


def test_what_cannot_be_used_is_listed_and_the_rest_goes_on(tmp_path: Path):
    folder = pictures(tmp_path / "pictures", 4)
    whole = (folder / "w1.jpg").read_bytes()
    (folder / "w1.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "w2.jpg").write_text("no picture")
    about = table(folder / "list.csv", 4)
    about.write_text(about.read_text() + "w9.jpg,=HYPERLINK(1),x,1800,x\n")
    index = collected(tmp_path / "mine", folder, about, [])
    assert index["file"].tolist() == ["w0.jpg", "w3.jpg"]
    raw = (tmp_path / "mine/problems.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b",=" not in raw and not raw.startswith(b"=")
    problems = pd.read_csv(tmp_path / "mine/problems.csv", keep_default_na=False)
    assert {"w1.jpg", "w2.jpg"} <= set(problems["file"]) and (problems["reason"] != "").all()
    assert (problems["remedy"] != "").all() and not problems["reason"].str.contains("Error: ").any()
    assert read_json(tmp_path / "mine/metrics/fetch_nga.json")["problems"] == len(problems)
    works = pd.read_csv(tmp_path / "mine/works.csv", keep_default_na=False)
    assert works["file"].tolist() == ["w0.jpg", "w3.jpg"]


def test_a_label_that_is_no_column_is_refused_with_the_choices(tmp_path: Path):
    folder = pictures(tmp_path / "pictures", 2)
    with pytest.raises(ArtExtractError, match="school"):
        collected(tmp_path / "mine", folder, table(folder / "list.csv", 2), ["scool"])


def test_without_a_table_titles_come_from_files_and_are_not_taken_for_titles(tmp_path: Path):
    index = collected(tmp_path / "mine", pictures(tmp_path / "pictures", 3), None, [])
    assert not index["titled"].any() and (index["title"] != "").all()


def test_equal_pictures_are_one_group(tmp_path: Path):
    index = collected(tmp_path / "mine", pictures(tmp_path / "pictures", 5, same=True), None, [])
    assert index["group"].nunique() == 1
