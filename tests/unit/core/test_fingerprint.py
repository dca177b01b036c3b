"""Identities of files, content and code."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from artextract.core import fingerprint


def test_sha256_of_known_strings(tmp_path: Path) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fingerprint.sha256_bytes(b"") == empty
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert fingerprint.sha256_file(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_content_key_depends_on_every_part_and_on_their_order() -> None:
    keys = [
        fingerprint.content_key("a", 1),
        fingerprint.content_key("a", 2),
        fingerprint.content_key(1, "a"),
        fingerprint.content_key(["a", 1]),
        fingerprint.content_key("a", 1, None),
        fingerprint.content_key("a1"),
    ]
    assert len(set(keys)) == len(keys)
    assert fingerprint.content_key({"x": 1, "y": 2}) == fingerprint.content_key({"y": 2, "x": 1})
    assert all(len(key) == 20 and key.isalnum() for key in keys)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`a` imports `rooms.b` at its top and `rooms.c` inside a function; nothing imports `d`."""
    folder = tmp_path / "artextract"
    (folder / "rooms").mkdir(parents=True)
    (folder / "params").mkdir()
    for name in ("__init__", "rooms/__init__", "params/__init__", "params/p", "rooms/b", "rooms/c", "d", "typed"):
        (folder / f"{name}.py").write_text(f"NAME = {name!r}\n")
    (folder / "a.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from artextract.params.p import NAME\n"
        "from artextract.rooms.b import NAME as B\n"
        "if TYPE_CHECKING:\n    import artextract.typed\n"
        "def f():\n    from artextract.rooms import c\n"
    )
    monkeypatch.setattr(fingerprint, "SRC", tmp_path)
    return folder


def test_the_closure_holds_all_that_is_imported_and_no_more(package: Path):
    found = fingerprint.code_closure("artextract.a")
    assert set(found) == {
        "artextract", "artextract.a", "artextract.rooms", "artextract.rooms.b", "artextract.rooms.c"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["a", "rooms/b", "rooms/c", "rooms/__init__"])
def test_an_edit_of_imported_code_is_another_code(package: Path, name: str):
    before = fingerprint.code_of("artextract.a")
    assert fingerprint.code_of("artextract.a") == before
    (package / f"{name}.py").write_text((package / f"{name}.py").read_text() + "# changed\n")
    assert fingerprint.code_of("artextract.a") != before


@pytest.mark.parametrize("name", ["d", "params/p", "typed"])
def test_an_edit_of_other_code_and_of_the_schema_is_not(package: Path, name: str):
    before = fingerprint.code_of("artextract.a")
    (package / f"{name}.py").write_text("changed = True\n")
    assert fingerprint.code_of("artextract.a") == before


def test_another_place_is_the_same_code(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = fingerprint.code_of("artextract.a")
    shutil.copytree(tmp_path, tmp_path / "moved")
    monkeypatch.setattr(fingerprint, "SRC", tmp_path / "moved")
    assert fingerprint.code_of("artextract.a") == before


def test_an_unknown_module_is_refused():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        fingerprint.code_of("artextract.no_such_module")


@pytest.mark.parametrize(
    "edited", ["pictures.style", "search.query", "cli.search", "classification.evaluation.figures"]
)
def test_a_training_does_not_know_figures_or_the_search(edited: str):
    """An edit there must not discard the checkpoints of an interrupted training."""
    assert f"artextract.{edited}" not in fingerprint.code_closure("artextract.classification.network.train")


def test_versions_of_libraries():
    found = fingerprint.libraries("numpy", "no-such-distribution")
    assert found["numpy"][0].isdigit() and found["no-such-distribution"] == ""
