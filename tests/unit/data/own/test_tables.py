"""Tables in every form that people save them in, and in forms that would do harm."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.own.tables import read_table
from artextract.data.tables import delimited, workbook
from artextract.data.tables.delimited import delimiter_of
from artextract.data.tables.encodings import decoded
from artextract.data.tables.records import records_in, sheet_of_records
from artextract.data.tables.sheet import distinct, header_line
from tests.unit.data.own.own_toys import table_of, workbook_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_csv_of_any_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str):
    lines = [["Titel", "Künstler"], ["Düne am Meer", "Müller"], ["Café, abends; spät", "Hammershøi"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    sheet = read_table(table_of(tmp_path, text, encoding=encoding))
    assert sheet.cells.to_numpy().tolist() == lines[1:] and list(sheet.cells) == lines[0]
    assert sheet.rows == [2, 3]


def test_other_code_pages_are_guessed():
    russian = "Название,Художник\nДевочка с персиками,Валентин Серов\nУтро в сосновом лесу,Иван Шишкин\n" * 5
    assert decoded(russian.encode("cp1251"), "x") == russian
    with pytest.raises(ArtExtractError, match="not a text file"):
        decoded(bytes(range(1, 256)) + b"\0", "x")


def test_na_is_a_title_and_line_ends_stay_in_their_cell(tmp_path: Path):
    sheet = read_table(table_of(tmp_path, 'title,artist\nNA,null\n"Two\nlines",x\n\nNaN,y\n'))
    assert sheet.cells["title"].tolist() == ["NA", "Two\nlines", "NaN"] and sheet.rows == [2, 3, 5]


def test_a_title_above_the_header_and_excels_first_line_are_passed_over(tmp_path: Path):
    text = "Inventory of the estate;;\n;;\nTitle;Artist;File\nDune;Zet;a.jpg\n"
    sheet = read_table(table_of(tmp_path, text))
    assert list(sheet.cells) == ["Title", "Artist", "File"] and sheet.rows == [4]
    sheet = read_table(table_of(tmp_path, "sep=;\nTitle;Artist\nDune, the;Zet\n"))
    assert sheet.cells["Title"].tolist() == ["Dune, the"]


def test_a_list_of_file_names_needs_no_header(tmp_path: Path):
    sheet = read_table(table_of(tmp_path, "a.jpg\nb.jpg\n", "list.txt"))
    assert sheet.cells.iloc[:, 0].tolist() == ["a.jpg", "b.jpg"] and sheet.rows == [1, 2]


def test_rows_with_too_many_or_too_few_cells(tmp_path: Path):
    sheet = read_table(table_of(tmp_path, "title,file\nA,a.jpg\nOne, two,b.jpg\nC\nOne, two, three, four,d.jpg\n"))
    assert sheet.cells["title"].tolist() == ["A", "One", "C", "One"]
    assert [(p.row, p.reason) for p in sheet.problems] == [
        (3, "the row has more cells than the header"),
        (5, "the row has more cells than the header"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", ";;;\n;;;\n"])
def test_an_empty_table_is_an_error_in_words(tmp_path: Path, text: str):
    with pytest.raises(ArtExtractError, match="the table is empty"):
        read_table(table_of(tmp_path, text))


def test_header_cells_that_are_empty_or_repeated():
    assert distinct(["Title", "", "Title", "Title (2)", "\u200b", " T\0i "], "x") == [
        "Title", "column 2", "Title (2)", "Title (2) (2)", "column 5", "Ti",
    ]  # fmt: skip
    assert header_line([["A list"], ["a", "b", "c"]], [0, 0]) == 1
    assert header_line([["Title", "x", "y", "z"], ["Title", "Artist"]], [1, 2]) == 1


def test_a_thousand_columns(tmp_path: Path):
    header = ",".join(["file", *[f"c{i}" for i in range(1_000)]])
    assert len(read_table(table_of(tmp_path, f"{header}\na.jpg{',x' * 1_000}\n")).cells.columns) == 1_001
    with pytest.raises(ArtExtractError, match="more than 2,000"):
        read_table(table_of(tmp_path, ",".join(map(str, range(2_001))) + "\n1\n"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_an_error_in_words(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(data)
    try:
        columns = read_table(path).cells.columns
        assert columns.is_unique and all(columns)
    except ArtExtractError:
        pass


@given(st.text(st.sampled_from("a,;\t|\"'\n"), max_size=60))
def test_delimiter_is_always_one_of_the_known(text: str):
    assert delimiter_of(text) in delimited.DELIMITERS


# --- Excel


def test_workbook(tmp_path: Path):
    lines = [
        ["The estate of N. N."], [], ["Inv. no.", "Title", "Date", "File", "Framed", "Height"],
        [12.0, "NA", datetime.datetime(1889, 1, 2), "a.jpg", True, 40.5],
        [13, "<img src=x onerror=alert(1)>", 1889, "b.jpg", None, None],
    ]  # fmt: skip
    sheet = read_table(workbook_of(tmp_path, lines))
    assert list(sheet.cells) == lines[2] and sheet.rows == [4, 5]
    assert sheet.cells.iloc[0].tolist() == ["12", "NA", "1889-01-02", "a.jpg", "true", "40.5"]
    assert sheet.cells.iloc[1].tolist() == ["13", "<img src=x onerror=alert(1)>", "1889", "b.jpg", "", ""]


def test_formulas_are_not_evaluated(tmp_path: Path):
    lines = [
        ["Title", "File"],
        ['=HYPERLINK("http://x","y")', "a.jpg"],
        ["=1+1", "b.jpg"],
        ["=cmd|' /C calc'!A0", "c.jpg"],
    ]
    sheet = read_table(workbook_of(tmp_path, lines))
    assert sheet.cells["Title"].tolist() == ["", "", ""]  # nobody has computed their values


def test_workbook_without_a_table_and_no_workbook(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="no sheet holds a table"):
        read_table(workbook_of(tmp_path, []))
    with pytest.raises(ArtExtractError, match="not readable as an Excel workbook"):
        read_table(table_of(tmp_path, "title,file\n", "x.xlsx"))
    with zipfile.ZipFile(tmp_path / "y.xlsx", "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(ArtExtractError, match="not readable as an Excel workbook"):
        read_table(tmp_path / "y.xlsx")


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workbook, "MOST_BYTES", 10_000)
    path = workbook_of(tmp_path, [["Title", "File"], ["A", "a.jpg"]])
    with pytest.raises(ArtExtractError, match="unpacks to more than"):
        read_table(path)


def test_the_second_sheet_is_read_where_the_first_is_empty(tmp_path: Path):
    import openpyxl

    book = openpyxl.Workbook()
    second = book.create_sheet("works")
    second.append(["Title", "File"])
    second.append(["A", "a.jpg"])
    book.save(tmp_path / "x.xlsx")
    assert read_table(tmp_path / "x.xlsx").cells["File"].tolist() == ["a.jpg"]


# --- Parquet and JSON


def test_parquet(tmp_path: Path):
    frame = pd.DataFrame({"title": ["A", None], "year": [1889, 1890], "tags": [["x", "y"], []], "image": [b"1", b"2"]})
    frame.to_parquet(tmp_path / "x.parquet")
    sheet = read_table(tmp_path / "x.parquet")
    assert sheet.cells.to_dict("list") == {"title": ["A", ""], "year": ["1889", "1890"], "tags": ["x; y", ""]}
    with pytest.raises(ArtExtractError, match="not readable as Parquet"):
        read_table(table_of(tmp_path, "x", "y.parquet"))


@pytest.mark.parametrize(
    ("content", "n"),
    [
        ([{"a": 1}, 3, {"a": 2}], 2),
        ({"data": {"a": 1}}, 1),
        ({"a": 1, "b": 2, "c": 3}, 1),
        ([], 0),
        ("x", 0),
        (None, 0),
    ],
)
def test_records_in_any_answer(content: object, n: int):
    assert len(records_in(content)) == n


def test_json_that_is_none_or_deep(tmp_path: Path):
    for text, match in [("{", "not readable as JSON"), ("[]", "holds no records"), ("[" * 100_000, "not readable")]:
        with pytest.raises(ArtExtractError, match=match):
            read_table(table_of(tmp_path, text, "x.json"))
    deep: dict[str, object] = {"title": "A"}
    for _ in range(50):
        deep = {"title": "A", "in": deep}
    assert read_table(table_of(tmp_path, json.dumps([deep]), "x.json")).cells["title"].tolist() == ["A"]


def test_unknown_forms_and_missing_files(tmp_path: Path):
    with pytest.raises(ArtExtractError, match=r"\.docx are not read"):
        read_table(table_of(tmp_path, "x", "x.docx"))
    with pytest.raises(ArtExtractError, match="there is no such table"):
        read_table(tmp_path / "none.csv")


def test_a_table_with_quotes_inside_is_read_as_csv_writes_it(tmp_path: Path):
    buffer = io.StringIO()
    pd.DataFrame({"title": ['The "Dune"', "A, b"], "file": ["a.jpg", "b.jpg"]}).to_csv(buffer, index=False)
    assert read_table(table_of(tmp_path, buffer.getvalue())).cells["title"].tolist() == ['The "Dune"', "A, b"]


def test_a_line_end_inside_a_column_name(tmp_path: Path):
    sheet = read_table(table_of(tmp_path, 'The estate;;\n"Inv.\nno.";"Title";"File"\n1;"A\nB";a.jpg\n2;C;b.jpg\n'))
    assert list(sheet.cells) == ["Inv. no.", "Title", "File"]
    assert sheet.cells["File"].tolist() == ["a.jpg", "b.jpg"] and sheet.rows == [3, 4]


def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(tmp_path: Path):
    sheet = read_table(table_of(tmp_path, 'title,file\n"A ""b""",a.jpg\n"Dune,b.jpg\nSea,c.jpg\n'))
    assert sheet.cells["title"].tolist()[1:] == ["Dune", "Sea"]
    assert sheet.cells["file"].tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert sheet.problems[0].row == 3 and "not closed" in sheet.problems[0].reason


def test_a_cell_far_away_does_not_make_the_table_wide(tmp_path: Path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in [["Title", "File"], ["A", "a.jpg"], ["B", "b.jpg"]]:
        sheet.append(line)
    sheet.cell(row=900_000, column=1, value="\u00a0")
    book.save(tmp_path / "x.xlsx")
    assert read_table(tmp_path / "x.xlsx").cells.to_numpy().tolist() == [["A", "a.jpg"], ["B", "b.jpg"]]
    sheet.cell(row=1, column=16_000, value="far")
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(ArtExtractError, match=r"16,000 columns"):
        read_table(tmp_path / "x.xlsx")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["a.jpg", "1889"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(ANYTHING)
def test_any_json_is_a_table_or_an_error_in_words(content: object):
    try:
        cells = sheet_of_records(records_in(content), "x.json").cells
    except ArtExtractError:
        return
    assert cells.columns.is_unique and cells.map(lambda cell: isinstance(cell, str)).all(axis=None)
