"""A table is read by what its file holds, and a file that is no table is named for what it is."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.tables.read import read_sheet

TABLE = pd.DataFrame({"title": ["Harbour", "Été; gris"], "artist": ["Müller", "Corot, C."]})
CSV = TABLE.to_csv(index=False)


def _bytes(form: str) -> bytes:
    buffer = io.BytesIO()
    match form:
        case "xlsx":
            TABLE.to_excel(buffer, index=False)
        case "parquet":
            TABLE.to_parquet(buffer)
        case "gzip":
            return gzip.compress(CSV[:20].encode()) + gzip.compress(CSV[20:].encode())  # of two members
        case "json":
            return TABLE.to_json(orient="records").encode()
        case "tabs":
            return TABLE.to_csv(index=False, sep="\t").encode("utf-16")
        case _:
            return TABLE.to_csv(index=False, sep=";").encode("cp1252")
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["xlsx", "parquet", "gzip", "json", "tabs", "semicolons"])
def test_the_content_and_not_the_suffix_says_the_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "objects.csv"
    path.write_bytes(_bytes(form))
    pd.testing.assert_frame_equal(read_sheet(path, len).cells, TABLE, check_dtype=False)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:06\nsize 23253\n", "LFS pointer.*git lfs pull"),
        (b"\n <!DOCTYPE html><html><body>log in", "web page"),
        (b"<?xml version='1.0'?><works/>", "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel 2003"),
        (b"PK\x03\x04" + b"x" * 60, "ZIP archive"),
        (b"SQLite format 3\0", "SQLite"),
        (b" \n", "is empty"),
        (gzip.compress(CSV.encode(), mtime=0)[:-9], "is cut"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 30, "damaged"),
        (gzip.compress(b"%PDF-1.7", mtime=0), "PDF"),
        (bytes(range(256)) * 4, "not a text file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "objects.csv").write_bytes(data)
    with pytest.raises(ArtExtractError, match=f"(?s){said}"):
        read_sheet(tmp_path / "objects.csv", len)


def test_what_does_something_is_taken_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'id,title\n1,Har\0bour\n2,\x1b[31mred\n3,"two\nlines"\n4,fine\n')
    sheet = read_sheet(tmp_path / "t.csv", len)
    assert sheet.cells["title"].tolist() == ["Harbour", "red", "two\nlines", "fine"]
    assert sheet.cleaned.cleaned == 2 and sheet.read_as == "commas, utf-8"
