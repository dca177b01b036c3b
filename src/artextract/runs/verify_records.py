"""Records of DVC's own that were cut: it writes them in place, and refuses every command where one is not readable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from artextract.core.files import write_bytes
from artextract.runs.verify_committed import Found, committed

RWLOCK = Path(".dvc/tmp/rwlock")
SOURCES = Path("data/sources")


def check_records(root: Path, folders: Sequence[Path], repair: bool) -> Iterator[Found]:
    """Read dvc.lock of every pipeline, and DVC's list of who reads and writes what; no DVC may be running here.

    Args:
        root: Root of the checkout.
        folders: Folders with a dvc.lock.
        repair: Write what git has in the place of a dvc.lock that was cut; where it has none, take the file away, so
            that `dvc repro` writes it anew. Take the list away.
    """
    if (problem := _problem(root / RWLOCK, json.loads)) and repair:
        (root / RWLOCK).unlink()
        yield str(root / RWLOCK), problem, "removed: no DVC is running here", True
    elif problem:
        yield str(root / RWLOCK), problem, f"`rm {RWLOCK}`, where no DVC is running", False
    for path in (folder / part / "dvc.lock" for folder in folders for part in (Path(), SOURCES)):
        if problem := _problem(path, yaml.safe_load):
            done, mended = _restored(root, path) if repair else (_advice(root, path), False)
            yield str(path), problem, done, mended


def _problem(path: Path, parse: Any) -> str:
    """What is wrong with a record; "" where it is readable, or not there."""
    if not path.is_file():
        return ""
    try:
        readable = isinstance(parse(path.read_text(encoding="utf-8")), dict)
    except (ValueError, yaml.YAMLError, RecursionError):
        readable = False
    return "" if readable else "was cut while DVC wrote it, and stops every command of DVC"


def _advice(root: Path, path: Path) -> str:
    name = path.relative_to(root).as_posix()
    return f"`git restore {name}`, or remove it: `dvc repro` writes it anew"


def _restored(root: Path, path: Path) -> tuple[str, bool]:
    content = committed(root, path.relative_to(root).as_posix())
    if content is None:
        path.unlink()
        return "removed: `dvc repro` writes it anew", True
    write_bytes(path, content)
    return "repaired from git", True
