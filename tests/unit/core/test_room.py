"""Room on the disk is looked at before something large is written."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.room import check_room, size_of
from artextract.data.images.shard_writer import least_bytes

Usage = namedtuple("Usage", "total used free")


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(2**30, 0, 5 * 2**20) if place.exists() else None)
    check_room(tmp_path / "not/yet/there", 5 * 2**20, "the images")
    with pytest.raises(ArtExtractError, match=r"the images take at least 6 MiB, and 5 MiB are free(.|\n)*Remedy: free"):
        check_room(tmp_path / "not/yet/there", 6 * 2**20, "the images")
    assert list(tmp_path.iterdir()) == []


def test_what_is_certainly_needed_is_never_more_than_the_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    assert size_of(tmp_path) == 3
    assert least_bytes([10, 10**9], 640) == 10 + 25_600
