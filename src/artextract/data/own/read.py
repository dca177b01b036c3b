"""A user's folder of pictures, with or without a table, as works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.own import iiif
from artextract.data.own.columns import Guess, guess_columns
from artextract.data.own.join import Joined
from artextract.data.own.joining import join, join_by_any
from artextract.data.own.left_over import left_over, nothing_fits
from artextract.data.own.pictures import Pictures, find_pictures
from artextract.data.own.tables import imagefolder_table, read_table
from artextract.data.own.works import build_works
from artextract.data.tables.problems import Problem, as_table
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import clean


@dataclass(frozen=True)
class Own:
    """A user's pictures and what is known of them.

    Attributes:
        works: One row per work with a picture: ``works.COLUMNS`` and one column ``extra.<name>`` for each further
            column of the table.
        problems: file, row, reason, remedy of what was left out or used only in part.
        columns: What each column of the table was taken for.
        counts: files (images found), unreadable, other_files, rows, matched, files_without_row, rows_without_file.
        form: The known export that the table was recognised as, else "".
    """

    works: pd.DataFrame
    problems: pd.DataFrame
    columns: list[Guess]
    counts: dict[str, int]
    form: str = ""


def read_own(folder: Path, table: Path | None = None, mapping: Mapping[str, str] | None = None) -> Own:
    """Read a folder of pictures.

    Args:
        folder: Images, nested as the user likes.
        table: A table about them (see ``tables.read_table``). None = the metadata file of a Hugging Face imagefolder
            where there is one, else no table: file names become titles.
        mapping: Field to column, where the guess is wrong; an empty column says that the table has none.

    Raises:
        ArtExtractError: The folder or the table is missing or holds nothing that can be used, no row fits a picture,
            or the mapping names what is not there.
    """
    if not folder.is_dir():
        raise ArtExtractError("is not a folder", where=str(folder), remedy="name the folder that holds the pictures")
    sheet = read_table(table) if table else imagefolder_table(folder)
    if sheet is None and mapping:
        raise ArtExtractError("--map needs a table", remedy="name the table with --table FILE")
    pictures = find_pictures(folder)
    has_addresses = sheet is not None and sheet.form == iiif.FORM
    if not pictures.files and not has_addresses:
        raise ArtExtractError(
            _no_picture(pictures), where=str(folder), remedy="name a folder with JPEG, PNG, TIFF, HEIC ..."
        )
    own = _without_table(pictures) if sheet is None else _with_table(pictures, sheet, mapping or {}, table)
    unused = [f for f in pictures.tables if sheet is None]
    hints = [Problem(f, None, "a table that was not used", f"--table {f}, if it is about the pictures") for f in unused]
    problems = as_table([*pictures.problems, *own[1], *hints])
    counts = {"files": pictures.found, "unreadable": pictures.found - len(pictures.files)}
    return Own(own[0], problems, own[2], counts | {"other_files": pictures.others} | own[3], own[4])


_Parts = tuple[pd.DataFrame, list[Problem], list[Guess], dict[str, int], str]


def _no_picture(pictures: Pictures) -> str:
    if pictures.found:
        return f"none of its {pictures.found:,} images can be read; the first: {pictures.problems[0].reason}"
    return f"holds no image ({pictures.others:,} other files)"


def _without_table(pictures: Pictures) -> _Parts:
    works, _ = build_works(
        {}, pictures.files, [""] * len(pictures.files), pd.DataFrame(index=range(len(pictures.files)))
    )
    n = len(works)
    return works, [], [], {"rows": 0, "matched": n, "files_without_row": 0, "rows_without_file": 0}, ""


def _with_table(pictures: Pictures, sheet: Sheet, mapping: Mapping[str, str], table: Path | None) -> _Parts:
    where = str(table or "metadata")
    if sheet.cells.empty:
        raise ArtExtractError("the table has no rows", where=where, remedy="export it again, or leave --table out")
    guesses, keys, form = guess_columns(sheet, mapping)
    column = {guess.field: guess.column for guess in guesses}
    joined = join(pictures.files, sheet, column, keys)
    if not joined.file_of and "file" not in mapping:
        joined, name = join_by_any(pictures.files, sheet)
        if name:
            guesses = [Guess("file", name, "files are named after it"), *(g for g in guesses if g.field != "file")]
            column["file"] = name
    problems = [*sheet.problems, *joined.problems]
    urls = _addresses(sheet, joined)
    positions = sorted({*joined.file_of, *urls})
    if not positions:
        raise nothing_fits(pictures.files, sheet, column, where)
    problems += left_over(pictures.files, sheet, joined, urls, column)
    cells = sheet.cells.iloc[positions].reset_index(drop=True)
    used = {*column.values(), *([iiif.URL] if urls else [])}
    works, doubles = build_works(
        {field: cells[name].tolist() for field, name in column.items()},
        [joined.file_of.get(i, "") for i in positions],
        [urls.get(i, "") for i in positions],
        cells[[name for name in cells if name not in used]],
    )
    for i in doubles:
        reason = f"the id {cells[column['id']][i]!r} belongs to an earlier row; this work is named after its file"
        problems.append(Problem(works["file"][i], sheet.rows[positions[i]], reason, "give every work an id of its own"))
    counts = {
        "rows": len(sheet.cells),
        "matched": len(works),
        "files_without_row": len(set(pictures.files) - set(joined.file_of.values())),
        "rows_without_file": len(sheet.cells) - len(joined.file_of),
        **sheet.cleaned.named(),
    }
    return works, problems, guesses, counts, form


def _addresses(sheet: Sheet, joined: Joined) -> dict[int, str]:
    """Addresses of the images of a manifest that the folder does not hold."""
    if sheet.form != iiif.FORM:
        return {}
    cells = [clean(cell) for cell in sheet.cells[iiif.URL]]
    return {
        i: url for i, url in enumerate(cells) if i not in joined.file_of and url.startswith(("https://", "http://"))
    }
