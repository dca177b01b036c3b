"""The museum's tables as they must be: columns by name, types, and what may be empty; pandera checks them.

Format: https://github.com/NationalGalleryOfArt/opendata (CC0). The order of columns has changed between exports, empty
exports have been published, and text stays text: a painting titled "NA" is not missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from artextract.core.errors import ArtExtractError
from artextract.core.text import LONGEST, LONGEST_NAME, NOTHING, Counts, clean, clean_cells
from artextract.data.museum.headers import known_columns
from artextract.data.museum.notes import Notes

_ID = pa.Check.str_matches(r"^\d+$", error="a number is expected")
_WHOLE = pa.Check.str_matches(r"^(-?\d+(\.0+)?)?$", error="a whole number or nothing is expected")
_FLAG = pa.Check.isin(["0", "1"], error="0 or 1 is expected")
_FILLED = pa.Check.str_matches(r"\S", error="some text is expected")
_TEXT = None
COLUMNS: dict[str, dict[str, pa.Check | None]] = {
    "objects": {
        "objectid": _ID, "title": _TEXT, "displaydate": _TEXT, "beginyear": _WHOLE, "endyear": _WHOLE, "medium": _TEXT,
        "attribution": _TEXT, "creditline": _TEXT, "classification": _TEXT, "parentid": _WHOLE, "isvirtual": _FLAG,
        "portfolio": _TEXT, "series": _TEXT,
    },
    "published_images": {
        "uuid": _FILLED, "iiifurl": _FILLED, "viewtype": _FILLED, "sequence": _TEXT, "width": _WHOLE, "height": _WHOLE,
        "maxpixels": _WHOLE, "depictstmsobjectid": _ID, "assistivetext": _TEXT,
    },
    "objects_terms": {
        "objectid": _ID, "termtype": _FILLED, "term": _TEXT, "visualbrowsertheme": _TEXT, "visualbrowserstyle": _TEXT,
    },
    "objects_constituents": {
        "objectid": _ID, "constituentid": _ID, "displayorder": _WHOLE, "roletype": _FILLED, "role": _TEXT,
        "prefix": _TEXT, "suffix": _TEXT,
    },
    "constituents": {
        "constituentid": _ID, "preferreddisplayname": _TEXT, "forwarddisplayname": _TEXT, "constituenttype": _TEXT,
    },
    "objects_historical_data": {
        "datatype": _FILLED, "objectid": _ID, "displayorder": _WHOLE, "forwardtext": _TEXT,
    },
    "object_associations": {
        "parentobjectid": _ID, "childobjectid": _ID,
        "relationship": pa.Check.isin(["separable", "inseparable"], error="separable or inseparable is expected"),
    },
}  # fmt: skip
WELCOME = {
    "objects": ("accessionnum", "openaccess"),
    "published_images": ("openaccess",),
}  # read where they are
OPTIONAL = ("objects_historical_data", "object_associations")
LEFT_EMPTY = {"objects": ("creditline",)}  # shown and never computed with: tables without these columns are taken too
NAMES = ("title", "attribution", "displaydate", "preferreddisplayname", "forwarddisplayname", "term", "classification",
         "series", "portfolio", "visualbrowsertheme", "visualbrowserstyle", "forwardtext")  # fmt: skip
REQUIRED = tuple(name for name in COLUMNS if name not in OPTIONAL)
REMEDY = "take the complete export at the pinned commit (README, profile nga)"


@cache
def schema(name: str) -> pa.DataFrameSchema:
    """The schema of one table: text columns and the form of their cells; columns beyond these are dropped."""
    columns = {column: pa.Column(str, check) for column, check in COLUMNS[name].items()}
    columns |= {column: pa.Column(str, required=False) for column in WELCOME.get(name, ())}
    return pa.DataFrameSchema(columns, strict="filter", name=name)


def _complaint(case: pd.Series) -> str:
    """One failure of a check: column, line of the file's rows, cell, what was expected."""
    return f"row {int(case['index']) + 1}, column {case['column']}: {case['failure_case']!r}, {case['check']}"


def check_table(table: pd.DataFrame, name: str, where: str) -> pd.DataFrame:
    """The columns that are used, in the schema's order.

    Args:
        table: Table as read, all cells text.
        name: Name of the table.
        where: Its file, for the message.

    Raises:
        ArtExtractError: A column is missing or a cell is not of its form; names the first rows (counted from one,
            without the header), columns and cells.
    """
    table = table.assign(**{column: "" for column in LEFT_EMPTY.get(name, ()) if column not in table})
    absent = sorted(set(COLUMNS[name]) - set(table.columns))
    if absent:
        raise ArtExtractError(f"lacks the columns {', '.join(absent)}", where=where, remedy=REMEDY)
    try:
        checked = schema(name).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.sort_values("index", kind="stable")
        shown = "; ".join(_complaint(case) for _, case in cases.head(3).iterrows())
        more = f"; and {len(cases) - 3:,} more" if len(cases) > 3 else ""
        raise ArtExtractError(shown + more, where=where, remedy=REMEDY) from error
    return checked[[*COLUMNS[name], *(column for column in WELCOME.get(name, ()) if column in checked)]]


def cleaned(table: pd.DataFrame) -> tuple[pd.DataFrame, Counts]:
    """The table with clean text, names no longer than a line can be; and how many cells were changed."""
    counts, made = NOTHING, {}
    for column in table.columns:
        cells, changed = clean_cells(table[column], longest=LONGEST_NAME if column in NAMES else LONGEST)
        counts = counts.plus(changed)
        made[column] = cells
    return pd.DataFrame(made, index=table.index), counts


def unread_columns(name: str, columns: Iterable[str], notes: Notes) -> None:
    """Tell once which columns of a table nothing is known of: an export may have a new one that matters."""
    new = [clean(str(column), longest=80) for column in columns if column not in known_columns(name)]
    if new:
        notes.counts[f"columns_not_read.{name}"] = len(new)
        more = f" and {len(new) - 12} more" if len(new) > 12 else ""
        notes.lines.append(f"columns not read: {', '.join(new[:12])}{more} (of {name})")


def read_table(folder: Path, name: str, notes: Notes | None = None) -> pd.DataFrame:
    """One table of the museum's, checked: text columns only, those of ``COLUMNS`` and ``WELCOME``.

    Args:
        folder: Holds the file.
        name: Name of the table.
        notes: Columns that are not read are told there.

    Raises:
        ArtExtractError: The file is missing, not readable, holds no rows (the museum has published empty exports), or
            is not as its schema says.
    """
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise ArtExtractError(f"the table {name}.csv is missing", where=str(folder), remedy=REMEDY)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise ArtExtractError("the file is empty", where=str(path), remedy=REMEDY) from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ArtExtractError(f"not readable as CSV: {error}", where=str(path), remedy=REMEDY) from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes the first cells for row names and shifts all others
        raise ArtExtractError("the rows have more cells than the header", where=str(path), remedy=REMEDY)
    if table.empty and set(COLUMNS[name]) - set(LEFT_EMPTY.get(name, ())) <= set(table.columns):
        raise ArtExtractError("holds a header and no rows", where=str(path), remedy=REMEDY)
    if notes is not None:
        unread_columns(name, [c for c in table.columns if c not in (*COLUMNS[name], *WELCOME.get(name, ()))], notes)
    return check_table(table, name, str(path))


def read_tables(folder: Path, notes: Notes | None = None) -> dict[str, pd.DataFrame]:
    """The museum's five tables, and those of ``OPTIONAL`` that are there; their text is clean.

    Args:
        folder: Holds the files.
        notes: What is to be said about them goes there.

    Raises:
        ArtExtractError: As in ``read_table``.
    """
    notes = notes or Notes()
    present = [name for name in OPTIONAL if (folder / f"{name}.csv").exists()]
    tables, counts = {}, NOTHING
    for name in (*REQUIRED, *present):
        tables[name], changed = cleaned(read_table(folder, name, notes))
        counts = counts.plus(changed)
    notes.counts |= counts.named()
    return tables
