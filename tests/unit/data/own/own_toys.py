"""Small folders and tables for the tests of a user's own pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.conftest import jpeg


def folder_of(root: Path, *names: str) -> Path:
    """A folder of small pictures with these names."""
    folder = root / "pictures"
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(seed))
    return folder


def table_of(root: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    """A table beside the folder of pictures."""
    path = root / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook_of(root: Path, lines: Sequence[Sequence[object]], name: str = "table.xlsx") -> Path:
    """An Excel workbook with one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(list(line))
    path = root / name
    book.save(path)
    return path
