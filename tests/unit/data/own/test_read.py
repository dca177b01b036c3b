"""A folder of pictures and a table about them: what becomes a work, and what is listed as a problem."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_table
from artextract.data.own.preview import preview
from artextract.data.own.read import Own, read_own
from artextract.data.own.works import COLUMNS
from tests.unit.data.own.own_toys import folder_of, table_of, workbook_of


def reasons(own: Own) -> list[str]:
    return own.problems["reason"].tolist()


def test_without_a_table_file_names_become_titles(tmp_path: Path):
    own = read_own(folder_of(tmp_path, "Water_Lilies.jpg", "late/claude-monet.jpg", "late/IMG_1.JPG"))
    assert own.works["title"].tolist() == ["Water Lilies", "IMG 1", "claude monet"]
    assert list(own.works.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert not own.works["titled"].any() and own.works["open_access"].all()
    assert own.works["extra.folder"].tolist() == ["", "late", "late"]
    assert own.problems.empty and own.counts["matched"] == 3
    assert preview(own).startswith("No table")


def test_a_spreadsheet_in_german(tmp_path: Path):
    folder = folder_of(tmp_path, "Seerosen.jpg", "sub/Café.jpg", "KMS1.jpg", "übrig.jpg")
    table = table_of(
        tmp_path,
        "Titel;Künstler;Datei;Datierung;Technik;Saal\n"
        "Seerosen;Monet;seerosen;um 1900;Öl;1\n"
        "<img onerror=1>;unbekannt;CAFE.JPG;17. Jh.;;2\n"
        "NA;Hammershøi;C:\\Bilder\\kms1.tif;1889/90;;2\n"
        "x;y;../../etc/passwd;;;\n"
        "z;y;/etc/passwd;;;\n",
        encoding="cp1252",
    )
    own = read_own(folder, table, {})
    assert own.works["title"].tolist() == ["Seerosen", "<img onerror=1>", "NA"]
    assert own.works["artist"].tolist() == ["Monet", "", "Hammershøi"]
    assert own.works["year"].tolist() == [1900, 1650, 1889.5]
    assert own.works["file"].tolist() == ["Seerosen.jpg", "sub/Café.jpg", "KMS1.jpg"]
    assert own.works["extra.Saal"].tolist() == ["1", "2", "2"]
    assert own.counts["rows_without_file"] == 2 and own.counts["files_without_row"] == 1
    assert own.problems["row"].dropna().tolist() == [5, 6]
    assert "leads out of the folder" in reasons(own)[0]
    assert "Datei" in preview(own)


def test_a_table_that_fits_nothing_shows_both_sides(tmp_path: Path):
    folder, table = folder_of(tmp_path, "a.jpg", "b.jpg"), table_of(tmp_path, "file,title\nx.jpg,X\ny.jpg,Y\n")
    with pytest.raises(ArtExtractError, match=r"(?s)'x\.jpg', 'y\.jpg'.*'a\.jpg', 'b\.jpg'.*--map file="):
        read_own(folder, table)


# --- few works, and works that say little


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_works(tmp_path: Path, n: int):
    own = read_own(folder_of(tmp_path, *(f"{i}.jpg" for i in range(n))))
    assert len(own.works) == n == own.counts["matched"] and own.works["id"].is_unique


def test_identical_pictures_and_one_painter_are_all_works(tmp_path: Path):
    folder = folder_of(tmp_path, "a.jpg", "b.jpg")
    (folder / "b.jpg").write_bytes((folder / "a.jpg").read_bytes())
    own = read_own(folder, table_of(tmp_path, "file,artist\na.jpg,Zet\nb.jpg,Zet\n"))
    assert own.works["artist"].tolist() == ["Zet", "Zet"] and own.problems.empty


def test_no_painter_and_no_title(tmp_path: Path):
    own = read_own(
        folder_of(tmp_path, "a_b.jpg", "c.jpg"), table_of(tmp_path, "file,title,room\na_b.jpg,,1\nc.jpg,-,2\n")
    )
    assert own.works["title"].tolist() == ["a b", "c"] and not own.works["titled"].any()
    assert own.works["artist"].tolist() == ["", ""]
    assert "Titled after the file: 2 works" in preview(own) and "found for: artist, date" in preview(own)


def test_a_table_with_file_names_only(tmp_path: Path):
    own = read_own(folder_of(tmp_path, "a.jpg", "b.jpg", "c.jpg"), table_of(tmp_path, "a.jpg\nb.jpg\n"))
    assert own.works["file"].tolist() == ["a.jpg", "b.jpg"] and own.counts["files_without_row"] == 1
    assert own.columns[0].why == "its cells end like image files"


def test_a_column_of_files_is_known_by_its_cells(tmp_path: Path):
    table = table_of(tmp_path, "Werk,Scan vom Mai\nDüne,a.jpg\nMeer,b.tif\n")
    own = read_own(folder_of(tmp_path, "a.jpg", "b.jpg"), table)
    assert own.works["extra.Werk"].tolist() == ["Düne", "Meer"]


def test_files_named_after_a_column_that_no_list_knows(tmp_path: Path):
    table = table_of(tmp_path, "Sig. alt,Wer\nX-17,Zet\nX-18,Ypsilon\nX-19,Ixen\n")
    own = read_own(folder_of(tmp_path, "x_17.jpg", "X 18.tif"), table)
    assert own.columns[0] == ("file", "Sig. alt", "files are named after it")
    assert own.works["extra.Wer"].tolist() == ["Zet", "Ypsilon"]


def test_files_named_after_titles(tmp_path: Path):
    table = table_of(tmp_path, "title,artist\nWater Lilies,Monet\nThe Dune,Zet\nNothing,Zet\n")
    own = read_own(folder_of(tmp_path, "water_lilies.jpg", "The Dune.jpg"), table)
    assert own.works["artist"].tolist() == ["Monet", "Zet"] and own.counts["rows_without_file"] == 1


def test_a_file_belongs_to_one_row(tmp_path: Path):
    own = read_own(folder_of(tmp_path, "a.jpg"), table_of(tmp_path, "file,title\na.jpg,A\nA.JPG,B\n"))
    assert own.works["title"].tolist() == ["A"]
    assert own.problems[["file", "row"]].to_numpy().tolist() == [["a.jpg", 3]]
    assert "belongs to row 2 already" in reasons(own)[0]


def test_ids_that_repeat_are_told(tmp_path: Path):
    table = table_of(tmp_path, "id,file\n7,a.jpg\n7,b.jpg\n8,c.jpg\n")
    own = read_own(folder_of(tmp_path, "a.jpg", "b.jpg", "c.jpg"), table)
    assert own.works["id"].tolist() == ["7", "b", "8"] and "the id '7'" in reasons(own)[0]


def test_works_that_come_later_change_no_id(tmp_path: Path):
    folder = folder_of(tmp_path, "b ü.jpg", "c/d.jpg")
    before = dict(read_own(folder).works[["file", "id"]].to_numpy().tolist())
    after = dict(
        read_own(folder_of(tmp_path, "b ü.jpg", "c/d.jpg", "a.jpg", "b u.jpg", "c-d.jpg"))
        .works[["file", "id"]]
        .to_numpy()
        .tolist()
    )
    assert {file: after[file] for file in before} == before


def test_a_table_that_lies_in_the_folder_is_pointed_out(tmp_path: Path):
    folder = folder_of(tmp_path, "a.jpg")
    table_of(folder, "file,title\na.jpg,A\n", "objects.csv")
    assert reasons(read_own(folder)) == ["a table that was not used"]
    assert read_own(folder, folder / "objects.csv").problems.empty


# --- correcting a guess


def test_the_user_corrects_a_guess(tmp_path: Path):
    folder, table = folder_of(tmp_path, "a.jpg"), table_of(tmp_path, "file,title,Nom,Atelier\na.jpg,1,Dune,Zet\n")
    own = read_own(folder, table, {"title": "nom", "artist": "Atelier", "date": ""})
    assert own.works.iloc[0][["title", "artist"]].tolist() == ["Dune", "Zet"]
    assert own.works["extra.title"].tolist() == ["1"]
    assert ("title", "Nom", "as you said") in own.columns


def test_a_guess_is_taken_back(tmp_path: Path):
    own = read_own(folder_of(tmp_path, "a.jpg"), table_of(tmp_path, "file,artist\na.jpg,Zet\n"), {"artist": ""})
    assert own.works["artist"].tolist() == [""] and own.works["extra.artist"].tolist() == ["Zet"]


@pytest.mark.parametrize(
    ("mapping", "match"),
    [
        ({"titel": "Nom"}, "no field 'titel'(?s:.*)fields: file, id, title"),
        ({"title": "Nam"}, "no column 'Nam'(?s:.*)its columns: file, Nom"),
        ({"title": "--"}, "no column '--'"),
    ],
)
def test_unknown_fields_and_columns_name_the_choices(tmp_path: Path, mapping: dict[str, str], match: str):
    with pytest.raises(ArtExtractError, match=match):
        read_own(folder_of(tmp_path, "a.jpg"), table_of(tmp_path, "file,Nom\na.jpg,x\n"), mapping)


# --- what cannot be used at all


def test_errors_in_words(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="is not a folder"):
        read_own(tmp_path / "none")
    (tmp_path / "pictures").mkdir()
    with pytest.raises(ArtExtractError, match="holds no image"):
        read_own(tmp_path / "pictures")
    (tmp_path / "pictures" / "x.jpg").write_bytes(b"x")
    with pytest.raises(ArtExtractError, match="none of its 1 images can be read"):
        read_own(tmp_path / "pictures")
    folder = folder_of(tmp_path, "a.jpg")
    with pytest.raises(ArtExtractError, match="the table has no rows"):
        read_own(folder, table_of(tmp_path, "file,title\n"))
    with pytest.raises(ArtExtractError, match="--map needs a table"):
        read_own(folder, None, {"title": "x"})


def test_a_hostile_spreadsheet(tmp_path: Path):
    lines = [
        ["Title", "Title", "", "File", "Rights", *[f"c{i}" for i in range(300)]],
        ["<img src=x onerror=alert(1)>", "=1+1", "\u202etxt", "a.jpg", "© N. N.", *["@SUM(1)"] * 300],
        ["'; DROP TABLE works; --", "+1", "-1", "../../../../etc/passwd", "", *["\t=1"] * 300],
        ["x" * 30_000, "", "", "b.jpg", "", *[""] * 300],
    ]
    own = read_own(folder_of(tmp_path, "a.jpg", "b.jpg"), workbook_of(tmp_path, lines))
    assert own.works["file"].tolist() == ["a.jpg", "b.jpg"] and own.works["open_access"].tolist() == [False, True]
    assert own.works["title"][0] == "<img src=x onerror=alert(1)>" and len(own.works["title"][1]) == 1_000
    assert own.works["extra.column 3"][0] == "txt" and own.works["extra.c299"][0] == "@SUM(1)"
    assert "leads out of the folder" in reasons(own)[0]


@settings(max_examples=15)
@given(st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=5))
def test_any_cells_give_works_or_an_error_in_words(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]):
    root = tmp_path_factory.mktemp("any")
    folder = folder_of(root, "a.jpg")
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["File", "Title", "Date"], *rows, ["a.jpg", "A", "1900"]])
    (root / "t.csv").write_text(buffer.getvalue(), encoding="utf-8", errors="replace")
    own = read_own(folder, root / "t.csv")
    assert own.works["file"].tolist() == ["a.jpg"] and preview(own)


def test_problems_open_in_a_spreadsheet_without_running(tmp_path: Path):
    own = read_own(folder_of(tmp_path, "a.jpg", "=cmd.jpg"), table_of(tmp_path, "file\na.jpg\n"))
    write_table(tmp_path / "problems.csv", own.problems)
    assert "'=cmd.jpg" in (tmp_path / "problems.csv").read_text(encoding="utf-8-sig")


def test_halves_of_characters_do_not_stop_the_tables(tmp_path: Path):
    records = [
        {
            "file": "a.jpg",
            "title": "A \ud800 B",
            "x\udfff": "\ud83d",
            "url": "https://x.org/\ud800",
            "tags": "\udc00 c",
        },
        {"file": "\ud800.jpg", "title": "\ud800"},
    ]
    text = json.dumps(records)
    own = read_own(folder_of(tmp_path, "a.jpg"), table_of(tmp_path, text, "x.json"))
    own.works.to_parquet(tmp_path / "works.parquet")
    write_table(tmp_path / "problems.csv", own.problems)
    assert own.works["title"].tolist() == ["A ? B"] and own.counts["rows_without_file"] == 1
