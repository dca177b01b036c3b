"""Which column says what: by the user, by the form of a known export, by its name, or by its cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import NamedTuple

from artextract.core.errors import ArtExtractError
from artextract.data.images.formats import image_suffixes
from artextract.data.own.exports import EXPORTS, FIELDS, Export
from artextract.data.own.usual_names import USUAL
from artextract.data.tables.flags import NO, YES
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import is_empty, squeeze
from artextract.data.tables.years import number, year_of

MAPPABLE = tuple(field for field in FIELDS if field != "key")
_LOOKED_AT = 200  # cells, to see whether a column holds file names
_MANY = 40  # columns that a message lists


class Guess(NamedTuple):
    """What one column was taken for."""

    field: str
    column: str
    why: str


@cache
def _usual() -> dict[str, dict[str, int]]:
    """Per field, the squeezed usual names with their rank."""
    return {
        field: {squeeze(name): rank for rank, name in reversed(list(enumerate(names.split(";"))))}
        for field, names in USUAL.items()
    }


@cache
def _all_names() -> frozenset[str]:
    usual = {name for names in _usual().values() for name in names}
    return frozenset(usual | {squeeze(n) for e in EXPORTS for n in (*e.signature, *e.fields.values(), *e.keys)})


def count_names(line: Sequence[str]) -> int:
    """How many different cells of a line are usual names of columns."""
    return len({squeeze(cell) for cell in line if len(cell) < 60} & _all_names())


def export_of(columns: Sequence[str]) -> Export | None:
    """The known export that has these columns."""
    names = {squeeze(column) for column in columns}
    return next((e for e in EXPORTS if all(squeeze(s) in names for s in e.signature)), None)


def guess_columns(sheet: Sheet, mapping: Mapping[str, str]) -> tuple[list[Guess], list[str], str]:
    """Find the column of each field.

    Args:
        sheet: The table.
        mapping: Field to column, as the user corrects it; an empty column says that there is none.

    Returns:
        The guesses in the order of ``FIELDS``; columns with further inventory numbers or image addresses, which a
        file may be named after; the name of the known export, "" for any other table.

    Raises:
        ArtExtractError: The mapping names an unknown field or column.
    """
    columns = list(sheet.cells.columns)
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(squeeze(column), column)
    chosen = {
        field: Guess(field, column, "as you said") for field, column in _mapped(mapping, by_name, columns).items()
    }
    export = export_of(columns)
    form = sheet.form or (export.name if export else "")
    fixed = sheet.fields or ({f: by_name.get(squeeze(c), "") for f, c in export.fields.items()} if export else {})
    for field, column in fixed.items():
        if column and field not in chosen and field not in mapping:
            chosen[field] = Guess(field, column, form)
    _by_usual_names(chosen, by_name, mapping, sheet)
    if "file" not in chosen and "file" not in mapping:
        named = _column_of_files(sheet, {g.column for g in chosen.values()})
        if named:
            chosen["file"] = Guess("file", named, "its cells end like image files")
    guesses = [chosen[field] for field in MAPPABLE if field in chosen and chosen[field].column]
    return guesses, _keys(export, by_name, chosen), form


def _mapped(mapping: Mapping[str, str], by_name: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    result = {}
    for field, column in mapping.items():
        if field not in MAPPABLE:
            raise ArtExtractError(f"there is no field {field!r}", remedy=f"fields: {', '.join(MAPPABLE)}")
        if not column:
            continue
        found = column if column in columns else by_name.get(squeeze(column))
        if found is None or not squeeze(column):
            shown = ", ".join(columns[:_MANY]) + (f", and {len(columns) - _MANY} more" if len(columns) > _MANY else "")
            raise ArtExtractError(f"the table has no column {column!r}", remedy=f"its columns: {shown}")
        result[field] = found
    return result


def _by_usual_names(
    chosen: dict[str, Guess], by_name: Mapping[str, str], mapping: Mapping[str, str], sheet: Sheet
) -> None:
    """Fill the fields that are still open with the columns that have their most certain names."""
    used = {guess.column for guess in chosen.values()}
    options = [
        (rank, MAPPABLE.index(field), field, by_name[name])
        for field, names in _usual().items()
        if field != "key" and field not in chosen and field not in mapping
        for name, rank in names.items()
        if name in by_name
    ]
    for _, _, field, column in sorted(options):
        if field not in chosen and column not in used and _says(field, sheet.cells[column].head(_LOOKED_AT).tolist()):
            chosen[field] = Guess(field, column, "its name")
            used.add(column)


def _says(field: str, cells: Sequence[str]) -> bool:
    """Whether most cells look like what the field holds: "von" may be a year or a painter."""
    filled = [cell.strip() for cell in cells if not is_empty(cell)]
    looks = _LOOKS.get(field)
    return looks is None or 2 * sum(map(looks, filled)) > len(filled) or not filled


def _is_flag(cell: str) -> bool:
    return squeeze(cell) in YES | NO


_LOOKS: dict[str, Callable[[str], bool]] = {
    "link": lambda cell: "://" in cell or cell.startswith("www."),
    "year": lambda cell: not math.isnan(year_of(cell)),
    "year_from": lambda cell: not math.isnan(number(cell)),
    "year_to": lambda cell: not math.isnan(number(cell)),
    "open_access": _is_flag,
}


def _column_of_files(sheet: Sheet, used: set[str]) -> str | None:
    """The column most of whose cells end like image files."""
    suffixes = image_suffixes()
    best, most = None, 0.5
    for column in sheet.cells.columns:
        cells = [c for c in sheet.cells[column].head(_LOOKED_AT).tolist() if c.strip()]
        if column in used or not cells:
            continue
        share = sum(PurePosixPath(c.strip().split("?")[0].replace("\\", "/")).suffix.lower() in suffixes for c in cells)
        if share / len(cells) > most:
            best, most = column, share / len(cells)
    return best


def _keys(export: Export | None, by_name: Mapping[str, str], chosen: Mapping[str, Guess]) -> list[str]:
    taken = {chosen[field].column for field in ("file", "id") if field in chosen}
    names = [*(squeeze(k) for k in (export.keys if export else ())), *_usual()["key"]]
    return list(dict.fromkeys(by_name[n] for n in names if n in by_name and by_name[n] not in taken))
