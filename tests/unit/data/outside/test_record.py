from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.parent import STARTED_BY_DVC
from artextract.data.outside.record import RECORDS, look, museum, recorded, wikiart, write_record


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder behind all three variables; the records are written below another one."""
    root = tmp_path / "data"
    root.mkdir()
    (root / "objects.csv").write_text("objectid\n1\n")
    for name in ("ARTEXTRACT_NGA", "ARTEXTRACT_WIKIART"):
        monkeypatch.setenv(name, str(root))
    monkeypatch.delenv("ARTEXTRACT_ARTGAN_LISTS", raising=False)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    return root


@pytest.mark.parametrize(("section", "source"), [("nga", "met"), ("nga", "opendata"), ("artgan", "met")])
def test_what_no_folder_is_behind_has_a_constant_record(
    section: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ARTEXTRACT_NGA", "ARTEXTRACT_WIKIART"):
        monkeypatch.delenv(name, raising=False)
    assert look(section, source) == {"source": source}


@pytest.mark.parametrize("section", ["nga", "artgan"])
def test_a_folders_record_names_no_path(section: str, folder: Path, tmp_path: Path) -> None:
    record = look(section, "folder")
    assert record.keys() == {"source", "source_fingerprint", "source_files"} and record["source_files"] == 1
    assert str(tmp_path) not in json.dumps(record)


@pytest.mark.parametrize(("section", "variable"), [("nga", "ARTEXTRACT_NGA"), ("artgan", "ARTEXTRACT_WIKIART")])
def test_a_variable_that_is_not_set_is_named(
    section: str, variable: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(ArtExtractError, match=f"{variable} is not set"):
        look(section, "folder")


def test_lists_in_their_own_folder_count(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "style_train.csv").write_text("a.jpg,0\n")
    alone = look("artgan", "folder")
    monkeypatch.setenv("ARTEXTRACT_ARTGAN_LISTS", str(lists))
    assert (wikiart().images, wikiart().lists) == ((folder,), lists)
    first = look("artgan", "folder")
    (lists / "style_train.csv").write_text("a.jpg,1\n")
    second = look("artgan", "folder")
    assert len({str(r["source_fingerprint"]) for r in (alone, first, second)}) == 3 and first["source_files"] == 2


def test_the_manifest_next_to_an_archive_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "wikiart.zip").write_bytes(b"zip")
    monkeypatch.setenv("ARTEXTRACT_WIKIART", str(folder / "wikiart.zip"))
    alone = look("artgan", "folder")
    (folder / "unrelated.txt").write_text("x")
    assert look("artgan", "folder") == alone
    (folder / "manifest.csv").write_text("path,geometry\n")
    assert look("artgan", "folder")["source_fingerprint"] != alone["source_fingerprint"]


def test_every_folder_counts_and_so_does_their_order(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "wikiart.zip").write_bytes(b"zip")
    alone = look("artgan", "folder")
    monkeypatch.setenv("ARTEXTRACT_WIKIART", os.pathsep.join(map(str, (folder, second / "wikiart.zip"))))
    assert wikiart().lists == folder
    seen = [alone, look("artgan", "folder")]
    assert seen[-1]["source_files"] == 2
    (second / "manifest.csv").write_text("path,geometry\n")  # next to the second one, an archive
    seen.append(look("artgan", "folder"))
    (second / "wikiart.zip").write_bytes(b"ZIP")
    seen.append(look("artgan", "folder"))
    monkeypatch.setenv("ARTEXTRACT_ARTGAN_LISTS", str(folder))
    assert look("artgan", "folder") == seen[-1]
    monkeypatch.setenv("ARTEXTRACT_WIKIART", os.pathsep.join(map(str, (second / "wikiart.zip", folder))))
    seen.append(look("artgan", "folder"))
    assert len({str(record["source_fingerprint"]) for record in seen}) == len(seen)


@pytest.mark.parametrize("absolute", [True, False])
def test_labels_outside_the_folder_count(folder: Path, tmp_path: Path, absolute: bool) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("objectid,motif\n1,ship\n")
    name = str(labels) if absolute else "../labels.csv"
    first = look("nga", "folder", name)
    labels.write_text("objectid,motif\n1,dogs\n")
    assert look("nga", "folder", name)["source_fingerprint"] != first["source_fingerprint"]


def test_a_stage_that_is_started_by_hand_needs_no_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STARTED_BY_DVC, raising=False)
    with recorded("nga", "folder") as record:
        assert record == look("nga", "folder")
    write_record("nga", {"source": "met"})
    with pytest.raises(ArtExtractError, match="without -s"), recorded("nga", "folder"):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_record_that_cannot_be_read_describes_nothing(folder: Path, content: str) -> None:
    write_text(RECORDS / "nga.json", content)
    with pytest.raises(ArtExtractError, match="without -s"), recorded("nga", "folder"):
        pass


def test_a_stage_reads_only_what_dvc_has_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STARTED_BY_DVC, "fetch_nga")
    with pytest.raises(ArtExtractError, match=r"data/sources/nga.json.*\n.*without -s"), recorded("nga", "folder"):
        pass
    write_record("nga", look("nga", "folder"))
    with recorded("nga", "folder") as record:
        assert record == look("nga", "folder") and museum() == folder
    (folder / "objects.csv").write_text("objectid\n2\n")
    with pytest.raises(ArtExtractError, match="without -s"), recorded("nga", "folder"):
        pass


def test_data_that_are_changed_while_they_are_read_stop_the_stage(folder: Path) -> None:
    write_record("nga", look("nga", "folder"))
    with pytest.raises(ArtExtractError, match="changed while they were read"), recorded("nga", "folder"):
        (folder / "objects.csv").write_text("objectid\n2\n")
    write_record("nga", look("nga", "folder"))
    with pytest.raises(KeyError), recorded("nga", "folder"):  # the stage's own failure is not covered up
        (folder / "objects.csv").write_text("objectid\n3\n")
        raise KeyError
