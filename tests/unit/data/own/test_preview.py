"""What the screen says of a user's folder and table."""

from __future__ import annotations

from pathlib import Path

from artextract.data.own.preview import preview
from artextract.data.own.read import read_own
from tests.unit.data.own.own_toys import folder_of, table_of


def test_guesses_with_an_example_and_counts(tmp_path: Path):
    table = table_of(tmp_path, "Titel;Jahr;Datei;Saal\nDüne;1889;a.jpg;7\n;1890;b.jpg;8\nMeer;1891;c.jpg;9\n")
    assert preview(read_own(folder_of(tmp_path, "a.jpg", "b.jpg", "d.jpg"), table)).splitlines() == [
        "field  column  how it was found  first work",
        "file   Datei   its name          a.jpg",
        "title  Titel   its name          Düne",
        "year   Jahr    its name          1889",
        "No column was found for: artist",
        "Correct a guess with --map FIELD=COLUMN; fields: file, id, title, artist, date, year, year_from, year_to, "
        "medium, credit, link, rights, open_access, keywords",
        "Further columns, kept and filterable: Saal",
        "2 works with a picture: 3 image files, 3 rows in the table",
        "Without a counterpart: 1 picture, 1 row",
        "Titled after the file: 1 work",
        "Without a known artist: 2 works",
    ]


def test_without_a_table(tmp_path: Path):
    assert preview(read_own(folder_of(tmp_path, "a.jpg"))).splitlines() == [
        "No table: titles are made from the file names.",
        "1 work with a picture: 1 image file",
        "Titled after the file: 1 work",
        "Without a known artist: 1 work",
    ]
