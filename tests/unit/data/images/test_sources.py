"""One interface over loose files, tar shards and zip archives."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.images import zips
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
    # As another process gets them: each one a few hundred bytes, whatever else the source has.
    elsewhere = {name: pickle.dumps(source.reader(name)) for name in [*source.sizes(), "Baroque/none.jpg"]}
    with pytest.raises(FileNotFoundError):
        pickle.loads(elsewhere.pop("Baroque/none.jpg"))()
    assert {name: pickle.loads(data)() for name, data in elsewhere.items()} == IMAGES
    assert max(map(len, elsewhere.values())) < 1000


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


def test_a_manifest_next_to_the_style_folders_is_found(tmp_path: Path):
    write_folder(tmp_path / "data" / "wikiart")
    (tmp_path / "data" / "wikiart" / "manifest.csv").write_text("path\n")
    source = open_images(tmp_path)
    assert set(source.sizes()) == set(IMAGES) and (source.root / "manifest.csv").is_file()
    assert source.read("Cubism/b_0.jpg") == IMAGES["Cubism/b_0.jpg"]


def test_an_uncompressed_tar_may_be_named(tmp_path: Path):
    write_tars(tmp_path / "tars")
    assert len(open_images(tmp_path / "tars" / "00000.tar").sizes()) == 2


def test_a_double_name_in_a_zip_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for content in (b"one", b"two"):
            archive.writestr("Style/a.jpg", content)
    with pytest.raises(ArtExtractError, match=r"Style/a\.jpg is in the archive twice"):
        open_images(tmp_path / "a.zip")


def zipped(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("S/a.jpg", content)
        archive.writestr("S/b.jpg", IMAGES["Cubism/b_0.jpg"])
    return path


def patched(path: Path, **values: int) -> Path:
    """The archive with other values in the directory's entry of its first member."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2")
    places = {
        "flag_bits": (8, 2),
        "compress_type": (10, 2),
        "compress_size": (20, 4),
        "file_size": (24, 4),
        "mode": (38, 4),
    }
    for name, value in values.items():
        start, size = places[name]
        data[at + start : at + start + size] = value.to_bytes(size, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("content", "values", "code"),
    [
        (b"x", {"file_size": 300 * 2**20}, "too_many_bytes"),
        (bytes(17 * 2**20), {}, "archive_bomb"),
        (bytes(5 * 2**20), {"file_size": 100}, "archive_member"),  # promises 100 bytes, unpacks to 5 MB
        (b"x" * 99, {"flag_bits": 1}, "encrypted"),
        (b"x" * 99, {"compress_type": 14}, "archive_method"),
        (b"x" * 99, {"compress_type": 99}, "archive_method"),
        (b"b.jpg", {"mode": 0o120777 << 16}, "archive_link"),
    ],
)
def test_a_member_that_must_not_be_unpacked_is_unreadable_and_the_next_is_read(
    tmp_path: Path, content: bytes, values: dict[str, int], code: str
):
    source = open_images(patched(zipped(tmp_path / "a.zip", content), **values))
    with pytest.raises(UnreadableImage) as caught:
        source.read("a.jpg" if "a.jpg" in source.sizes() else "S/a.jpg")
    assert caught.value.code == code
    assert source.read("S/b.jpg") == IMAGES["Cubism/b_0.jpg"]


def test_a_member_is_unpacked_in_blocks(tmp_path: Path):
    """The directory promises 100 bytes; reading all at once would unpack 64 MB to find out."""
    source = open_images(patched(zipped(tmp_path / "a.zip", bytes(64 * 2**20)), file_size=100))
    tracemalloc.start()
    with pytest.raises(UnreadableImage):
        source.read("S/a.jpg")
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()


def test_members_that_share_their_bytes_are_refused(tmp_path: Path):
    path = zipped(tmp_path / "a.zip", b"x" * 500, zipfile.ZIP_STORED)
    with pytest.raises(ArtExtractError, match="overlap"):
        open_images(patched(path, compress_size=600))


def test_a_list_of_too_many_members_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = zipped(tmp_path / "a.zip", b"x")
    for name, value in (("MAX_MEMBERS", 1), ("MAX_DIRECTORY", 10)):
        with monkeypatch.context() as patch:
            patch.setattr(zips, name, value)
            with pytest.raises(ArtExtractError, match="members"):
                open_images(path)


def tarred(path: Path, *members: tarfile.TarInfo) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, "elsewhere.jpg"
    return info


def test_links_in_a_tar_are_there_and_cannot_be_read(tmp_path: Path):
    kinds = {"S/a.jpg": tarfile.SYMTYPE, "S/b.jpg": tarfile.LNKTYPE, "S/c.jpg": tarfile.FIFOTYPE}
    path = tarred(tmp_path / "t" / "a.tar", *(member(n, k) for n, k in kinds.items()), member("S/d.jpg", size=9))
    source = open_images(path.parent)
    assert list(source.sizes()) == ["S/a.jpg", "S/b.jpg", "S/d.jpg"] and source.read("S/d.jpg") == b"x" * 9
    for name in ("S/a.jpg", "S/b.jpg"):
        with pytest.raises(UnreadableImage) as caught:
            source.read(name)
        assert caught.value.code == "archive_link"


@pytest.mark.parametrize("what", ["cut", "negative", "long name", "unsafe", "pipe"])
def test_a_tar_that_lies_about_sizes_is_refused(tmp_path: Path, what: str):
    path = tarred(tmp_path / "t" / "a.tar", member("S/a.jpg", size=5000))
    data = bytearray(path.read_bytes())
    if what == "cut":
        path.write_bytes(data[:3000])
    elif what == "pipe":
        os.mkfifo(path.parent / "b.tar")
        assert open_images(path.parent).sizes() == {"S/a.jpg": 5000}
        return
    elif what == "unsafe":
        tarred(path, member("../a.jpg", size=1))
    else:
        header = tarfile.TarInfo("S/a.jpg")
        header.type = tarfile.XHDTYPE if what == "long name" else tarfile.REGTYPE
        header.size = -512 if what == "negative" else 5 * 10**9
        with path.open("wb") as handle:
            handle.write(header.tobuf(tarfile.GNU_FORMAT))
            handle.truncate(6 * 10**9)
    with pytest.raises(
        ArtExtractError, match="unsafe path" if what == "unsafe" else "not readable as uncompressed tar"
    ):
        open_images(path.parent)
