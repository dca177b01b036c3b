"""CSV as it comes: comma, semicolon, tab or bar; UTF-8, UTF-16 or a Windows code page; a title above the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.tables.encodings import SAMPLE, encoding_of
from artextract.data.tables.problems import Problem
from artextract.data.tables.sheet import HEADER_WITHIN, Sheet, as_sheet, distinct, header_line, is_list_of_files

DELIMITERS = ",;\t|"
_SPOKEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
csv.field_size_limit(1 << 24)

CountNames = Callable[[Sequence[str]], int]  # how many cells of a line are usual column names


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first lines into the most columns, in the same number on most lines."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(line) for line in _first_lines(text, delimiter) if line]
        most = max(set(widths), key=lambda w: (widths.count(w), w), default=1)
        return (widths.count(most) / len(widths) if most > 1 else 0.0, most)

    declared = text[:6].lower()
    if declared.startswith("sep=") and declared[4:5] in DELIMITERS:  # Excel's own first line
        return declared[4]
    return max(DELIMITERS, key=score)


def _first_lines(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[list[str]] = []
    try:
        for line in reader:
            lines.append(line)
            if len(lines) >= HEADER_WITHIN:
                break
    except csv.Error:
        pass
    return lines


def read_delimited(data: bytes, where: str, count_names: CountNames) -> Sheet:
    """Read a CSV file.

    Args:
        data: Its content.
        where: Its path, for messages.
        count_names: For the search of the header.

    Raises:
        ArtExtractError: It is no text, or empty.
    """
    encoding = encoding_of(data, where)
    sample = data[:SAMPLE].decode(encoding, "replace").replace("\0", "")
    delimiter = delimiter_of(sample)
    first = _first_lines(sample, delimiter)
    if first and "".join(first[0][:1]).lower() in ("sep=", "sep"):  # Excel's own first line
        first[0] = []
    if not any(cell.strip() for line in first for cell in line):
        raise ArtExtractError("the table is empty", where=where, remedy="export it again, or leave --table out")
    start = -1 if is_list_of_files(first) else header_line(first, [count_names(line) for line in first])
    header = distinct(first[start] if start >= 0 else [""] * max(map(len, first)), where)
    cells, problems = _body(data, encoding, delimiter, header)
    below = start + 1
    rows = list(range(below + 1, len(cells) + 1))
    body = cells.iloc[below:].reset_index(drop=True)
    sheet = as_sheet(body, rows, [p for p in problems if (p.row or below + 1) > below])
    return replace(sheet, read_as=f"{_SPOKEN.get(delimiter, delimiter)}, {encoding}")


_FULLER = "\0more"  # no name of a column holds NUL
_CLOSE = "close the quotation mark in the table, or save it as .xlsx"
_QUOTE = "put quotes around cells that hold the delimiter"


def _body(data: bytes, encoding: str, delimiter: str, header: list[str]) -> tuple[pd.DataFrame, list[Problem]]:
    """All rows of the file; cells beyond the header's are left out and their rows listed."""
    names = [*header, _FULLER]
    problems: list[Problem] = []
    try:
        cells = _read(data, encoding, delimiter, names)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        unclosed = re.search(r"EOF inside string starting at row (\d+)", str(error))
        if unclosed:  # pandas would take all that follows for one cell
            problems.append(Problem("", int(unclosed[1]) + 1, "a quotation mark is not closed", _CLOSE))
        cells = _patiently(data.decode(encoding, "replace"), delimiter, names, quoted=not unclosed)
    cells = cells.fillna("")
    more = [i for i, cell in enumerate(cells.pop(_FULLER)) if cell.strip()]
    return cells, problems + [Problem("", i + 1, "the row has more cells than the header", _QUOTE) for i in more]


def _read(data: bytes, encoding: str, delimiter: str, names: list[str]) -> pd.DataFrame:
    """The file as pandas reads it, half a million rows within seconds."""
    return pd.read_csv(
        io.BytesIO(data),
        sep=delimiter,
        names=names,
        header=None,
        index_col=False,
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
        encoding=encoding,
        encoding_errors="replace",
    )


def _patiently(text: str, delimiter: str, names: list[str], *, quoted: bool) -> pd.DataFrame:
    """Rows of any length, by the csv module, where pandas gives up.

    Args:
        text: The file.
        delimiter: Between cells.
        names: The columns; the last one takes what is too much.
        quoted: Quotation marks mean that a cell may hold the delimiter and line ends; else they are left out.
    """
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    width = len(names)
    rows = [[*line[: width - 1], "".join(line[width - 1 :])] for line in reader]
    if not quoted:
        rows = [[cell.strip('"').replace('""', '"') for cell in row] for row in rows]
    return pd.DataFrame([row + [""] * (width - len(row)) for row in rows], columns=names, dtype=str)
