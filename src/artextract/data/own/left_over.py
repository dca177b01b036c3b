"""What found no counterpart, in words: pictures without a row, rows without a picture, or nothing that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artextract.core.errors import ArtExtractError
from artextract.data.own.join import Joined
from artextract.data.tables.problems import Problem
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import clean

MOST_LISTED = 10_000  # rows without a picture; of a museum's whole export there may be half a million


def left_over(
    files: Sequence[str], sheet: Sheet, joined: Joined, urls: Mapping[int, str], column: Mapping[str, str]
) -> list[Problem]:
    """Files without a row, and rows without a file, that no other problem tells of."""
    told_files = {p.file for p in joined.problems} | set(joined.file_of.values())
    told_rows = {p.row for p in joined.problems}
    problems = [
        Problem(file, None, "no row of the table fits this picture", "add a row, or write the file's name in its row")
        for file in files
        if file not in told_files
    ]
    left = [i for i, r in enumerate(sheet.rows) if i not in joined.file_of and i not in urls and r not in told_rows]
    shown = [sheet.cells[column[field]].tolist() for field in ("file", "id", "title") if field in column]
    for i in left[:MOST_LISTED]:
        says = next((cells[i] for cells in shown if cells[i].strip()), "")
        reason = f"no picture fits this row ({clean(says[:200])})" if says else "no picture fits this row"
        problems.append(Problem("", sheet.rows[i], reason, "add the picture, or write its file name in the row"))
    if len(left) > MOST_LISTED:
        more = f"and {len(left) - MOST_LISTED:,} more rows without a picture"
        problems.append(Problem("", None, more, "leave rows without pictures out of the table"))
    return problems


def nothing_fits(files: Sequence[str], sheet: Sheet, column: Mapping[str, str], where: str) -> ArtExtractError:
    """The error for a table none of whose rows fits a picture: three examples of each side."""
    name = column.get("file") or column.get("id") or column.get("title") or sheet.cells.columns[0]
    cells = [cell[:80] for cell in sheet.cells[name].head(3)]
    columns = ", ".join(sheet.cells.columns[:20])
    return ArtExtractError(
        f"no row fits a picture: the column {name!r} says {', '.join(map(repr, cells))}, the files are called "
        f"{', '.join(map(repr, files[:3])) or '(there is none)'}",
        where=where,
        remedy=f"name the column that holds the file names: --map file=COLUMN; columns: {columns}",
    )
