from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
import yaml

from artextract.core import known_hashes
from artextract.core.declared import check_inputs, settle_outs
from artextract.core.errors import ArtExtractError
from artextract.core.intact import damaged, intact_content, require_intact
from artextract.core.locked import Locked, Out, md5_of, object_in


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


FILES = {"data/nga/index.parquet": b"index", "data/nga/00000.tar": b"pictures", "data/images.npy": b"array"}


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def out_of(checkout: Path, path: str) -> Out:
    return next(out for out in Locked(checkout).outs if out.path == path)


def flip(path: Path) -> None:
    """One byte, as a disk does it: the size stays."""
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two stages that have run, and one that reads what they wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "own-cache"))
    monkeypatch.delenv("DVC_STAGE", raising=False)
    for name, content in FILES.items():
        write(tmp_path / name, content)
    write(tmp_path / "plots/p/a.csv", b"plot")
    listing = [{"md5": md5(FILES[f"data/nga/{name}"]), "relpath": name} for name in ("00000.tar", "index.parquet")]
    content = json.dumps(listing).encode()
    folder = f"{md5(content)}.dir"
    write(object_in(tmp_path / ".dvc/cache", folder), content)
    outs = {
        "fetch_nga": [("data/nga", folder), ("plots/p", md5_of(tmp_path / "plots/p"))],
        "embed": [("data/images.npy", md5(b"array"))],
    }
    lock = {name: {"outs": [{"path": path, "md5": value} for path, value in of]} for name, of in outs.items()}
    write(tmp_path / "dvc.lock", yaml.safe_dump({"stages": lock}).encode())
    deps = ["data/nga", "data/images.npy", "plots/p", "../../src"]
    stages = {
        "fetch_nga": {"outs": ["data/nga", {"plots/p": {"cache": False}}]},
        "embed": {"outs": ["data/images.npy"]},
        "train": {"deps": deps},
    }
    write(tmp_path / "dvc.yaml", yaml.safe_dump({"stages": stages}).encode())
    monkeypatch.setattr(Path, "exists", lambda path: str(path) == "../../src" or os.path.exists(path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "stage"),
    [("data/nga/index.parquet", "fetch_nga"), ("data/images.npy", "embed"), ("plots/p/a.csv", "fetch_nga")],
)
def test_a_stage_refuses_a_flipped_byte_and_a_missing_file(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str, stage: str
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    check_inputs("train")
    flip(checkout / name)
    folder = "plots/p" if name.startswith("plots") else name
    with pytest.raises(ArtExtractError, match=rf"(?s){folder}: not what stage {stage} wrote.*verify --repair"):
        check_inputs("train")
    monkeypatch.delenv("DVC_STAGE")  # by hand: what other stages wrote by hand is in no record
    check_inputs("train")
    monkeypatch.setenv("DVC_STAGE", "train")
    if "nga" in name:
        (checkout / name).unlink()
        with pytest.raises(ArtExtractError, match="it is missing"):
            check_inputs("train")


def test_shards_are_left_to_their_readers_and_frozen_stages_to_their_owner(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    flip(checkout / "data/nga/00000.tar")
    check_inputs("train")
    flip(checkout / "data/images.npy")
    text = (checkout / "dvc.yaml").read_text()
    (checkout / "dvc.yaml").write_text(text.replace("  embed:\n", "  embed:\n    frozen: true\n"))
    check_inputs("train")


def test_a_damaged_list_of_a_folder_is_not_believed(checkout: Path) -> None:
    nga = out_of(checkout, "data/nga")
    listing = object_in(checkout / ".dvc/cache", nga.md5)
    listing.write_bytes(listing.read_bytes().replace(b"index.parquet", b"other.parquet"))
    assert Locked(checkout).files(nga) is None
    wrong = damaged(Locked(checkout), ["data/nga/index.parquet"])  # nothing is known of a part of the folder
    assert wrong == []
    flip(checkout / "data/nga/index.parquet")
    assert [file.path.name for file in damaged(Locked(checkout), ["data/nga"])] == ["nga"]


@pytest.mark.parametrize(
    "text", ["", "stages:", "stages: [a]", "stages: {a: b, c: {outs: [d, {path: e}]}, f: {outs: }}"]
)
def test_a_lock_of_another_form_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "dvc.lock").write_text(text)
    assert Locked(tmp_path).outs == []


def test_a_cache_elsewhere_is_found(checkout: Path) -> None:
    (checkout / ".dvc/cache").rename(checkout / "elsewhere")
    (checkout / ".dvc/config.local").write_text("[cache]\n    dir = ../elsewhere\n")
    assert set(Locked(checkout).files(out_of(checkout, "data/nga")) or ()) == {
        "data/nga/index.parquet",
        "data/nga/00000.tar",
    }


def test_commands_check_what_they_read_and_remember_it(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(known_hashes, "md5_of", lambda path: read.append(path) or md5(path.read_bytes()))
    for _ in range(2):
        require_intact(Path("data/nga/index.parquet"), Path("data/images.npy"), checkout / "elsewhere.npy")
    assert sorted(path.name for path in read) == ["images.npy", "index.parquet"]
    status = (checkout / "data/images.npy").stat()
    flip(checkout / "data/images.npy")
    os.utime(checkout / "data/images.npy", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ArtExtractError, match=r"(?s)images\.npy: not what stage embed wrote.*dvc commit embed"):
        require_intact(Path("data/images.npy"))
    content = (checkout / "data/images.npy").read_bytes()
    write(object_in(checkout / ".dvc/cache", md5(content)), content)  # of another run, whole
    require_intact(Path("data/images.npy"))
    for memory in (checkout / "own-cache/checked").iterdir():  # a damaged memory is no memory
        memory.write_text("{")
    require_intact(Path("data/images.npy"))


def test_a_damaged_memory_of_what_was_checked_accuses_no_file(checkout: Path) -> None:
    require_intact(checkout / "data")
    (memory,) = (checkout / "own-cache/checked").glob("*.json")
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps({path: entry | {"md5": "0" * 32} for path, entry in known.items()}))
    require_intact(checkout / "data")
    assert json.loads(memory.read_text()) == known


def test_a_damaged_object_of_what_a_stage_has_written_again_is_dropped(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = {name: object_in(checkout / ".dvc/cache", md5(content)) for name, content in FILES.items()}
    for name, path in objects.items():
        write(path, FILES[name] if name.endswith("parquet") else b"damaged")
    settle_outs("fetch_nga")  # by hand: DVC stores nothing
    monkeypatch.setenv("DVC_STAGE", "fetch_nga")
    settle_outs("fetch_nga")
    assert {name for name, path in objects.items() if path.exists()} == {"data/nga/index.parquet", "data/images.npy"}
    assert "was dropped, and is stored anew" in capsys.readouterr().err
    listing = object_in(checkout / ".dvc/cache", out_of(checkout, "data/nga").md5)
    assert listing.is_file()
    flip(listing)
    settle_outs("fetch_nga")
    assert not listing.exists()


def test_content_from_the_cache_is_compared_with_its_name() -> None:
    assert intact_content(b"a", md5(b"a"), "data/x") == b"a" == intact_content(b"a", None, "README.md")
    with pytest.raises(ArtExtractError, match="holds something else"):
        intact_content(b"b", md5(b"a"), "data/x")
