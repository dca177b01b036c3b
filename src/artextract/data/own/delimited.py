"""CSV as it comes: comma, semicolon, tab or bar; UTF-8, UTF-16 or a Windows code page; a title above the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.own.problems import Problem
from artextract.data.own.sheet import HEADER_WITHIN, Sheet, as_sheet, distinct, header_line, is_list_of_files

MOST_BYTES = 2**30
DELIMITERS = ",;\t|"
_SAMPLE = 1 << 18  # characters
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜß‘’‚“”„–—…€«»°ºª©®§¿¡·×\xa0")
csv.field_size_limit(1 << 24)

CountNames = Callable[[Sequence[str]], int]  # how many cells of a line are usual column names


def decoded(data: bytes, where: str) -> str:
    """The text of a file: by its byte order mark, as UTF-8, as Windows-1252, or as what charset-normalizer finds.

    Raises:
        ArtExtractError: The bytes are no text.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(data, where)
    few = 8 * text[:_SAMPLE].count("\0") <= len(text[:_SAMPLE])  # many: UTF-16 without a mark
    return text if few else _guessed(data, where)


def _guessed(data: bytes, where: str) -> str:
    from charset_normalizer import from_bytes

    if b"\0" in data[:_SAMPLE]:  # UTF-16 without a mark: every second byte of Latin text is 0
        even, odd = data[0:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
        if max(even, odd) * 4 < min(len(data), _SAMPLE) // 2:
            raise ArtExtractError("is not a text file", where=where, remedy="save the table as CSV (UTF-8) or .xlsx")
        return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")
    western = data.decode("cp1252", "replace")
    if _is_western(western[:_SAMPLE]):  # seven of ten such files; a guess by statistics errs on short ones
        return western
    best = from_bytes(data[:_SAMPLE]).best()
    return data.decode(best.encoding if best else "cp1252", "replace")


def _is_western(text: str) -> bool:
    """Whether the letters beyond ASCII are those of Western Europe and stand alone, as they do in its languages."""
    high = [letter for letter in text if letter > "\x7f"]
    usual = sum(letter in _WESTERN for letter in high)
    return usual >= 0.9 * len(high) and not re.search(r"[^\x00-\x7f]{4}", text)


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
    reader = csv.reader(io.StringIO(text[:_SAMPLE], newline=""), delimiter=delimiter)
    lines: list[list[str]] = []
    try:
        for line in reader:
            lines.append(line)
            if len(lines) >= HEADER_WITHIN:
                break
    except csv.Error:
        pass
    return lines


def read_delimited(path: Path, count_names: CountNames) -> Sheet:
    """Read a CSV file.

    Args:
        path: The file.
        count_names: For the search of the header.

    Raises:
        ArtExtractError: The file is too large, no text, or empty.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ArtExtractError(
            f"is larger than {MOST_BYTES:,} bytes", where=str(path), remedy="save the rows that have pictures"
        )
    text = decoded(path.read_bytes(), str(path)).replace("\0", "")
    delimiter = delimiter_of(text)
    first = _first_lines(text, delimiter)
    if first and "".join(first[0][:1]).lower() in ("sep=", "sep"):  # Excel's own first line
        first[0] = []
    if not any(cell.strip() for line in first for cell in line):
        raise ArtExtractError("the table is empty", where=str(path), remedy="export it again, or leave --table out")
    start = -1 if is_list_of_files(first) else header_line(first, [count_names(line) for line in first])
    header = distinct(first[start] if start >= 0 else [""] * max(map(len, first)), str(path))
    cells, problems = _body(text, delimiter, start + 1, header)
    return as_sheet(cells, [start + 2 + i for i in range(len(cells))], problems)


_FULLER = "\0more"  # no cell of a file holds NUL here
_REMEDY = "put quotes around cells that hold the delimiter"


def _body(text: str, delimiter: str, skip: int, header: list[str]) -> tuple[pd.DataFrame, list[Problem]]:
    """The rows below the header; cells beyond the header's are left out and their rows listed."""
    names = [*header, _FULLER]
    options = {"sep": delimiter, "dtype": str, "keep_default_na": False, "header": None, "skip_blank_lines": False}
    try:
        cells = pd.read_csv(
            io.StringIO(text), names=names, skiprows=_skipped(text, delimiter, skip), index_col=False, **options
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError):
        cells = _patiently(text, delimiter, skip, names)
    cells = cells.fillna("")
    more = [i for i, cell in enumerate(cells.pop(_FULLER)) if cell.strip()]
    return cells, [Problem("", skip + 1 + i, "the row has more cells than the header", _REMEDY) for i in more]


def _skipped(text: str, delimiter: str, skip: int) -> int:
    """How many lines of text the first ``skip`` rows take: a quoted cell may hold line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for _ in range(skip):
        next(reader, None)
    return reader.line_num


def _patiently(text: str, delimiter: str, skip: int, names: list[str]) -> pd.DataFrame:
    """Rows of any length, by the csv module, where pandas gives up."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    width = len(names)
    rows = [[*line[: width - 1], "".join(line[width - 1 :])] for i, line in enumerate(reader) if i >= skip]
    return pd.DataFrame([row + [""] * (width - len(row)) for row in rows], columns=names, dtype=str)
