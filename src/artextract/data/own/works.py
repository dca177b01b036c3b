"""From matched rows to works: one row per picture, the same columns whatever the table looked like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from artextract.core.text import LONGEST_NAME
from artextract.data.own.cells import artist_of, is_untitled, keywords_of, link_of, may_be_shown, title_from_file
from artextract.data.tables.text import clean, is_empty, safe_id
from artextract.data.tables.years import middle, number, year_of

EXTRA = "extra."
FOLDER = EXTRA + "folder"
COLUMNS = (
    "id", "file", "url", "title", "titled", "artist", "date", "year", "medium", "credit", "link", "rights",
    "open_access", "keywords",
)  # fmt: skip


def work_ids(own: Sequence[str], files: Sequence[str]) -> tuple[list[str], list[int]]:
    """A different id for each work, which other works do not change.

    Args:
        own: The table's id or inventory number, "" where there is none.
        files: File or address of each work.

    Returns:
        The ids, and positions of works whose own id an earlier work has already: these are named after their file.
    """
    texts = [text.strip().rstrip("/").rpartition("/")[2] if "://" in text else text.strip() for text in own]
    repeated = pd.Series([t for t in texts if t], dtype=object).duplicated().mean() if any(texts) else 0
    if repeated > 0.5:  # a column that counts within albums, or says the collection's name: no id
        texts = [""] * len(texts)
    taken: set[str] = set()
    ids, doubles = [], []
    for position, (text, file) in enumerate(zip(texts, files, strict=True)):
        name = safe_id(text) if text and not is_empty(text) else ""
        if name and name in taken:
            doubles.append(position)
        if not name or name in taken:
            name = safe_id(str(PurePosixPath(file).with_suffix("")) if file else "work")
        if name in taken:
            name = safe_id(f"{file} ")
        while name in taken:
            name += "-2"
        taken.add(name)
        ids.append(name)
    return ids, doubles


def _years(column: Mapping[str, Sequence[str]], n: int) -> list[float]:
    """The year of each work: from first and last year, else a column of years, else the date as written."""
    empty = [""] * n
    years = []
    for begin, end, year, date in zip(
        *(column.get(name, empty) for name in ("year_from", "year_to", "year", "date")), strict=True
    ):
        first, last = number(begin), number(end)
        last = last if last and not math.isnan(last) else first
        options = (middle(first, last), year_of(year), year_of(date))
        years.append(next((option for option in options if not math.isnan(option)), math.nan))
    return years


def _dates(column: Mapping[str, Sequence[str]], n: int) -> list[str]:
    """The date of each work as written, else its year or its first and last year."""
    cells = [[clean(cell) for cell in column.get(name, [""] * n)] for name in ("date", "year", "year_from", "year_to")]
    return [date or year or "-".join(filter(None, ends)) for date, year, *ends in zip(*cells, strict=True)]


def build_works(
    column: Mapping[str, Sequence[str]], files: Sequence[str], urls: Sequence[str], extra: pd.DataFrame
) -> tuple[pd.DataFrame, list[int]]:
    """The table of works.

    Args:
        column: Field to cells, for the fields that the table has; n cells each.
        files: File of each work, "" where it has only an address.
        urls: Address of each work's image, "" where it has a file.
        extra: Further columns, n rows.

    Returns:
        ``COLUMNS`` and ``extra.<name>``, one row per work; positions of works whose id was taken already.
    """
    n = len(files)
    blank = [""] * n
    text = {name: [clean(cell) for cell in column.get(name, blank)] for name in ("medium", "credit")}
    text["title"] = [clean(cell, LONGEST_NAME) for cell in column.get("title", blank)]
    rights = [clean(cell) for cell in column.get("rights", blank)]
    ids, doubles = work_ids(column.get("id", blank), [f or u for f, u in zip(files, urls, strict=True)])
    titles = [
        title if not is_empty(title) else title_from_file(f or u)
        for title, f, u in zip(text["title"], files, urls, strict=True)
    ]
    works = pd.DataFrame(
        {
            "id": pd.Series(ids, dtype="str"),
            "file": pd.Series(files, dtype="str"),
            "url": pd.Series(urls, dtype="str"),
            "title": pd.Series(titles, dtype="str"),
            "titled": pd.Series([not is_untitled(title) for title in text["title"]], dtype=bool),
            "artist": pd.Series([artist_of(cell) for cell in column.get("artist", blank)], dtype="str"),
            "date": pd.Series(_dates(column, n), dtype="str"),
            "year": pd.Series(_years(column, n), dtype="float64"),
            "medium": pd.Series(text["medium"], dtype="str"),
            "credit": pd.Series(text["credit"], dtype="str"),
            "link": pd.Series([link_of(cell) for cell in column.get("link", blank)], dtype="str"),
            "rights": pd.Series(rights, dtype="str"),
            "open_access": pd.Series(may_be_shown(column.get("open_access"), rights), dtype=bool),
            "keywords": pd.Series([keywords_of(cell) for cell in column.get("keywords", blank)], dtype=object),
        }
    )
    more = {EXTRA + str(name): pd.Series([clean(cell) for cell in extra[name]], dtype="str") for name in extra}
    kept = {name: cells for name, cells in more.items() if (cells != "").any()}
    folders = pd.Series([f.rpartition("/")[0] for f in files], dtype="str")
    if folders.nunique() > 1 and FOLDER not in kept:
        kept[FOLDER] = folders
    return pd.concat([works, pd.DataFrame(kept, index=works.index)], axis=1), doubles
