"""A table in any form, by what the file holds; its suffix is only a hint."""

from __future__ import annotations

from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.data.tables.delimited import CountNames, read_delimited
from artextract.data.tables.forms import MOST_BYTES, form_of, head_of, refuse, unpacked
from artextract.data.tables.records import load_json, read_parquet, records_in, sheet_of_records
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.workbook import read_workbook

TEXTS = (".csv", ".tsv", ".tab", ".txt")
WORKBOOKS = (".xlsx", ".xlsm")
SUFFIXES = (*TEXTS, *WORKBOOKS, ".parquet", ".json", ".jsonl")  # and each of TEXTS packed, as .csv.gz


def suffix_of(path: Path) -> str:
    """The suffix of a table's file in lower case, ".gz" with the one before it: ".csv.gz"."""
    last = path.suffix.lower()
    return Path(path.stem).suffix.lower() + last if last == ".gz" else last


def is_json(path: Path) -> bool:
    """Whether the file holds JSON."""
    suffix = suffix_of(path)
    return suffix in (".json", ".jsonl") or (suffix in TEXTS and form_of(head_of(path)) == "json" and _parses(path))


def _parses(path: Path) -> bool:
    try:
        return bool(records_in(load_json(path)))
    except ArtExtractError:
        return False


def read_sheet(path: Path, count_names: CountNames) -> Sheet:
    """Read a table: CSV of any separator and encoding, packed by gzip or not, a workbook, Parquet, JSON records.

    Args:
        path: The file.
        count_names: How many cells of a line are usual names of columns, for the search of the header.

    Raises:
        ArtExtractError: It is too large, holds no table, or something else than its suffix says; says what it is.
    """
    where, suffix = str(path), suffix_of(path)
    if path.stat().st_size > MOST_BYTES:
        raise ArtExtractError(
            f"is larger than {MOST_BYTES:,} bytes", where=where, remedy="save the rows that have pictures"
        )
    form = form_of(head_of(path))
    if form == "xlsx" or (form == "zip" and suffix in WORKBOOKS):
        return read_workbook(path, count_names)
    refuse(form, where)
    if form == "empty":
        raise ArtExtractError("the table is empty", where=where, remedy="export it again")
    if form == "parquet" or suffix == ".parquet":
        return read_parquet(path)
    if is_json(path):
        return sheet_of_records(records_in(load_json(path)), where)
    if form == "gzip":
        data = unpacked(path.read_bytes(), where)
        if (inner := form_of(data[:4096])) not in ("text", "json"):
            refuse(inner, where)
            raise ArtExtractError(f"holds a packed {inner} file", where=where, remedy="unpack it first")
        return read_delimited(data, where, count_names)
    if suffix not in SUFFIXES:
        raise ArtExtractError(
            f"tables of the form {suffix or 'without a suffix'} are not read",
            where=where,
            remedy="save it as .csv, .xlsx or .parquet",
        )
    sheet = read_delimited(path.read_bytes(), where, count_names)
    if suffix in WORKBOOKS and (sheet.cells.empty or sheet.cells.shape[1] < 2):  # no CSV that has a wrong name
        return read_workbook(path, count_names)
    return sheet
