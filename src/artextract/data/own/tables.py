"""Any table about pictures, by the suffix of its file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.own.columns import count_names
from artextract.data.own.delimited import read_delimited
from artextract.data.own.iiif import is_manifest, sheet_of_manifest
from artextract.data.own.records import load_json, read_parquet, records_in, sheet_of_records
from artextract.data.own.sheet import Sheet
from artextract.data.own.workbook import read_workbook

IMAGEFOLDER = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # Hugging Face's names
FILE_NAME = "file_name"


def read_table(path: Path) -> Sheet:
    """Read a table.

    Args:
        path: CSV (.csv, .tsv, .txt), Excel (.xlsx, .xlsm), Parquet, JSON (a list of records, a museum's API answer or
            a IIIF manifest) or JSON lines.

    Raises:
        ArtExtractError: There is no such file, its form is not known, or it cannot be read.
    """
    if not path.is_file():
        raise ArtExtractError("there is no such table", where=str(path), remedy="check the path after --table")
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".tab", ".txt"):
        return read_delimited(path, count_names)
    if suffix in (".xlsx", ".xlsm"):
        return read_workbook(path, count_names)
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix in (".json", ".jsonl"):
        content = load_json(path)
        if is_manifest(content):
            return sheet_of_manifest(content, str(path))
        return sheet_of_records(records_in(content), str(path))
    raise ArtExtractError(
        f"tables of the form {suffix or 'without a suffix'} are not read",
        where=str(path),
        remedy="save it as .csv, .xlsx or .parquet",
    )


def imagefolder_table(folder: Path) -> Sheet | None:
    """The metadata files of a Hugging Face imagefolder, at its top or one folder down; None where there are none."""
    found = [
        path for name in IMAGEFOLDER for path in (folder / name, *sorted(folder.glob(f"*/{name}"))) if path.is_file()
    ]
    sheets = []
    for path in found:
        sheet = read_table(path)
        if FILE_NAME not in sheet.cells:
            continue
        below = path.parent.relative_to(folder).as_posix()
        if below != ".":
            sheet.cells[FILE_NAME] = f"{below}/" + sheet.cells[FILE_NAME]
        sheets.append(sheet)
    if not sheets:
        return None
    cells = pd.concat([sheet.cells for sheet in sheets], ignore_index=True).fillna("")
    rows = [row for sheet in sheets for row in sheet.rows]
    return Sheet(cells, rows, [problem for sheet in sheets for problem in sheet.problems])
