"""The picture of a work by its stem, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from artextract.data.images.find import Found, PictureFolder, is_picture_name
from tests.conftest import jpeg


@pytest.mark.parametrize(
    "suffix", [".jpg", ".JPG", ".jpeg", ".Png", ".webp", ".TIFF", ".jp2", ".heic", ".avif", ".bmp"]
)
def test_any_accepted_suffix_in_any_case_is_found(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"1{suffix}").touch()
    (tmp_path / "10.jpg").touch()
    assert PictureFolder(tmp_path).find("1").path == tmp_path / f"1{suffix}"
    assert is_picture_name(f"1{suffix}")


@pytest.mark.parametrize("other", ["1.webp.txt", "1.psd", "1.jpg.part", "1.eps"])
def test_what_lies_there_instead_is_named(tmp_path: Path, other: str) -> None:
    (tmp_path / other).touch()
    found = PictureFolder(tmp_path).find("1")
    assert found.path is None and found.others == (other,)
    assert not is_picture_name(other)


def test_a_picture_without_a_suffix_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(jpeg(1))
    (tmp_path / "2").write_text("words")
    assert PictureFolder(tmp_path).find("1").path == tmp_path / "1"
    assert PictureFolder(tmp_path).find("2").path is None


def test_of_several_the_choice_is_always_the_same(tmp_path: Path) -> None:
    for name in ("1.tif", "1.png", "1.JPG", "2.tif", "2.bmp", "a.b.png", "a.png"):
        (tmp_path / name).touch()
    (tmp_path / "1.jpg").mkdir()
    folder = PictureFolder(tmp_path)
    assert [folder.find(stem).path for stem in ("1", "2", "a.b", "3")] == [
        tmp_path / "1.JPG",
        tmp_path / "2.tif",
        tmp_path / "a.b.png",
        None,
    ]
    assert PictureFolder(tmp_path / "none").find("1") == Found(None)
