"""A folder of pictures and a table about them: what becomes a work, and what is listed as a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.own.preview import preview
from artextract.data.own.read import Own, read_own
from artextract.data.own.works import COLUMNS
from tests.conftest import jpeg


def folder_of(root: Path, *names: str) -> Path:
    """A folder of small pictures with these names."""
    for seed, name in enumerate(names):
        path = root / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(seed))
    return root / "pictures"


def table_of(root: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    """A table beside the folder of pictures."""
    path = root / name
    path.write_text(text, encoding=encoding)
    return path


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
