"""One interface over loose files, tar shards and zip archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import UnreadableImage
from artextract.data.images.sources import FolderImages, TarImages, ZipImages, open_images
from tests.conftest import jpeg

IMAGES = {f"Baroque/a_{i}.jpg": jpeg(i) for i in range(3)} | {"Cubism/b_0.jpg": jpeg(9)}


def write_folder(root: Path) -> Path:
    for name, data in IMAGES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "readme.txt").write_text("no image")
    return root


def write_tars(root: Path) -> Path:
    root.mkdir(parents=True)
    for k, part in enumerate((list(IMAGES)[:2], list(IMAGES)[2:])):
        with tarfile.open(root / f"{k:05d}.tar", "w") as tar:
            for name in part:
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(IMAGES[name])
                tar.addfile(member, io.BytesIO(IMAGES[name]))
    return root


def write_zip(root: Path, prefix: str = "wikiart/") -> Path:
    root.mkdir(parents=True)
    with zipfile.ZipFile(root / "wikiart.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in IMAGES.items():
            archive.writestr(f"{prefix}{name}", data)
        archive.writestr("__MACOSX/._x.jpg", b"")
    return root


@pytest.mark.parametrize(
    ("write", "kind"), [(write_folder, FolderImages), (write_tars, TarImages), (write_zip, ZipImages)]
)
def test_all_forms_give_the_same_names_sizes_and_bytes(tmp_path: Path, write, kind):
    source = open_images(write(tmp_path / "images"))
    assert isinstance(source, kind)
    assert dict(source.sizes()) == {name: len(data) for name, data in IMAGES.items()}
    assert {name: source.read(name) for name in source.sizes()} == IMAGES
    with pytest.raises(FileNotFoundError):
        source.read("Baroque/none.jpg")


def test_the_archive_itself_may_be_named_and_needs_no_top_folder(tmp_path: Path):
    write_zip(tmp_path / "z", prefix="")
    assert set(open_images(tmp_path / "z" / "wikiart.zip").sizes()) == set(IMAGES)


def test_a_broken_zip_member_is_unreadable_and_the_others_are_used(tmp_path: Path):
    path = write_zip(tmp_path / "z") / "wikiart.zip"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("wikiart/Baroque/a_1.jpg")
    start = info.header_offset + 30 + len(info.filename)
    data[start + 20 : start + 60] = bytes(40)
    path.write_bytes(data)
    source = open_images(path)
    with pytest.raises(UnreadableImage, match="member of the archive is damaged"):
        source.read("Baroque/a_1.jpg")
    assert source.read("Baroque/a_0.jpg") == IMAGES["Baroque/a_0.jpg"]


def test_a_truncated_archive_is_refused_with_its_name(tmp_path: Path):
    path = write_zip(tmp_path / "z") / "wikiart.zip"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArtExtractError, match=r"wikiart\.zip: not readable as zip"):
        open_images(path)


def test_unsafe_and_double_names_are_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../evil.jpg", b"x")
    with pytest.raises(ArtExtractError, match="unsafe path"):
        open_images(tmp_path / "a.zip")
    root = write_tars(tmp_path / "tars")
    (root / "00002.tar").write_bytes((root / "00000.tar").read_bytes())
    with pytest.raises(ArtExtractError, match=r"00002\.tar: Baroque/a_0\.jpg is in 00000\.tar already"):
        open_images(root)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("prefix", ["", "wikiart/", "wikiart/Baroque/"])
def test_a_name_that_is_in_a_zip_twice_is_refused(tmp_path: Path, prefix: str):
    """Two different pictures under one name: which of them the lists mean cannot be known."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in (("a_0.jpg", jpeg(0)), ("a_1.jpg", jpeg(1)), ("a_0.jpg", jpeg(2))):
            archive.writestr(prefix + name, data)
    with pytest.raises(ArtExtractError, match=r"a_0\.jpg is in the archive twice"):
        open_images(tmp_path / "a.zip")


def test_a_compressed_tar_is_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "x.tar", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.jpg"))
    with pytest.raises(ArtExtractError, match="uncompressed tar"):
        open_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("wikiart.tar.gz", b"\x1f\x8b\x08", r"is a tar archive, compressed.*tar -xf wikiart\.tar\.gz"),
        ("wikiart.rar", b"Rar!\x1a\x07", r"is a rar archive.*unrar x wikiart\.rar"),
        ("wikiart.7z", b"7z\xbc\xaf", "7z x wikiart"),
        ("wikiart.zip.001", b"PK\3\4", "in parts"),
        ("train.parquet", b"PAR1", "a parquet table.*export its pictures"),
        ("wikiart.zip", b"<!doctype html><title>Sign in", "it is a web page"),
        ("wikiart.zip", b"", "it is an empty file"),
    ],
)
def test_what_is_no_archive_of_pictures_is_named_with_what_to_do(tmp_path: Path, name: str, data: bytes, words: str):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ArtExtractError, match=f"(?s){words}"):
        open_images(tmp_path / name)


def test_an_uncompressed_tar_may_be_named(tmp_path: Path):
    write_tars(tmp_path / "tars")
    assert len(open_images(tmp_path / "tars" / "00000.tar").sizes()) == 2
