"""The works as text for the page: titles, painters, dates, credit lines, links, and every further column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.explorer.folder import chunks, write_json, write_numbers

LISTS = {
    "themes": "Theme",
    "styles": "Style",
    "schools": "School",
    "techniques": "Technique",
    "keywords": "Keywords",
    "former_attributions": "Former attributions",
}
TEXTS = {"assistivetext": "Description", "series": "Series", "portfolio": "Portfolio"}
UNDATED = -(2**15)
PREFIXES = ("extra.", "label.")  # columns of the user's own table, and labels that are judges


def texts(column: pd.Series) -> list[str]:
    """Cells as text; "" where a cell is empty."""
    return column.astype("string").fillna("").tolist()


def own_columns(index: pd.DataFrame) -> dict[str, pd.Series]:
    """Columns of the user's own table by their plain names; a label that is an extra column too counts once."""
    found: dict[str, pd.Series] = {}
    for prefix in PREFIXES:
        for name in index.columns:
            if str(name).startswith(prefix):
                found.setdefault(str(name).removeprefix(prefix), index[name])
    return found


def further(index: pd.DataFrame) -> dict[str, list[str]]:
    """Every further column with something in it, by the name that people read."""
    columns: dict[str, list[str]] = {}
    for name, label in LISTS.items():
        if name in index:
            columns[label] = [", ".join(map(str, cell)) for cell in index[name]]
    for name, label in TEXTS.items():
        if name in index:
            columns[label] = texts(index[name])
    columns |= {name: texts(column) for name, column in own_columns(index).items()}
    return {name: cells for name, cells in columns.items() if any(cells)}


def secure(link: str) -> str:
    """A link as https; "" where it is something else, such as a script."""
    link = link.strip()
    if link.startswith("http://"):
        link = "https://" + link.removeprefix("http://")
    return link if link.startswith("https://") else ""


def years(index: pd.DataFrame) -> list[int | None]:
    """Year of each work as a whole number; None where it is unknown."""
    return [None if pd.isna(year) else round(year) for year in index["year"]]


def write_years(path: Path, known: list[int | None]) -> None:
    """Write the years as int16, ``UNDATED`` where they are unknown."""
    given = [UNDATED if year is None else min(max(year, UNDATED + 1), -UNDATED - 1) for year in known]
    write_numbers(path, np.array(given, dtype=np.int16))


def painters(index: pd.DataFrame) -> list[str]:
    """The painter that each work is tied to, with or without reservation; "" where nobody is named."""
    named = index["artist"].notna() | index["artist_qualified"].notna()
    return texts(index["artist_name"].where(named))


def write_works(folder: Path, index: pd.DataFrame, shown: np.ndarray, cluster: np.ndarray) -> None:
    """Write ids.json, years.bin and the chunks of ``works/``.

    Args:
        folder: ``data/`` of the explorer.
        index: n works.
        shown: Works with a picture, boolean (n,).
        cluster: Position of each work's cluster in the manifest, -1 without one, (n,).
    """
    addresses = texts(index["iiif"]) if "iiif" in index else [""] * len(index)  # the user's own pictures have none
    columns: dict[str, list[Any]] = {
        "id": texts(index["id"]),
        "title": texts(index["title"]),
        "artist": painters(index),
        "attribution": texts(index["attribution"]),
        "date": texts(index["displaydate"]),
        "year": years(index),
        "medium": texts(index["medium"]),
        "credit": texts(index["credit"]),
        "link": [secure(link) for link in texts(index["link"])],
        "width": index["width"].tolist(),
        "height": index["height"].tolist(),
        "picture": shown.tolist(),
        "iiif": [secure(url) if show else "" for url, show in zip(addresses, shown, strict=True)],
        "group": index["object_group"].tolist(),
        "cluster": cluster.tolist(),
    }
    write_json(folder / "ids.json", columns["id"])
    write_years(folder / "years.bin", columns["year"])
    extra = further(index)
    for name, rows in chunks(len(index)):
        part: dict[str, Any] = {key: values[rows] for key, values in columns.items()}
        write_json(folder / "works" / f"{name}.json", part | {"extra": {key: v[rows] for key, v in extra.items()}})
