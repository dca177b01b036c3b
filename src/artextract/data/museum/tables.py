"""The National Gallery of Art's open-data tables: from CSV files to one row per object. Pure functions of tables.

``schemas`` says what the tables must hold and how they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from artextract.data.images.duplicates import groups
from artextract.data.museum.notes import Notes
from artextract.data.museum.titles import clean_title
from artextract.data.museum.words import (
    HISTORY,
    KINDS,
    KINSHIP,
    RESERVED_ROLES,
    ROLES,
    TERMS,
    VIEWS,
    Words,
    is_reservation,
)
from artextract.data.tables.text import squeeze

TERM_TYPES = {
    "Theme": "themes",
    "Style": "styles",
    "Keyword": "keywords",
    "School": "schools",
    "Technique": "techniques",
}
GENERIC = re.compile(
    r"(?i)\b\d+(?:st|nd|rd|th) century\b|\banonym(?:ous|us|e|o)?\b|\bunknown\b|\bunidentified\b|\bunbekannt\w*|"
    r"\binconnue?\b|\ban[oó]nim[oa]\b|\bdesconocid[oa]\b|\bsconosciut[oa]\b|\bignoto\b|\bonbekende?\b"
)


def number(column: pd.Series) -> pd.Series:
    """Numbers from text, null where the cell is empty or no number."""
    return pd.to_numeric(column.where(column.str.strip() != ""), errors="coerce")


def is_named_person(constituents: pd.DataFrame, notes: Notes | None = None) -> pd.Series:
    """Whether a constituent is a known person, and not "American 19th Century" or "Anonymous Artist"."""
    names = constituents["preferreddisplayname"]
    names = names.where(names.str.strip() != "", constituents["forwarddisplayname"])
    kind = meaning_of(KINDS, constituents, "constituents.constituenttype", notes)
    return (kind == "individual") & ~names.map(lambda name: bool(GENERIC.search(str(name)))).astype(bool)


def meaning_of(words: Words, table: pd.DataFrame, column: str, notes: Notes | None) -> pd.Series:
    """What each cell of a column means; words that are not known are told."""
    meaning, unknown = words.read(table[column.partition(".")[2]])
    if notes is not None:
        notes.unknown(column, unknown, words.known())
    return meaning


def artists(tables: Mapping[str, pd.DataFrame], notes: Notes | None = None) -> pd.DataFrame:
    """The painter of each object: the first constituent in the role of an artist.

    Args:
        tables: The museum's tables.
        notes: Words that are not known are told there.

    Returns:
        objectid, artist (constituent id; null unless a named person painted it without reservation),
        artist_qualified (id of the person behind "workshop of", "attributed to", "after"; else null), artist_name.
    """
    links = tables["objects_constituents"]
    role = meaning_of(ROLES, links, "objects_constituents.roletype", notes)
    links = links[role == "artist"]
    links = links.assign(order=number(links["displayorder"]))
    links = links.sort_values(["objectid", "order"], kind="stable").drop_duplicates("objectid")
    people = tables["constituents"].drop_duplicates("constituentid")
    people = people.assign(named=is_named_person(people, notes))
    links = links.merge(people, on="constituentid", how="left")
    named = links["named"].astype("boolean").fillna(False).astype(bool)
    reserved = [
        is_reservation(before) or is_reservation(behind) or squeeze(role) in RESERVED_ROLES
        for before, behind, role in zip(links["prefix"], links["suffix"], links["role"], strict=True)
    ]
    qualified = np.array(reserved, dtype=bool)
    return pd.DataFrame(
        {
            "objectid": links["objectid"],
            "artist": links["constituentid"].where(named & ~qualified).astype("string"),
            "artist_qualified": links["constituentid"].where(named & qualified).astype("string"),
            "artist_name": links["forwarddisplayname"].astype("string"),
        }
    )


def terms(table: pd.DataFrame, notes: Notes | None = None) -> pd.DataFrame:
    """Curators' terms as sorted lists, one column per type (see ``TERM_TYPES``), one row per object.

    Themes and styles are those of the museum's browser, where it gives one. Without it a style term stands for
    itself, but a theme term does so only where it is the name of a theme: others are narrower (a tribe, a ship).
    """
    kind = meaning_of(TERMS, table, "objects_terms.termtype", notes)
    theme, style = table["visualbrowsertheme"], table["visualbrowserstyle"]
    theme = theme.where((theme != "") | ~table["term"].isin(theme[theme != ""].unique()), table["term"])
    style = style.where(style != "", table["term"])
    value = table["term"].where(kind != "Theme", theme).where(kind != "Style", style)
    known = table.assign(value=value, column=kind.map(TERM_TYPES)).dropna(subset="column")
    lists = known[known["value"] != ""].groupby(["objectid", "column"])["value"].agg(lambda v: sorted(set(v)))
    wide = lists.unstack("column").reindex(columns=pd.Index(sorted(TERM_TYPES.values())))
    return wide.rename_axis(columns=None).reset_index()


def former_attributions(table: pd.DataFrame) -> pd.Series:
    """Former attributions of each object, as the museum numbers it; lists by object id."""
    kind, _ = HISTORY.read(table["datatype"])
    past = table[(kind == "previous_attribution") & (table["forwardtext"].str.strip() != "")]
    past = past.assign(order=number(past["displayorder"]), text=past["forwardtext"].map(clean_title))
    return past.sort_values(["objectid", "order"], kind="stable").groupby("objectid")["text"].agg(list)


def is_primary(images: pd.DataFrame) -> pd.Series:
    """Which views show the whole work, in the museum's or in usual words."""
    return VIEWS.read(images["viewtype"])[0] == "primary"


def primary_images(images: pd.DataFrame) -> pd.DataFrame:
    """One image per object: the primary view, lowest sequence, smallest uuid (177 objects have two primaries)."""
    primary = images[is_primary(images)]
    primary = primary.assign(order=number(primary["sequence"]))
    primary = primary.sort_values(["depictstmsobjectid", "order", "uuid"], kind="stable")
    return primary.drop_duplicates("depictstmsobjectid").drop(columns="order")


def _joined(objectid: pd.Series, links: Iterable[tuple[str, str]]) -> np.ndarray:
    """Components of objects under links between names; links may run over names without a row. int64 (n,)."""
    nodes = {name: i for i, name in enumerate(objectid)}
    pairs = [(nodes.setdefault(a, len(nodes)), nodes.setdefault(b, len(nodes))) for a, b in links]
    return groups(len(nodes), pairs)[: len(objectid)]


def sibling_groups(objects: pd.DataFrame, associations: pd.DataFrame | None = None) -> np.ndarray:
    """Works that belong together: a whole and its parts, one series, one portfolio; group of each row, int64 (n,).

    Args:
        objects: objectid, parentid, series, portfolio; n rows.
        associations: parentobjectid, childobjectid, where the museum's table of them is there.
    """
    links = []
    for column, kind in {"parentid": "", "series": "series ", "portfolio": "portfolio "}.items():
        named = objects[objects[column] != ""]
        links += zip(named["objectid"], kind + named[column], strict=True)
    if associations is not None:
        links += zip(associations["parentobjectid"], associations["childobjectid"], strict=True)
    return _joined(objects["objectid"], links)


def physical_groups(objects: pd.DataFrame, associations: pd.DataFrame | None = None) -> np.ndarray:
    """Records of one physical object, such as the two sides of a panel; group of each row, int64 (n,)."""
    if associations is None:
        return np.arange(len(objects))
    same = associations[KINSHIP.read(associations["relationship"])[0] == "inseparable"]
    return _joined(objects["objectid"], zip(same["parentobjectid"], same["childobjectid"], strict=True))


def alternate_views(rows: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Further views of the chosen paintings, kept apart from the collection: id, uuid, url, source_width, _height."""
    views = images[~is_primary(images) & images["depictstmsobjectid"].isin(rows["id"])]
    names = {"depictstmsobjectid": "id", "iiifurl": "url", "width": "source_width", "height": "source_height"}
    return views.rename(columns=names)[["id", "uuid", "url", "source_width", "source_height"]].reset_index(drop=True)
