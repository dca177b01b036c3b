"""What of a folder is taken for a picture, and what is listed or passed over."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from artextract.core.files import write_table
from artextract.data.images.formats import image_formats
from artextract.data.own.pictures import find_pictures
from artextract.data.own.read import read_own
from tests.conftest import jpeg
from tests.unit.data.own.own_toys import folder_of


def test_every_format_and_nested_folders(tmp_path: Path):
    assert "HEIF" in image_formats()
    folder = folder_of(tmp_path, "a.jpg", "deep/er/b.JPEG", "no_suffix")
    for name, form in [("c.heic", "HEIF"), ("d.avif", "AVIF"), ("e.webp", "WEBP"), ("f.tif", "TIFF"), ("g.png", "PNG")]:
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), "red").save(buffer, form)
        (folder / name).write_bytes(buffer.getvalue())
    found = find_pictures(folder)
    assert found.files == ["a.jpg", "c.heic", "d.avif", "deep/er/b.JPEG", "e.webp", "f.tif", "g.png", "no_suffix"]
    assert found.problems == [] and found.found == 8


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path):
    folder = folder_of(
        tmp_path, "a.jpg", ".hidden.jpg", "._a.jpg", "__MACOSX/a.jpg", ".git/b.jpg", "@eaDir/c.jpg", "Thumbs.db"
    )
    (folder / "notes.txt").write_text("x")
    (folder / "list.csv").write_text("x")
    (folder / "README").write_text("x")
    found = find_pictures(folder)
    assert found.files == ["a.jpg"] and found.problems == []
    assert found.others == 3 and found.tables == ["list.csv"]


def test_broken_raw_and_deceiving_files_are_listed(tmp_path: Path):
    folder = folder_of(tmp_path, "a.jpg")
    contents = {"empty.jpg": b"", "text.png": b"<html>404</html>", "cut.jpg": jpeg(1)[:60], "shot.NEF": b"II*\0"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "script.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    found = find_pictures(folder)
    assert found.files == ["a.jpg"] and found.found == 5
    assert [p.file for p in found.problems] == ["cut.jpg", "empty.jpg", "script.jpg", "shot.NEF", "text.png"]
    assert all("0x" not in p.reason and p.remedy for p in found.problems)


def test_a_bomb_is_listed_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("artextract.data.images.header.MAX_PIXELS", 100)
    found = find_pictures(folder_of(tmp_path, "a.jpg"))
    assert found.files == [] and "at most 100 " in found.problems[0].reason


def test_links_of_the_user_are_followed(tmp_path: Path):
    folder, outside = folder_of(tmp_path, "a.jpg"), tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(jpeg(9))
    os.symlink(outside / "secret.jpg", folder / "link.jpg")
    os.symlink(outside, folder / "links")
    os.symlink(folder / "a.jpg", folder / "inside.jpg")
    os.symlink(folder, outside / "circle")
    os.symlink(folder / "gone.jpg", folder / "broken.jpg")
    found = find_pictures(folder)
    assert found.files == ["a.jpg", "inside.jpg", "link.jpg", "links/secret.jpg"]
    assert {p.file for p in found.problems} == {"broken.jpg"}


def test_a_pipe_is_no_picture(tmp_path: Path):
    folder = folder_of(tmp_path, "a.jpg")
    os.mkfifo(folder / "pipe.jpg")
    assert find_pictures(folder).files == ["a.jpg"]


def test_names_in_an_old_encoding_are_listed(tmp_path: Path):
    folder = folder_of(tmp_path, "a.jpg", "line\nend.jpg")
    with open(os.fsencode(folder) + b"/caf\xe9.jpg", "wb") as handle:
        handle.write(jpeg(3))
    found = find_pictures(folder)
    assert found.files == ["a.jpg", "line\nend.jpg"]
    assert [(p.file, p.reason) for p in found.problems] == [("caf?.jpg", "the file's name is not UTF-8")]
    own = read_own(folder)
    write_table(tmp_path / "problems.csv", own.problems)
    own.works.to_parquet(tmp_path / "works.parquet")
    assert own.works["title"].tolist() == ["a", "line end"]
