"""Tables in the museum's form that somebody else made: read where nothing needs more, and told where something does.

An own collection in this form may have ids with letters, no addresses where its pictures are beside the tables, no
terms, no painters, other separators and encodings. What is absent stays empty; what is needed is named together with
what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.text import NOTHING, Counts
from artextract.data.museum.headers import known_columns
from artextract.data.museum.ids import matched, plain_ids
from artextract.data.museum.local import LocalPictures
from artextract.data.museum.notes import Notes
from artextract.data.museum.own_form_errors import ONE_TABLE, lacks, no_objects
from artextract.data.museum.schemas import COLUMNS, WELCOME, cleaned, unread_columns
from artextract.data.tables.read import SUFFIXES, TEXTS, read_sheet, suffix_of
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import is_empty, squeeze
from artextract.data.tables.years import number

NEEDED = {
    "objects": ("objectid", "title"),
    "published_images": ("depictstmsobjectid",),
    "objects_terms": ("objectid", "term"),
    "objects_constituents": ("objectid", "constituentid"),
    "constituents": ("constituentid",),
    "objects_historical_data": ("objectid", "forwardtext"),
    "object_associations": ("parentobjectid", "childobjectid"),
}
ALSO_CALLED = {  # where a table has not the museum's name for a column
    "objects": {"openaccess": "ispublicdomain", "accessionnum": "accessionnumber"},
    "published_images": {"depictstmsobjectid": "objectid", "uuid": "imageid", "iiifurl": "iiif"},
    "objects_terms": {"termtype": "type", "term": "value"},
    "constituents": {"forwarddisplayname": "name", "preferreddisplayname": "name"},
}
IDS = ("objectid", "depictstmsobjectid", "constituentid", "parentid", "parentobjectid", "childobjectid")
YEARS = ("beginyear", "endyear")
NUMBERS = ("width", "height", "maxpixels", "sequence", "displayorder")


def find_table(folder: Path, name: str) -> Path | None:
    """The file of a table: ``name`` in any case with any suffix of a table; CSV first."""
    found = [p for p in folder.iterdir() if p.is_file() and squeeze(p.name.split(".")[0]) == squeeze(name)]
    tables = [p for p in found if suffix_of(p) in SUFFIXES or suffix_of(p) in {f"{text}.gz" for text in TEXTS}]
    return min(tables, key=lambda p: (p.name != f"{name}.csv", p.suffix.lower() != ".csv", p.name), default=None)


def read_own_form(folder: Path, notes: Notes) -> dict[str, pd.DataFrame]:
    """The tables of a folder.

    Args:
        folder: Holds the table of objects, and others where there are others.
        notes: What is to be said about them goes there.

    Raises:
        ArtExtractError: There is no table of objects, a table cannot be read, or a column that is needed is absent.
    """
    tables = {}
    counts = NOTHING
    for name in COLUMNS:
        path = find_table(folder, name)
        if path is None and name == "objects":
            raise no_objects(folder)
        sheet = None if path is None else _read(path, name)
        table = pd.DataFrame(columns=pd.Index(list(COLUMNS[name])), dtype="str")
        if sheet is not None and path is not None:
            table = _columns(sheet, name, path, notes)
            table, more = cleaned(table)  # names are cut shorter than other cells have been: the same ones, mostly
            counts = counts.plus(Counts(sheet.cleaned.cleaned + more.cleaned, max(sheet.cleaned.cut, more.cut)))
        tables[name] = _cells(table, name, notes)
    notes.counts |= counts.named()
    return _joined(tables, LocalPictures(folder), notes)


def _read(path: Path, name: str) -> Sheet | None:
    """A table; None where it holds no rows, which only the table of objects must."""
    wanted = {squeeze(column) for column in known_columns(name)}
    try:
        sheet = read_sheet(path, lambda line: len({squeeze(cell) for cell in line if len(cell) < 60} & wanted))
    except ArtExtractError as error:
        if name != "objects" and error.problem == "the table is empty":
            return None
        raise
    if sheet.problems:
        first = sheet.problems[0]
        more = f"; and {len(sheet.problems) - 1:,} more" if len(sheet.problems) > 1 else ""
        raise ArtExtractError(f"row {first.row}: {first.reason}{more}", where=str(path), remedy=first.remedy)
    if sheet.cells.empty and name == "objects":
        raise ArtExtractError("holds a header and no rows", where=str(path), remedy=f"export it again; or {ONE_TABLE}")
    return sheet


def _columns(sheet: Sheet, name: str, path: Path, notes: Notes) -> pd.DataFrame:
    """The columns of a table by the museum's names; those that are absent are empty."""
    by_name: dict[str, str] = {}
    for column in sheet.cells.columns:
        by_name.setdefault(squeeze(column), column)
    aliases = ALSO_CALLED.get(name, {})
    found = {
        column: by_name.get(column) or by_name.get(aliases.get(column, ""))
        for column in (*COLUMNS[name], *WELCOME.get(name, ()))
    }
    if absent := [column for column in NEEDED[name] if found[column] is None]:
        raise lacks(absent, sheet, path)
    empty = [column for column in COLUMNS[name] if found[column] is None]
    if empty:
        notes.lines.append(f"{path.name} has no columns {', '.join(empty)}: taken as empty")
    unread_columns(name, [c for c in sheet.cells.columns if c not in found.values()], notes)
    blank = pd.Series("", index=sheet.cells.index, dtype="str")
    return pd.DataFrame(
        {
            column: blank if source is None else sheet.cells[source]
            for column, source in found.items()
            if source is not None or column in COLUMNS[name]
        }
    )


def _cells(table: pd.DataFrame, name: str, notes: Notes) -> pd.DataFrame:
    """Ids and numbers in one form; a number that cannot be read is empty and counted."""
    changed = {column: plain_ids(table[column]) for column in IDS if column in table}
    for column in (*YEARS, *NUMBERS):
        if column in table:
            read = number if column in YEARS else _amount
            cells = table[column].str.strip()
            values = {cell: _as_text(read(cell)) for cell in cells.unique() if cell}
            changed[column] = cells.map(lambda cell, values=values: values.get(cell, ""))
            unread = cells[(changed[column] == "") & ~cells.map(is_empty)]
            if len(unread):
                notes.counts[f"not_a_number.{name}.{column}"] = len(unread)
                examples = ", ".join(map(repr, unread.unique()[:3]))
                notes.lines.append(f"{name}, column {column}: {len(unread):,} cells are no number ({examples})")
    return table.assign(**changed)


def _amount(cell: str) -> float:
    value = pd.to_numeric(pd.Series([cell.removesuffix("px").replace(",", "").strip()]), errors="coerce").iloc[0]
    return float(value)


def _as_text(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.10g}"


def _joined(tables: dict[str, pd.DataFrame], pictures: LocalPictures, notes: Notes) -> dict[str, pd.DataFrame]:
    """The tables with ids in the spelling of the table that they point to."""
    objects = tables["objects"]
    nameless = objects["objectid"] == ""
    notes.leave_out("objects.objectid", objects["objectid"][nameless], "an id", objects[nameless], reason="no_id")
    tables["objects"] = objects = objects[~nameless].reset_index(drop=True)
    people = tables["constituents"]["constituentid"].tolist()
    for name, column, known in (
        ("published_images", "depictstmsobjectid", objects["objectid"].tolist()),
        ("objects_terms", "objectid", objects["objectid"].tolist()),
        ("objects_constituents", "objectid", objects["objectid"].tolist()),
        ("objects_historical_data", "objectid", objects["objectid"].tolist()),
        ("objects_constituents", "constituentid", people),
    ):
        ids, changed = matched(tables[name][column], known)
        tables[name] = tables[name].assign(**{column: ids})
        if changed:
            notes.counts[f"ids_in_another_spelling.{name}"] = changed
            notes.lines.append(f"{name}: {changed:,} rows spell {column} otherwise than the table that they belong to")
    tables["published_images"] = _with_local_views(tables, pictures)
    absent = [name for name, table in tables.items() if table.empty]
    for name, lost in {"objects_terms": "keywords and themes", "objects_constituents": "painters"}.items():
        if name in absent:
            notes.lines.append(f"there are no rows of {name}: no {lost} are known")
    return {name: table for name, table in tables.items() if name not in absent or name in COLUMNS_KEPT}


def _with_local_views(tables: Mapping[str, pd.DataFrame], pictures: LocalPictures) -> pd.DataFrame:
    """The table of images, with a view of each object that has a picture in images/ and no row."""
    objects, views = tables["objects"], tables["published_images"]
    numbers = objects.get("accessionnum", objects["objectid"])
    rest = ~objects["objectid"].isin(views["depictstmsobjectid"])
    found = [
        i for i, number in zip(objects["objectid"][rest], numbers[rest], strict=True) if pictures.find([i, number])
    ]
    if not found and views.empty:  # every object is looked for: what is missing is told by its name
        found = objects["objectid"].tolist()
    more = pd.DataFrame({"depictstmsobjectid": found, "viewtype": "primary"})
    return pd.concat([views, more.reindex(columns=list(views.columns), fill_value="")], ignore_index=True).astype("str")


COLUMNS_KEPT = ("objects", "published_images", "objects_terms", "objects_constituents", "constituents")
