"""A ground truth of the user's own: a CSV of labels beside the museum's tables, each column a judge of similarity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.museum.ids import matched, plain_ids
from artextract.data.museum.names import PREFIX
from artextract.data.tables.read import read_sheet
from artextract.data.tables.text import squeeze


def read_labels(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Labels of objects.

    Args:
        path: CSV or another table with the column objectid and those named; an empty cell = not labelled.
        columns: Wanted, at least one.

    Returns:
        objectid (text), and ``label.<column>`` for each column: text, null where not labelled.

    Raises:
        ArtExtractError: The file is missing or no table, lacks a column, or names an object twice.
    """
    remedy = "give a CSV with the column objectid and a column for each name in nga.labels"
    if not path.is_file():
        raise ArtExtractError("the file of labels is missing", where=str(path), remedy=remedy)
    wanted = {squeeze(name) for name in ("objectid", *columns)}
    sheet = read_sheet(path, lambda line: len({squeeze(cell) for cell in line if len(cell) < 200} & wanted))
    if sheet.problems:
        first = sheet.problems[0]
        raise ArtExtractError(f"row {first.row}: {first.reason}", where=str(path), remedy=first.remedy)
    table = sheet.cells
    if absent := [name for name in ("objectid", *columns) if name not in table]:
        found = ", ".join(table.columns[:20])
        raise ArtExtractError(f"lacks the columns {', '.join(absent)}; found: {found}", where=str(path), remedy=remedy)
    table["objectid"] = plain_ids(table["objectid"])
    twice = table["objectid"].duplicated()
    if twice.any():
        row = int(twice.to_numpy().argmax())
        problem = f"row {sheet.rows[row]}: object {table['objectid'].iloc[row]} is labelled twice"
        raise ArtExtractError(problem, where=str(path), remedy="keep one row per object")
    cells = {name: table[name].str.strip() for name in columns}
    labels = {PREFIX + name: cell.where(cell != "").astype("string") for name, cell in cells.items()}
    return pd.DataFrame({"objectid": table["objectid"], **labels})


def add_labels(
    rows: pd.DataFrame, folder: Path, file: str, columns: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows with a column ``label.<column>`` for each label; as they are where there are no labels.

    Args:
        rows: Works, with a column id, and objectid where the museum's own spelling is another.
        folder: Folder of ``file``.
        file: Its name.
        columns: Columns of labels; empty where there are none.

    Returns:
        The rows, and for each label how many of them have it, with the lines of the file that are of no such row.

    Raises:
        ArtExtractError: As in ``read_labels``, or no object of the rows is labelled.
    """
    if not columns:
        return rows, {}
    labels = read_labels(folder / file, columns)
    own = rows["objectid"] if "objectid" in rows else rows["id"]
    labels["objectid"], _ = matched(labels["objectid"], own.tolist())
    known = labels["objectid"].isin(own)
    if not known.any():
        raise ArtExtractError(
            "labels none of the paintings", where=str(folder / file), remedy="name them by the museum's objectid"
        )
    found = rows.merge(labels.set_index("objectid"), left_on=own, right_index=True, how="left").drop(columns="key_0")
    counts = {f"{PREFIX}{name}": int(found[PREFIX + name].notna().sum()) for name in columns}
    return found, counts | {"labels_of_no_painting": int((~known).sum())}
