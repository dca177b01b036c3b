from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import pandas as pd
import pytest

from artextract.core import files
from artextract.core.atomic import Output, atomic, move_file
from artextract.core.errors import ArtExtractError
from artextract.core.kept import keep_bytes, kept_file
from tests.damage import small_disk

MEGABYTE = 2**20
BIG = np.random.default_rng(0).integers(0, 256, 2 * MEGABYTE, dtype=np.uint8)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("disk") / "full", MEGABYTE) as place:
        yield place


def as_torch(path: Path) -> None:
    import torch

    with atomic(path) as handle:
        torch.save({"a": torch.from_numpy(BIG), "b": torch.zeros(3)}, cast(IO[bytes], handle))


def silent(path: Path) -> None:
    """A writer that stops where the disk is full, and says nothing, as streams of C++ do."""
    with path.open("wb", buffering=0) as handle:
        try:
            while handle.write(BIG[:4096].tobytes()):
                pass
        except OSError:
            pass


WRITERS: dict[str, Callable[[Path], object]] = {
    "bytes": lambda path: files.write_bytes(path, BIG.tobytes()),
    "array": lambda path: files.write_array(path, BIG),
    "tensors": lambda path: files.write_tensors(path, {"a": BIG}),
    "torch": as_torch,
    "parquet": lambda path: files.write_table(path.with_suffix(".parquet"), pd.DataFrame({"a": BIG})),
    "csv": lambda path: files.write_table(path.with_suffix(".csv"), pd.DataFrame({"a": BIG[: MEGABYTE // 2]})),
    "metrics": lambda path: files.write_metrics(path, {"a": "x" * 2 * MEGABYTE}),
    "kept bytes": lambda path: keep_bytes(path, BIG.tobytes()),
    "kept file by the writer": lambda path: kept_file(path, lambda new: files.write_array(new, BIG), "things"),
    "kept file": lambda path: kept_file(path, lambda new: new.write_bytes(BIG.tobytes()), "things"),
    "kept by a silent writer": lambda path: kept_file(path, silent, "things"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_said_by_every_writer_and_leaves_no_part_of_a_file(disk: Path, writer: str) -> None:
    path = disk / writer / "x.bin"
    with pytest.raises(ArtExtractError, match="the disk is full; nothing was left half-written") as caught:
        WRITERS[writer](path)
    assert str(caught.value.where).startswith(f"{path.parent}/x.") and "free some space" in str(caught.value)
    assert [name for name in os.listdir(path.parent) if not name.endswith((".lock", ".seal"))] == []


def test_a_move_to_a_full_disk_keeps_the_source_and_leaves_nothing(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "shard.tar").write_bytes(BIG.tobytes())
    with pytest.raises(ArtExtractError, match="the disk is full"):
        move_file(tmp_path / "shard.tar", disk / "out" / "shard.tar")
    assert os.listdir(disk / "out") == [] and (tmp_path / "shard.tar").stat().st_size == len(BIG)
    (tmp_path / "small").write_bytes(b"small")
    move_file(tmp_path / "small", disk / "out" / "small")
    assert (disk / "out" / "small").read_bytes() == b"small" and os.listdir(tmp_path) == ["shard.tar"]


def test_a_file_larger_than_allowed_is_said(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, hard))
    try:
        with pytest.raises(ArtExtractError, match="larger than is allowed") as caught:
            files.write_array(tmp_path / "x.npy", BIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "ulimit -f" in str(caught.value) and os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_what_else_a_disk_refuses_is_said_in_words(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(ArtExtractError) as caught:
        files.write_bytes(tmp_path / "x", b"x")
    assert str(tmp_path / "x") in str(caught.value) and "Remedy: " in str(caught.value)
    assert "[Errno" not in str(caught.value) and os.listdir(tmp_path) == []


def test_long_names_can_be_written(tmp_path: Path) -> None:
    name = "ü" * 126 + "ab"
    files.write_bytes(tmp_path / name, b"x")
    assert os.listdir(tmp_path) == [name]


def test_an_output_is_seekable_as_archives_need_it(tmp_path: Path) -> None:
    import zipfile

    with atomic(tmp_path / "a.zip") as handle:
        assert isinstance(handle, Output)
        with zipfile.ZipFile(handle, "w") as archive:
            archive.writestr("a", "content")
    assert zipfile.ZipFile(tmp_path / "a.zip").read("a") == b"content"
