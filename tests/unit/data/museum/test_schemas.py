"""The museum's tables as files: what is read, and what is refused with file, row and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.museum.schemas import COLUMNS, OPTIONAL, REQUIRED, read_table, read_tables
from artextract.data.museum.selection import select_paintings
from tests.conftest import test_data
from tests.museum import Row, as_read, link, museum, painting, table_text, view, write_tables


def test_all_tables_are_read_with_the_columns_that_are_used(tmp_path: Path):
    write_tables(tmp_path, museum())
    tables = read_tables(tmp_path)
    wanted = {name: list(COLUMNS[name]) for name in REQUIRED}
    wanted["objects"].append("accessionnum")
    assert {name: list(table.columns) for name, table in tables.items()} == wanted
    assert tables["objects"].iloc[0][["objectid", "title"]].tolist() == ["1", "Work 1"]


def test_a_table_without_credit_lines_is_taken(tmp_path: Path):
    write_tables(tmp_path, museum())
    objects = pd.read_csv(tmp_path / "objects.csv", dtype=str, keep_default_na=False)
    objects.drop(columns="creditline").to_csv(tmp_path / "objects.csv", index=False)
    assert (read_tables(tmp_path)["objects"]["creditline"] == "").all()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the file is empty"),
        (table_text("objects", []), "holds a header and no rows"),
        (table_text("objects", [{"title": "x"}], columns=["title", "objectid"]), "lacks the columns attribution"),
        ('objectid,title\n1,"never closed\n', "not readable as CSV"),
        (table_text("objects", [painting(1)]).rstrip("\n") + ",,,\n", "more cells than the header"),
        (table_text("objects", [painting(1)]) + "," * 60 + "\n", "not readable as CSV"),
    ],
)
def test_unusable_table_is_refused_with_its_name_and_the_remedy(tmp_path: Path, content: str, problem: str):
    write_tables(tmp_path, museum())
    (tmp_path / "objects.csv").write_text(content)
    with pytest.raises(ArtExtractError, match=problem) as caught:
        read_tables(tmp_path)
    assert caught.value.where == str(tmp_path / "objects.csv")
    assert caught.value.remedy and "pinned commit" in caught.value.remedy


def test_text_that_is_no_utf8_is_refused(tmp_path: Path):
    (tmp_path / "objects.csv").write_bytes(table_text("objects", [painting(1, title="Bébé")]).encode("latin-1"))
    with pytest.raises(ArtExtractError, match="not readable as CSV"):
        read_table(tmp_path, "objects")


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_table_is_named(tmp_path: Path, name: str):
    write_tables(tmp_path, museum())
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(ArtExtractError, match=re.escape(f"{name}.csv is missing")) as caught:
        read_tables(tmp_path)
    assert caught.value.where == str(tmp_path)


@settings(max_examples=10)
@given(st.permutations(list(COLUMNS["objects"])), st.booleans())
def test_order_of_columns_and_line_ends_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, columns: list[str], crlf: bool
):
    folder = tmp_path_factory.mktemp("tables", numbered=True)
    rows = [{c: painting(k).get(c, "") for c in columns} for k in (1, 2)]
    text = table_text("objects", rows, columns=columns, end="\r\n" if crlf else "\n")
    (folder / "objects.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())  # some exports begin with a mark
    expected = as_read(museum([painting(1), painting(2)]))["objects"]
    pd.testing.assert_frame_equal(read_table(folder, "objects"), expected, check_dtype=False)


@pytest.mark.parametrize("title", ["NA", "None", "nan", "null", "007", "1e5", "True"])
def test_titles_stay_text(tmp_path: Path, title: str):
    write_tables(tmp_path, museum([painting(1, title=title)]))
    rows, _ = select_paintings(read_tables(tmp_path))
    assert rows["title"].tolist() == [title]


@pytest.mark.parametrize(
    ("table", "row", "problem"),
    [
        ("objects", painting("7b"), r"row 2, column objectid: '7b', a number is expected"),
        ("objects", painting(2, beginyear="c. 1890"), r"row 2, column beginyear: 'c. 1890', a whole number"),
        ("objects", painting(2, isvirtual=""), r"row 2, column isvirtual: '', 0 or 1 is expected"),
        ("published_images", view(1, depictstmsobjectid=""), r"row 2, column depictstmsobjectid: ''"),
        ("published_images", view(1, width="wide"), r"row 2, column width: 'wide'"),
        ("published_images", view(1, iiifurl=" "), r"row 2, column iiifurl: ' ', some text is expected"),
        ("objects_constituents", link(1, 7, roletype=""), r"row 2, column roletype"),
        ("objects_terms", {"objectid": "", "termtype": "Theme"}, r"row 2, column objectid"),
        ("object_associations", {"parentobjectid": 1, "childobjectid": 2, "relationship": "kin"}, r"row 1, .*'kin'"),
    ],
)
def test_cell_of_a_wrong_form_is_named_with_file_row_and_column(tmp_path: Path, table: str, row: Row, problem: str):
    tables = museum() | ({table: [*museum().get(table, ()), row]})
    write_tables(tmp_path, tables)
    with pytest.raises(ArtExtractError, match=problem) as caught:
        read_tables(tmp_path)
    assert caught.value.where == str(tmp_path / f"{table}.csv") and caught.value.remedy


def test_many_wrong_cells_are_counted_and_three_are_shown(tmp_path: Path):
    write_tables(tmp_path, museum([painting(k, endyear="x") for k in range(1, 8)]))
    with pytest.raises(ArtExtractError, match=r"row 1, .*; row 2, .*; row 3, .*; and 4 more"):
        read_tables(tmp_path)


def test_numbers_as_other_exports_write_them_pass(tmp_path: Path):
    write_tables(tmp_path, museum([painting(1, beginyear=-300, endyear="")], [view(1, maxpixels="640.0")]))
    rows, counts = select_paintings(read_tables(tmp_path))
    assert rows["maxpixels"].tolist() == [640] and counts["images_capped"] == 1


def test_optional_tables_are_read_where_they_are(tmp_path: Path):
    history = {"datatype": "previous_attribution", "objectid": 1, "displayorder": 1, "forwardtext": "A. Master"}
    kin = {"parentobjectid": 1, "childobjectid": 2, "relationship": "separable"}
    extra: dict[str, list[Row]] = {"objects_historical_data": [history], "object_associations": [kin]}
    write_tables(tmp_path, museum() | extra)
    tables = read_tables(tmp_path)
    assert set(tables) == {*REQUIRED, *OPTIONAL}
    assert tables["objects_historical_data"]["forwardtext"].tolist() == ["A. Master"]
    (tmp_path / "object_associations.csv").write_text("parentobjectid,childobjectid,relationship\n")
    with pytest.raises(ArtExtractError, match="holds a header and no rows"):
        read_tables(tmp_path)


@settings(max_examples=10)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, titles: list[str]):
    readable = [t.replace("\r", "").replace("\0", "").encode("utf-8", "ignore").decode() for t in titles]
    folder = tmp_path_factory.mktemp("tables", numbered=True)
    write_tables(folder, museum([painting(k, title=title) for k, title in enumerate(readable, 1)]))
    assert read_table(folder, "objects")["title"].tolist() == readable


@pytest.mark.real
def test_real_tables_fit_their_schemas():
    tables = read_tables(test_data("nga"))
    assert len(tables["objects"]) == 3263 and set(REQUIRED) <= set(tables)
