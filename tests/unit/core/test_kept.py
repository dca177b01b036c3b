from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from artextract.core import kept
from artextract.core.errors import ArtExtractError
from tests.damage import DAMAGES

CONTENT = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def as_file(path: Path) -> None:
    path.write_bytes(CONTENT)


def as_folder(path: Path) -> None:
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "a").write_bytes(CONTENT)
    (path / "b").write_bytes(b"b")


def never(path: Path) -> None:
    raise AssertionError("made again")


@pytest.mark.parametrize("make", [as_file, as_folder])
def test_made_once_and_found_again_without_a_word(
    cache: Path, make: Callable[[Path], None], capfd: pytest.CaptureFixture
) -> None:
    path = cache / "kind" / "x.bin"
    assert kept.kept_file(path, make, "things") == path and kept.is_intact(path)
    assert kept.kept_file(path, never, "things") == path
    assert sorted(os.listdir(path.parent)) == ["x.bin", "x.bin.lock", "x.bin.seal"] and capfd.readouterr().err == ""


@pytest.mark.parametrize("victim", ["x.bin", "x.bin.seal"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew_with_one_line(
    cache: Path, damage: str, victim: str, capfd: pytest.CaptureFixture
) -> None:
    path = kept.kept_file(cache / "kind" / "x.bin", as_file, "things")
    DAMAGES[damage](cache / "kind" / victim)
    assert kept.kept_file(path, as_file, "things").read_bytes() == CONTENT and kept.is_intact(path)
    said = capfd.readouterr().err
    assert said.count("\n") == (1 if damage != "gone" or victim != "x.bin" else 0)
    assert not said or (str(path) in said and said.startswith("things: "))
    kept.kept_file(path, never, "things")
    assert len(os.listdir(path.parent)) == 3


@pytest.mark.parametrize("damage", ["flip", "cut", "folder", "gone"])
def test_a_folder_is_as_good_as_its_worst_file(cache: Path, damage: str) -> None:
    path = kept.kept_file(cache / "kind" / "x", as_folder, "things")
    DAMAGES[damage](path / "inner" / "a")
    assert not kept.is_intact(path)
    assert (kept.kept_file(path, as_folder, "things") / "inner" / "a").read_bytes() == CONTENT


def test_a_file_more_in_a_folder_is_not_believed(cache: Path) -> None:
    path = kept.kept_file(cache / "kind" / "x", as_folder, "things")
    (path / "c").write_bytes(b"c")
    assert not kept.is_intact(path)


def test_bytes_are_sealed_before_they_have_their_name(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache / "kind" / "x"
    kept.keep_bytes(path, b"old")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(kept, "write_bytes", killed)
        kept.keep_bytes(path, b"new")
    assert not kept.is_intact(path)  # the old content under the new seal
    kept.keep_bytes(path, b"new")
    assert kept.is_intact(path) and path.read_bytes() == b"new"


@pytest.mark.parametrize("there", ["file", "folder"])
def test_bytes_take_the_place_of_anything(cache: Path, there: str) -> None:
    (cache / "x" / "y").mkdir(parents=True)
    (cache / "x.seal").mkdir()
    kept.keep_bytes(cache / "x", b"new")
    assert kept.is_intact(cache / "x")


def test_a_failed_make_leaves_nothing(cache: Path) -> None:
    path = cache / "kind" / "x"

    def half(place: Path) -> None:
        place.write_bytes(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.kept_file(path, half, "things")
    assert os.listdir(path.parent) == ["x.lock"]


def test_a_file_in_the_place_of_a_folder_is_removed_in_the_cache_only(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    cache.mkdir()
    (cache / "kind").write_text("?")
    kept.kept_file(cache / "kind" / "x", as_file, "things")
    assert str(cache / "kind") in capfd.readouterr().err
    mine = cache.parent / "mine"
    mine.write_text("letters of a lifetime")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(mine))
    with pytest.raises(ArtExtractError, match="is a file") as caught:
        kept.kept_file(mine / "kind" / "x", as_file, "things")
    assert str(mine) in str(caught.value) and "ARTEXTRACT_CACHE" in str(caught.value) and mine.is_file()
