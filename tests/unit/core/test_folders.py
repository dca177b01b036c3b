from __future__ import annotations

import os
from pathlib import Path

import pytest

from artextract.core import folders
from artextract.core.errors import ArtExtractError


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))


def test_cache_folder_prefers_the_variable_then_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "own"))
    assert folders.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("ARTEXTRACT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folders.cache_folder() == tmp_path / "xdg" / "artextract"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders.cache_folder() == tmp_path / ".cache" / "artextract"


def test_outside_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARTEXTRACT_X", raising=False)
    with pytest.raises(ArtExtractError, match=r"reads the paintings, and ARTEXTRACT_X is not set") as caught:
        folders.outside_folder("ARTEXTRACT_X", "the paintings")
    assert "export ARTEXTRACT_X=" in str(caught.value)
    monkeypatch.setenv("ARTEXTRACT_X", str(tmp_path / "nowhere"))
    with pytest.raises(ArtExtractError, match="nowhere, which does not exist") as caught:
        folders.outside_folder("ARTEXTRACT_X", "the paintings")
    assert "correct ARTEXTRACT_X; it must hold the paintings" in str(caught.value)
    monkeypatch.setenv("ARTEXTRACT_X", str(tmp_path))
    assert folders.outside_folder("ARTEXTRACT_X", "the paintings") == tmp_path.resolve()


def test_several_outside_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    for value, expected in ((f"{first}", (first,)), (f"{second}{os.pathsep}{first}", (second, first))):
        monkeypatch.setenv("ARTEXTRACT_X", value)
        assert folders.outside_folders("ARTEXTRACT_X", "the paintings") == expected
    for value, message in (
        (f"{first}{os.pathsep}", "has an empty part"),
        (f"{first}{os.pathsep}{first}", "names a folder twice"),
        (f"{first}{os.pathsep}{tmp_path / 'nowhere'}", "nowhere, which does not exist"),
    ):
        monkeypatch.setenv("ARTEXTRACT_X", value)
        with pytest.raises(ArtExtractError, match=message):
            folders.outside_folders("ARTEXTRACT_X", "the paintings")
    monkeypatch.delenv("ARTEXTRACT_X")
    with pytest.raises(ArtExtractError, match="ARTEXTRACT_X is not set"):
        folders.outside_folders("ARTEXTRACT_X", "the paintings")


@pytest.mark.parametrize(
    ("checkout", "expected"),
    [
        ("/a/project", "/a/project"),
        ("/a/project/.dvc/tmp/exps/tmp12ab", "/a/project"),
        ("/a/project/.dvc/tmp/exps/standard/tmp12ab/below", "/a/project"),
        ("/a/.dvc/tmp/exps/x/project/.dvc/tmp/exps/y", "/a/.dvc/tmp/exps/x/project"),
        ("/a/.dvc/tmp/project", "/a/.dvc/tmp/project"),
    ],
)
def test_the_repository_of_an_experiments_temporary_checkout_is_the_users(checkout: str, expected: str) -> None:
    assert folders.repository(Path(checkout)) == Path(expected)


def test_relative_paths_start_at_the_repository_wherever_a_command_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout" / "mine").mkdir(parents=True)
    monkeypatch.setattr(folders, "repository", lambda: tmp_path / "checkout")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTEXTRACT_X", "mine")
    assert folders.outside_folder("ARTEXTRACT_X", "the paintings") == tmp_path / "checkout" / "mine"
    monkeypatch.setenv("ARTEXTRACT_X", "yours")
    with pytest.raises(ArtExtractError, match="relative paths start at the root of the repository"):
        folders.outside_folder("ARTEXTRACT_X", "the paintings")
    monkeypatch.setenv("ARTEXTRACT_CACHE", "cache")
    assert folders.cache_folder() == tmp_path / "checkout" / "cache"
    monkeypatch.setenv("ARTEXTRACT_CACHE", "~/cache")
    assert folders.cache_folder() == Path.home() / "cache"
