"""Whether a museum's tables can be of one export: each is measured by the others; a cut table reads like a whole one.

Shares, and not numbers of rows: a part of a museum is as plausible as all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from artextract.data.museum.tables import TERM_TYPES

FEW = 50  # rows or paintings; shares of fewer say nothing
KNOWN = 0.8  # share of the rows of a table that name something that the other table lists
LINKS = {
    "published_images": {"depictstmsobjectid": "objects"},
    "objects_terms": {"objectid": "objects"},
    "objects_constituents": {"objectid": "objects", "constituentid": "constituents"},
    "objects_historical_data": {"objectid": "objects"},
    "object_associations": {"parentobjectid": "objects", "childobjectid": "objects"},
}
KEYS = {"objects": "objectid", "constituents": "constituentid"}
COVERED = {"published_images": 0.7, "objects_constituents": 0.8, "objects_terms": 0.6}  # least share of the paintings
TYPE_COVERED = 0.1  # least share of the paintings with a term of each type
BEYOND = 0.5  # largest share of the paintings whose numbers are above all those in a table


def doubts(tables: Mapping[str, pd.DataFrame], *, every_type: bool = False) -> list[str]:
    """What speaks against tables, a sentence each; nothing where they fit together.

    Args:
        tables: The museum's tables by name, all cells text.
        every_type: Terms of every type must be there, as in the National Gallery's.
    """
    objects = tables["objects"]
    classes = objects["classification"].str.strip().str.lower()
    paintings = set(objects.loc[classes.str.startswith("painting"), "objectid"])
    found = list(_unknown(tables))
    if len(paintings) >= FEW:
        found += [*_uncovered(tables, paintings), *(_untyped(tables["objects_terms"], paintings) if every_type else ())]
    return found


def _unknown(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for name, columns in LINKS.items():
        for column, other in columns.items():
            if name not in tables or len(tables[name]) < FEW:
                continue
            share = float(tables[name][column].isin(set(tables[other][KEYS[other]])).mean())
            if share < KNOWN:
                yield f"{share:.0%} of the rows of {name}.csv name something that {other}.csv lists: {other}.csv is cut"


def _uncovered(tables: Mapping[str, pd.DataFrame], paintings: set[str]) -> Iterator[str]:
    numbers = pd.to_numeric(pd.Series(sorted(paintings)), errors="coerce")
    for name, columns in LINKS.items():
        if name not in tables or tables[name].empty:  # an own collection may lack a table
            continue
        ids = tables[name][next(iter(columns))]
        share = len(paintings & set(ids)) / len(paintings)
        if share < (least := COVERED.get(name, 0.0)):
            yield f"{share:.0%} of the paintings are in {name}.csv, at least {least:.0%} are expected: it is cut"
        elif (beyond := float((numbers > pd.to_numeric(ids, errors="coerce").max()).mean())) > BEYOND:
            yield f"{name}.csv ends before {beyond:.0%} of the paintings: it is cut"


def _untyped(terms: pd.DataFrame, paintings: set[str]) -> Iterator[str]:
    for kind in TERM_TYPES:
        has = set(terms.loc[terms["termtype"].str.strip().str.lower() == kind.lower(), "objectid"])
        if (share := len(paintings & has) / len(paintings)) < TYPE_COVERED:
            yield (
                f"{share:.0%} of the paintings have a term of the type {kind} in objects_terms.csv, "
                f"at least {TYPE_COVERED:.0%} are expected: it is cut"
            )
