"""The rows of one list: where the path is and where the label, whichever program saved the list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LABEL = re.compile(r"(\d{1,9})(?:\.0{1,9})?")  # pandas writes 3.0 where a column has empty cells
NUMBER = re.compile(r"\d+")
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Row:
    """One row that is not blank and no header.

    Attributes:
        line: Number of the line in the file, from 1.
        text: The line.
        path: Path of the image, with slashes.
        label: Number of the class; None where the last field is not an integer.
    """

    line: int
    text: str
    path: str
    label: int | None


def list_rows(lines: Sequence[str]) -> Iterator[Row]:
    """The rows of a list.

    The separator is a comma, as ArtGAN has it, unless only another one gives labels. Backslashes are slashes where no
    path of the list has a slash: such a list was made on Windows. A first field that is a number is a row number where
    all rows have one.

    Args:
        lines: Lines of the file, from the first.
    """
    separator = next((s for s in SEPARATORS if any(_label(_fields(line, s)) is not None for line in lines)), ",")
    rows = []
    for number, line in enumerate(lines, start=1):
        fields = _fields(line, separator)
        if any(fields) and not (not rows and fields[0].startswith("(")):
            rows.append((number, line, fields))
    labelled = [fields for _, _, fields in rows if _label(fields) is not None]
    skip = int(
        bool(labelled) and all(len(f) > 2 and NUMBER.fullmatch(f[0]) and not NUMBER.fullmatch(f[1]) for f in labelled)
    )
    paths = [fields[skip] if len(fields) > skip else "" for _, _, fields in rows]
    windows = not any("/" in path for path in paths)
    for (number, line, fields), path in zip(rows, paths, strict=True):
        yield Row(number, line, path.replace("\\", "/") if windows else path, _label(fields))


def _fields(line: str, separator: str) -> list[str]:
    """Fields without blanks around them; quotes are read as csv does where a field begins with one."""
    if '"' in line:
        try:
            parts = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:  # a quote that is not closed, or NUL
            parts = line.split(separator)
    else:
        parts = line.split(separator)
    return [part.strip() for part in parts] or [""]


def _label(fields: Sequence[str]) -> int | None:
    """The last field that is not empty, where it is a whole number and not the only field."""
    last = next((part for part in reversed(fields[1:]) if part), "")
    match = LABEL.fullmatch(last)
    return int(match[1]) if match else None
