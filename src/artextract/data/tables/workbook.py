"""Excel workbooks: values of the first sheet that has a table; formulas, macros and links are never followed."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.tables.delimited import CountNames
from artextract.data.tables.sheet import (
    HEADER_WITHIN,
    Sheet,
    as_sheet,
    distinct,
    header_line,
    is_list_of_files,
)

MOST_BYTES = 2**30  # of the unpacked workbook
MOST_EMPTY = 1_000  # empty rows after which nothing is expected: a formatted column reaches row 1,048,576


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ArtExtractError(
            f"not readable as an Excel workbook: {error}",
            where=str(path),
            remedy="open it in a spreadsheet and save it as .xlsx or CSV; a password must be taken off",
        ) from error
    if size > MOST_BYTES:
        raise ArtExtractError(
            f"unpacks to more than {MOST_BYTES:,} bytes", where=str(path), remedy="save the sheet as CSV"
        )


def text_of(value: Any) -> str:
    """A cell as text: 12.0 is "12", a date at midnight has no time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    return str(value)


def _lines(sheet: Any) -> Iterator[list[str]]:
    """The sheet's rows as text, until ``MOST_EMPTY`` empty ones."""
    empty = 0
    sheet.reset_dimensions()  # what the file says of its size may be a million rows; rows would be filled up to it
    for row in sheet.iter_rows(values_only=True):
        line = [text_of(value) for value in row]
        while line and not line[-1].strip():
            line.pop()
        empty = 0 if line else empty + 1
        if empty > MOST_EMPTY:
            return
        yield line


def read_workbook(path: Path, count_names: CountNames) -> Sheet:
    """Read the first sheet that holds a header and a row below it.

    Args:
        path: An .xlsx or .xlsm file.
        count_names: For the search of the header.

    Raises:
        ArtExtractError: Not a workbook, too large, or without a table.
    """
    _check_archive(path)
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as handle:  # openpyxl refuses a path by its suffix
            warnings.simplefilter("ignore")  # styles and extensions that openpyxl leaves out
            book = openpyxl.load_workbook(handle, read_only=True, data_only=True, keep_links=False)
            sheets = [list(_lines(sheet)) for sheet in book.worksheets[:1]]
            for sheet in book.worksheets[1:]:
                if _holds_table(sheets[-1]):
                    break
                sheets.append(list(_lines(sheet)))
            book.close()
    except ArtExtractError:
        raise
    except Exception as error:  # openpyxl raises whatever the XML makes it run into
        raise ArtExtractError(
            f"not readable as an Excel workbook: {type(error).__name__}: {error}",
            where=str(path),
            remedy="open it in a spreadsheet and save it as CSV",
        ) from error
    lines = next((lines for lines in sheets if _holds_table(lines)), None)
    if lines is None:
        raise ArtExtractError("no sheet holds a table", where=str(path), remedy="save the right sheet as CSV")
    return _sheet(lines, count_names, str(path))


def _holds_table(lines: list[list[str]]) -> bool:
    return sum(bool(line) for line in lines) >= 2 or is_list_of_files(lines)


def _sheet(lines: list[list[str]], count_names: CountNames, where: str) -> Sheet:
    first = lines[:HEADER_WITHIN]
    start = -1 if is_list_of_files(first) else header_line(first, [count_names(line) for line in first])
    body = lines[start + 1 :]
    width = max(map(len, lines[max(start, 0) :]))
    header = lines[start] if start >= 0 else []
    names = distinct(header + [""] * (width - len(header)), where)
    cells = pd.DataFrame([line + [""] * (width - len(line)) for line in body], columns=names, dtype=str)
    return as_sheet(cells, [start + 2 + i for i in range(len(body))])
