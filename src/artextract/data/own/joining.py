"""The order in which rows find their files: by a column of file names, then by numbers, then by title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from artextract.data.own import iiif
from artextract.data.own.file_names import FileNames, unpadded
from artextract.data.own.join import Joined, join_by_file, join_by_key
from artextract.data.tables.problems import Problem
from artextract.data.tables.sheet import Sheet


def join(files: Sequence[str], sheet: Sheet, column: Mapping[str, str], keys: Sequence[str]) -> Joined:
    """Join by the column of file names, then what is left by id, further numbers and title.

    Args:
        files: The images, paths relative to the folder.
        sheet: The table.
        column: Field to column.
        keys: Further columns that a file may be named after.
    """
    joined = Joined()
    cells = sheet.cells
    if "file" in column:
        names = cells[column["file"]].tolist()
        if sheet.form == iiif.FORM:
            names = [iiif.file_name(name) for name in names]
        joined = join_by_file(names, sheet.rows, FileNames(files))
        joined.problems += _shared(joined, sheet.rows)
    numbers = [*([column["id"]] if "id" in column else []), *keys]
    for name in numbers:
        _join_rest(joined, files, sheet, cells[name].tolist(), inside=True)
    if "title" in column:
        _join_rest(joined, files, sheet, cells[column["title"]].tolist(), inside=False)
    for name in numbers:
        _join_rest(joined, files, sheet, cells[name].tolist(), inside=False, spell=unpadded)
    return joined


def join_by_any(files: Sequence[str], sheet: Sheet) -> tuple[Joined, str]:
    """Join by the column that most files are named after, whatever it is called; it must name half of them.

    Args:
        files: The images, paths relative to the folder.
        sheet: The table.

    Returns:
        The rows with their files and the column; no row and "" where there is no such column.
    """
    best, named = Joined(), ""
    for name in sheet.cells.columns:
        joined = Joined()
        _join_rest(joined, files, sheet, sheet.cells[name].tolist(), inside=False)
        if 2 * len(joined.file_of) >= len(files) and len(joined.file_of) > len(best.file_of):
            best, named = joined, name
    return best, named


def _join_rest(joined: Joined, files: Sequence[str], sheet: Sheet, cells: Sequence[str], **how: Any) -> None:
    """Join by a column those rows and files that have found nothing yet."""
    told = {problem.file for problem in joined.problems}
    doubtful = {problem.row for problem in joined.problems}
    used = set(joined.file_of.values())
    free_files = [f for f in files if f not in used and f not in told]
    free = [i for i, row in enumerate(sheet.rows) if i not in joined.file_of and row not in doubtful]
    if not free_files or not free:
        return
    texts = [_last_part(cells[i]) for i in free]
    found = join_by_key(texts, [sheet.rows[i] for i in free], free_files, **how)
    joined.file_of |= {free[i]: file for i, file in found.file_of.items()}
    joined.problems += found.problems


def _last_part(cell: str) -> str:
    """Of an address the last part without its suffix, which is what a downloaded file is called."""
    if "://" not in cell:
        return cell
    name = iiif.file_name(cell.strip())
    return name.rpartition(".")[0] or name


def _shared(joined: Joined, rows: Sequence[int]) -> list[Problem]:
    """Take a file from all rows that name it but the first."""
    first: dict[str, int] = {}
    problems = []
    for position in sorted(joined.file_of):
        file = joined.file_of[position]
        if file in first:
            reason = f"the picture belongs to row {rows[first[file]]} already"
            problems.append(Problem(file, rows[position], reason, "give each row a picture of its own"))
            del joined.file_of[position]
        else:
            first[file] = position
    return problems
