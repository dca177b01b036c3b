"""What an own collection in the museum's form lacks, in words that its maker can act upon."""

from __future__ import annotations

import difflib
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.data.tables.read import SUFFIXES, suffix_of
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import squeeze

ONE_TABLE = (
    "`artextract collection add FOLDER --name NAME --table TABLE` reads one table of any form about a folder of "
    "pictures, with --map where a column is guessed wrong (docs/collections.md)"
)
_SHOWN = 12  # names in a message


def lacks(absent: list[str], sheet: Sheet, path: Path) -> ArtExtractError:
    """The error for a table without columns that are needed: what it has, and which of them is nearest."""
    by_name = {squeeze(name): name for name in sheet.cells.columns}
    near = {column: difflib.get_close_matches(column, list(by_name), n=1, cutoff=0.5) for column in absent}
    like = "; ".join(f"nearest to {column}: {by_name[found[0]]}" for column, found in near.items() if found)
    read_as = f", read as {sheet.read_as}" if sheet.read_as else ""
    found = _some(list(sheet.cells.columns))
    return ArtExtractError(
        f"lacks the columns {', '.join(absent)}; found{read_as}: {found}{f' ({like})' if like else ''}",
        where=str(path),
        remedy=f"give the columns these names; or {ONE_TABLE}",
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def no_objects(folder: Path) -> ArtExtractError:
    """The error for a folder without the table of objects: what it holds, and the way in for one table."""
    names = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir() if not p.name.startswith("."))
    tables = [name for name in names if suffix_of(Path(name)) in SUFFIXES]
    remedy = f"name it objects.csv if it is in the museum's form; or {ONE_TABLE}"
    if len(tables) == 1:
        command = f"artextract collection add {folder} --name NAME --table {folder / tables[0]}"
        remedy = (
            f"`{command}` reads one table of any form about a folder of pictures (docs/collections.md); the museum's "
            "own form is five tables"
        )
    return ArtExtractError(
        f"the table objects.csv is missing; the folder holds {_some(names) or 'nothing'}",
        where=str(folder),
        remedy=remedy,
    )
