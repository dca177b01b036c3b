"""Any table about pictures, a IIIF manifest included."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.own.columns import count_names
from artextract.data.own.iiif import is_manifest, sheet_of_manifest
from artextract.data.tables.read import is_json, read_sheet
from artextract.data.tables.records import load_json
from artextract.data.tables.sheet import Sheet

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
    if is_json(path) and is_manifest(content := load_json(path)):
        return sheet_of_manifest(content, str(path))
    return read_sheet(path, count_names)


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
