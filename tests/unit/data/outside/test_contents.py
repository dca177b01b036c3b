from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_file
from artextract.core.folders import cache_folder
from artextract.data.outside import contents as module
from artextract.data.outside.contents import Contents, contents
from tests.damage import DAMAGES


@pytest.fixture(autouse=True)
def own_kept_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read, in order."""
    names: list[str] = []

    def noted(path: Path) -> str:
        names.append(path.name)
        return sha256_file(path)

    monkeypatch.setattr(module, "sha256_file", noted)
    return names


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files; they count as settled at once."""
    monkeypatch.setattr(module, "SETTLED", -1)
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    (root / "objects.csv").write_text("objectid\n1\n")
    for name in ("1", "2"):
        (root / "images" / f"{name}.jpg").write_bytes(b"picture " + name.encode())
    return root


def test_a_second_look_reads_no_file(folder: Path, hashed: list[str]):
    first = contents(folder)
    assert sorted(hashed) == ["1.jpg", "2.jpg", "objects.csv"] and first.files == 3
    assert contents(folder) == first and len(hashed) == 3


def test_copied_and_touched_files_have_the_same_fingerprint(folder: Path, tmp_path: Path):
    first = contents(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    os.utime(folder / "objects.csv")
    assert contents(folder) == contents(tmp_path / "elsewhere") == first


def _same_size_and_time(folder: Path) -> None:
    path = folder / "images" / "1.jpg"
    before = path.stat()
    other = folder / "new"
    other.write_bytes(b"PICTURE 1")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


CHANGES = {
    "edited": lambda folder: (folder / "objects.csv").write_text("objectid\n2\n"),
    "replaced": _same_size_and_time,
    "added": lambda folder: (folder / "images" / "3.jpg").write_bytes(b"picture 3"),
    "removed": lambda folder: (folder / "images" / "2.jpg").unlink(),
    "renamed": lambda folder: (folder / "images" / "2.jpg").rename(folder / "images" / "3.jpg"),
    "swapped": lambda folder: [(folder / "images" / f"{k}.jpg").write_bytes(b"picture %d" % (3 - k)) for k in (1, 2)],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_gives_another_fingerprint_and_undoing_it_the_first(
    folder: Path, tmp_path: Path, hashed: list[str], change: str
):
    first = contents(folder)
    shutil.copytree(folder, tmp_path / "copy")
    hashed.clear()
    CHANGES[change](folder)
    assert contents(folder).fingerprint != first.fingerprint
    assert len(hashed) <= 2  # the changed files alone
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "copy", folder)
    assert contents(folder) == first


def test_a_file_that_was_written_just_now_is_hashed_again(
    folder: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "SETTLED", 2_000_000_000)
    old = time.time() - 60
    (folder / "objects.csv").write_text("objectid\n1\n")
    contents(folder)
    hashed.clear()
    assert contents(folder).files == 3 and len(hashed) == 3  # all three were created a moment ago
    monkeypatch.setattr(module.time, "time_ns", lambda: int((old + 120) * 1e9))
    contents(folder)
    hashed.clear()
    contents(folder)
    assert hashed == []


def test_links_are_followed_and_circles_end(folder: Path, tmp_path: Path):
    alone = contents(folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "3.jpg").write_bytes(b"picture 3")
    (folder / "more").symlink_to(outside)
    (folder / "4.jpg").symlink_to(outside / "3.jpg")
    linked = contents(folder)
    assert linked.files == 5
    (outside / "3.jpg").write_bytes(b"PICTURE 3")
    assert contents(folder).fingerprint != linked.fingerprint
    for name in ("more", "4.jpg"):
        (folder / name).unlink()
    (folder / "circle").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "absent")
    os.mkfifo(folder / "pipe")
    assert contents(folder) == alone


def test_files_of_file_managers_do_not_count(folder: Path):
    before = contents(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    assert contents(folder) == before


def test_one_file_an_empty_folder_and_names_that_are_not_utf8(folder: Path, tmp_path: Path):
    archive = tmp_path / "wikiart.zip"
    archive.write_bytes(b"zip")
    assert contents(archive).files == 1
    first = contents(archive)
    archive.write_bytes(b"ZIP")
    assert contents(archive) != first
    (tmp_path / "empty").mkdir()
    assert contents(tmp_path / "empty").files == 0
    (Path(os.fsdecode(os.fsencode(folder) + b"/gr\xe9goire.jpg"))).write_bytes(b"x")
    assert contents(folder).files == 4 and contents(folder).files == 4


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_again(folder: Path, damage: str):
    first = contents(folder)
    for path in (cache_folder() / "sources").glob("*.json"):
        DAMAGES[damage](path)
    assert contents(folder) == first == contents(folder)


def test_a_hash_that_was_changed_in_the_cache_is_not_believed(folder: Path, capfd: pytest.CaptureFixture):
    first = contents(folder)
    for path in (cache_folder() / "sources").glob("*.json"):
        path.write_text(path.read_text().replace(first.fingerprint, "0" * 64))
    assert contents(folder) == first and "hashes of your files: " in capfd.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_named(folder: Path):
    (folder / "images").chmod(0)
    try:
        with pytest.raises(ArtExtractError, match=r"images.*cannot be read"):
            contents(folder)
    finally:
        (folder / "images").chmod(0o755)


def test_an_unreadable_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(module, "sha256_file", refuse)
    with pytest.raises(ArtExtractError, match=r"images/1.jpg: cannot be read: Permission denied"):
        contents(folder)


@pytest.mark.long
def test_as_many_files_as_wikiart_has(folder: Path, hashed: list[str], capsys: pytest.CaptureFixture[str]):
    for style in range(27):
        (folder / f"style{style}").mkdir()
        for i in range(3016 if style else 3027):
            os.close(os.open(folder / f"style{style}" / f"painter_{i}.jpg", os.O_CREAT | os.O_WRONLY))
    times = []
    seen: list[Contents] = []
    for _ in range(3):
        begin = time.perf_counter()
        seen.append(contents(folder))
        times.append(time.perf_counter() - begin)
    assert seen[0] == seen[1] == seen[2] and seen[0].files == 81_446
    assert len(hashed) == 81_446
    begin = time.perf_counter()
    (folder / "style3" / "painter_7.jpg").write_bytes(b"1")
    assert contents(folder) != seen[0] and len(hashed) == 81_447
    times.append(time.perf_counter() - begin)
    with capsys.disabled():
        print("\n81,446 files: first look, second, third, one changed:", *(f"{t:.2f} s" for t in times))
