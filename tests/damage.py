"""Ways in which a kept file is damaged, and small disks that are really full."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _longer(path: Path) -> None:
    with path.open("ab") as handle:
        handle.write(b"and more")


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x80\x04[[[[{\xff\x00" * 40)


def _folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def _gone(path: Path) -> None:
    path.unlink()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flip": _flip,
    "zeros": _zeros,
    "cut": _cut,
    "empty": _empty,
    "longer": _longer,
    "garbage": _garbage,
    "folder": _folder,
    "dangling": _dangling,
    "gone": _gone,
}


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A real file system of ``size`` bytes at ``place``; the test is skipped where nothing may be mounted."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one: root, or `unshare -rm python -m pytest ...`")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
