"""Files that somebody else has named: nothing hangs, nothing is read without a bound, each failure has its code."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


def sparse(path: Path) -> None:
    with path.open("wb") as handle:
        handle.truncate(6 * 10**9)


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (pipe, "not_a_regular_file"),
        (bound_socket, "not_a_regular_file"),
        (Path.mkdir, "not_a_regular_file"),
        (lambda path: path.symlink_to("/dev/zero"), "not_a_regular_file"),
        (lambda path: path.symlink_to("nowhere"), "link_to_nothing"),
        (to_itself, "link_to_nothing"),
        (sparse, "too_many_bytes"),
    ],
)
def test_what_is_no_bounded_regular_file_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make, code: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make(tmp_path / "a.jpg")
    with pytest.raises(UnreadableImage) as caught:
        read_regular(tmp_path / "a.jpg")
    assert caught.value.code == code
    assert str(tmp_path) not in str(caught.value)


def test_a_file_is_read_through_a_link_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").symlink_to("a")
    assert read_regular(tmp_path / "b") == b"123"
    for name in ("none", "a/below-a-file"):
        with pytest.raises(FileNotFoundError):
            read_regular(tmp_path / name)


def test_a_file_that_tells_a_wrong_size_is_read_up_to_the_bound() -> None:
    place = Path("/proc/self/status")  # the size that it tells is 0
    if not place.exists():
        pytest.skip("this system has no /proc")
    with pytest.raises(UnreadableImage, match="more than 10"):
        read_regular(place, 10)


def test_a_file_that_changes_while_it_is_read_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    real, calls = os.fstat, []

    def changing(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        if len(calls) == 3:  # the last look, after the reading
            path.write_bytes(b"123")
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", changing)
    with pytest.raises(UnreadableImage) as caught:
        read_regular(path)
    assert caught.value.code == "changed_while_read"


def test_a_forbidden_file_has_its_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Keine Berechtigung", str(tmp_path))

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(UnreadableImage, match="you may not read this file"):
        read_regular(tmp_path / "a")
