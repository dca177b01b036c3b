"""Answers of people to triplets, read from the files that the page saves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.triplets.draw import DISAGREE, PLAIN

COLUMNS = [
    "rater", "page", "seed", "position", "triplet", "kind", "repeat", "query", "left", "right", "chosen", "seconds",
    "time",
]  # fmt: skip
ANSWERS = ["rater", "kind", "repeat", "query", "first", "second", "chose_first", "chose_left", "seconds"]
REMEDY = "use the file as the page saved it"


def read_answers(paths: Sequence[Path], ids: pd.Series) -> pd.DataFrame:
    """The answers of all raters in one form, in which the two candidates of a triplet have a fixed order.

    Args:
        paths: CSV files of the page.
        ids: Id of each work (n,).

    Returns:
        One row per answer, columns ``ANSWERS``: query, first and second are rows of the works, and the first candidate
        is the one with the lower row; chose_first and chose_left are boolean. A rater saves the file as often as they
        like: an answer that is in two files with the same time counts once.

    Raises:
        ArtExtractError: A file is missing or not as the page writes it, it names works that the collection lacks, or
            one rater answered the same question twice.
    """
    parts = [_read(path, ids) for path in paths]
    if not parts:
        return pd.DataFrame(columns=pd.Index(ANSWERS))
    table = pd.concat(parts, ignore_index=True)
    keys = ["rater", "query", "first", "second", "repeat"]
    table = table.drop_duplicates([*keys, "time"])
    if (twice := table.duplicated(keys)).any():
        row = table[twice].iloc[0]
        raise ArtExtractError(
            f"rater {row['rater']} answered triplet {row['triplet']} twice",
            where=str(row["path"]),
            remedy="give one file per rater, the last one; two raters need two names",
        )
    return table[ANSWERS].reset_index(drop=True)


def _read(path: Path, ids: pd.Series) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path)) from None
    except (ValueError, OSError) as error:  # pandas' own errors are these too
        raise ArtExtractError(f"not readable as a table: {error}", where=str(path), remedy=REMEDY) from error
    if missing := [name for name in COLUMNS if name not in table]:
        raise ArtExtractError(f"columns are missing: {', '.join(missing)}", where=str(path), remedy=REMEDY)
    _check(table, path)
    row_of = pd.Series(np.arange(len(ids)), index=ids.astype(str).to_numpy())
    rows = {name: row_of.reindex(table[name]).to_numpy() for name in ("query", "left", "right")}
    unknown = np.isnan(np.stack(list(rows.values())).astype(float)).any(axis=0)
    if unknown.any():
        raise ArtExtractError(
            f"line {int(np.flatnonzero(unknown)[0]) + 2} names a work that the collection lacks",
            where=str(path),
            remedy="--collection names the collection that the page was made from",
        )
    query, left, right = (rows[name].astype(np.int64) for name in ("query", "left", "right"))
    chose_left = (table["chosen"] == "left").to_numpy()
    columns = {
        "query": query,
        "first": np.minimum(left, right),
        "second": np.maximum(left, right),
        "chose_left": chose_left,
        "chose_first": chose_left == (left < right),
        "repeat": table["repeat"] == "1",
        "seconds": pd.to_numeric(table["seconds"], errors="coerce"),
        "path": str(path),
    }
    return table.assign(**columns)


def _check(table: pd.DataFrame, path: Path) -> None:
    """Stop at the first value that the page would not write."""
    allowed = {"chosen": {"left", "right"}, "repeat": {"0", "1"}, "kind": {DISAGREE, PLAIN}}
    for name, values in allowed.items():
        if (wrong := ~table[name].isin(values)).any():
            line = int(np.flatnonzero(wrong)[0])
            raise ArtExtractError(
                f"line {line + 2} has {table[name].iloc[line]!r} in column {name}", where=str(path), remedy=REMEDY
            )
    if (table["rater"].str.strip() == "").any():
        raise ArtExtractError("an answer has no rater", where=str(path), remedy=REMEDY)
