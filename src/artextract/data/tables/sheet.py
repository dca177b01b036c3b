"""A user's table in memory: cells are text, columns have distinct names, rows know their number in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.text import NOTHING, Counts, clean_table
from artextract.data.images.formats import image_suffixes
from artextract.data.tables.problems import Problem
from artextract.data.tables.text import clean

MOST_COLUMNS = 2_000
HEADER_WITHIN = 25  # lines; above the header there may be a title, a date, a blank line


@dataclass
class Sheet:
    """A table as it was read.

    Attributes:
        cells: Text cells, an empty one is ""; column names are distinct and not empty.
        rows: Number of each row in the file as a spreadsheet counts it, from 1, the header included.
        problems: Rows that could not be taken as they are.
        fields: Columns whose meaning the form of the file fixes (field to column), as for a IIIF manifest.
        form: The form of the file in words, where it says what the columns mean.
        read_as: How the file was read, such as "semicolons, cp1252"; "" where there was no choice.
        cleaned: Cells that held characters which do something or hide, and cells that were cut.
    """

    cells: pd.DataFrame
    rows: list[int]
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    form: str = ""
    read_as: str = ""
    cleaned: Counts = NOTHING


def _width(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def is_list_of_files(grid: Sequence[Sequence[str]]) -> bool:
    """Whether the first line holds the name of an image already, so that there is no header."""
    first = next((line for line in grid if _width(line)), ())
    return any(Path(cell.strip()).suffix.lower() in image_suffixes() for cell in first)


def header_line(grid: Sequence[Sequence[str]], known: Sequence[int]) -> int:
    """Index of the line that holds the column names.

    Args:
        grid: The first lines of the file.
        known: How many cells of each of these lines are usual column names.

    Returns:
        The line with the most usual names, if it has two or more; else the first one that is filled to at least half
        of the widest line, so that a title above the header is passed over.
    """
    if known and max(known) >= 2:
        return list(known).index(max(known))
    widest = max((_width(line) for line in grid), default=0)
    return next((i for i, line in enumerate(grid) if _width(line) and 2 * _width(line) >= widest), 0)


def distinct(header: Sequence[str], where: str) -> list[str]:
    """Column names, cleaned, each different from the others: "" becomes "column 3", a second "Title" "Title (2)".

    Raises:
        ArtExtractError: More than ``MOST_COLUMNS`` columns.
    """
    if len(header) > MOST_COLUMNS:
        raise ArtExtractError(
            f"has {len(header):,} columns, more than {MOST_COLUMNS:,}",
            where=where,
            remedy="save a copy that has only the columns about the works",
        )
    names: list[str] = []
    used: set[str] = set()
    taken: Counter[str] = Counter()
    for number, cell in enumerate(header, start=1):
        name = clean(cell)[:200] or f"column {number}"
        taken[name] += 1
        while (unique := name if taken[name] == 1 else f"{name} ({taken[name]})") in used:
            taken[name] += 1
        names.append(unique)
        used.add(unique)
    return names


def as_sheet(cells: pd.DataFrame, rows: Sequence[int], problems: Sequence[Problem] = ()) -> Sheet:
    """A sheet without its empty rows and its empty columns; its text is clean."""
    cells, cleaned = clean_table(cells, lines=True)
    filled = {name: cells[name].str.strip().ne("").to_numpy(dtype=bool) for name in cells.columns}
    keep = np.logical_or.reduce([*filled.values(), np.zeros(len(cells), dtype=bool)])
    columns = [name for name, some in filled.items() if some.any() or not name.startswith("column ")]
    kept = cells.loc[keep, columns].reset_index(drop=True)
    return Sheet(kept, [row for row, k in zip(rows, keep, strict=True) if k], list(problems), cleaned=cleaned)
