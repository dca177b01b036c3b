"""The National Gallery of Art's open-data tables: from five CSV files to one row an object. Pure functions of tables.

Format: https://github.com/NationalGalleryOfArt/opendata (CC0). Columns are read by name, since their order has
changed between exports, and text stays text: a painting titled "NA" is not missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.duplicates import groups
from artextract.errors import ArtExtractError

COLUMNS: dict[str, list[str]] = {
    "objects": [
        "objectid", "title", "displaydate", "beginyear", "endyear", "medium", "attribution", "classification",
        "parentid", "isvirtual", "portfolio", "series",
    ],
    "published_images": [
        "uuid", "iiifurl", "viewtype", "sequence", "width", "height", "maxpixels", "depictstmsobjectid",
    ],
    "objects_terms": ["objectid", "termtype", "term", "visualbrowsertheme", "visualbrowserstyle"],
    "objects_constituents": ["objectid", "constituentid", "displayorder", "roletype", "role", "prefix", "suffix"],
    "constituents": ["constituentid", "preferreddisplayname", "forwarddisplayname", "constituenttype"],
}  # fmt: skip
TERM_TYPES = {
    "Theme": "themes",
    "Style": "styles",
    "Keyword": "keywords",
    "School": "schools",
    "Technique": "techniques",
}
LIFE_SPAN_YEARS = 30  # a longer span is a painter's life and not a date


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """One table, text columns only, those of ``COLUMNS``.

    Raises:
        ArtExtractError: The file is missing, not readable, lacks a column, or holds no rows (the museum has
            published empty exports).
    """
    path = folder / f"{name}.csv"
    remedy = "take the complete export at the pinned commit (README, profile nga)"
    if not path.is_file():
        raise ArtExtractError(f"the table {name}.csv is missing", where=str(folder), remedy=remedy)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ArtExtractError(f"not readable as CSV: {error}", where=str(path), remedy=remedy) from error
    absent = sorted(set(COLUMNS[name]) - set(table.columns))
    if absent:
        raise ArtExtractError(f"lacks the columns {', '.join(absent)}", where=str(path), remedy=remedy)
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes the first cells for row names and shifts all others
        raise ArtExtractError("the rows have more cells than the header", where=str(path), remedy=remedy)
    if table.empty:
        raise ArtExtractError("holds a header and no rows", where=str(path), remedy=remedy)
    return table[COLUMNS[name]]


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """All five tables."""
    return {name: read_table(folder, name) for name in COLUMNS}


def clean_title(title: str) -> str:
    """A title as a reader would write it: no underscores of italics, no line ends, composed letters."""
    line = re.sub(r"\s+", " ", title)
    without = re.sub(r"(?<!\w)_(.+?)_(?!\w)", r"\1", line)
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", without)).strip()


def is_untitled(title: str) -> bool:
    """Whether a title says nothing about the picture: "Untitled" is three of four equal pairs in this museum."""
    return not title or bool(re.match(r"(?i)^\W*(untitled|no title)\b", title))


def number(column: pd.Series) -> pd.Series:
    """Numbers from text, null where the cell is empty or no number."""
    return pd.to_numeric(column.where(column.str.strip() != ""), errors="coerce")


def is_named_person(constituents: pd.DataFrame) -> pd.Series:
    """Whether a constituent is a known person, and not "American 19th Century" or "Anonymous Artist"."""
    name = constituents["preferreddisplayname"]
    generic = name.str.contains(r"(?i)\b\d+(?:st|nd|rd|th) century\b|\banonymous\b|\bunknown\b|\bunidentified\b")
    return (constituents["constituenttype"] == "individual") & ~generic


def artists(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The painter of each object: the first constituent in the role of an artist.

    Returns:
        objectid, artist (constituent id; null unless a named person painted it without reservation),
        artist_qualified (id of the person behind "workshop of", "attributed to", "after"; else null), artist_name.
    """
    links = tables["objects_constituents"]
    links = links[links["roletype"] == "artist"].assign(order=number(links["displayorder"]))
    links = links.sort_values(["objectid", "order"], kind="stable").drop_duplicates("objectid")
    people = tables["constituents"].drop_duplicates("constituentid")
    people = people.assign(named=is_named_person(people))
    links = links.merge(people, on="constituentid", how="left")
    named = links["named"].astype("boolean").fillna(False).astype(bool)
    qualified = (
        (links["prefix"] != "") | (links["suffix"] != "") | links["role"].isin(["related artist", "artist after"])
    )
    return pd.DataFrame(
        {
            "objectid": links["objectid"],
            "artist": links["constituentid"].where(named & ~qualified).astype("string"),
            "artist_qualified": links["constituentid"].where(named & qualified).astype("string"),
            "artist_name": links["forwarddisplayname"].astype("string"),
        }
    )


def terms(table: pd.DataFrame) -> pd.DataFrame:
    """Curators' terms as sorted lists, one column a type (see ``TERM_TYPES``), one row an object."""
    theme = table["visualbrowsertheme"].where(table["visualbrowsertheme"] != "", table["term"])
    style = table["visualbrowserstyle"].where(table["visualbrowserstyle"] != "", table["term"])
    value = table["term"].where(table["termtype"] != "Theme", theme).where(table["termtype"] != "Style", style)
    known = table.assign(value=value, column=table["termtype"].map(TERM_TYPES)).dropna(subset="column")
    lists = known.groupby(["objectid", "column"])["value"].agg(lambda values: sorted(set(values)))
    wide = lists.unstack("column").reindex(columns=pd.Index(sorted(TERM_TYPES.values())))
    return wide.rename_axis(columns=None).reset_index()


def primary_images(images: pd.DataFrame) -> pd.DataFrame:
    """One image an object: the primary view, lowest sequence, smallest uuid (177 objects have two primaries)."""
    primary = images[images["viewtype"] == "primary"].assign(order=number(images["sequence"]))
    primary = primary.sort_values(["depictstmsobjectid", "order", "uuid"], kind="stable")
    return primary.drop_duplicates("depictstmsobjectid").drop(columns="order")


def sibling_groups(objects: pd.DataFrame) -> np.ndarray:
    """Works that belong together: parent and parts, one series, one portfolio; group of each row, shape (n,)."""
    position = {objectid: i for i, objectid in enumerate(objects["objectid"])}
    pairs = [(i, position[p]) for i, p in enumerate(objects["parentid"]) if p in position]
    for column in ("parentid", "series", "portfolio"):
        named = objects[objects[column] != ""]
        for rows in named.groupby(column).indices.values():
            first, *rest = (position[objectid] for objectid in named["objectid"].iloc[rows])
            pairs += [(first, other) for other in rest]
    return groups(len(objects), pairs)


def select_paintings(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a painting with a primary image and a title, sorted by object id.

    Returns:
        The rows (id, title, attribution, date and term columns, artist columns, sibling_group, uuid, url,
        source_width, source_height, maxpixels), and counts of what was left out, the rule of the reference
        implementation (a row an image, distinct (uuid, title)) counted beside ours.
    """
    objects, images = tables["objects"], tables["published_images"]
    twice = objects["objectid"].duplicated()
    objects = objects[~twice]
    paintings = objects[(objects["classification"] == "Painting") & (objects["isvirtual"] == "0")]
    every_view = paintings.merge(images, left_on="objectid", right_on="depictstmsobjectid")
    by_reference = every_view[every_view["title"] != ""].drop_duplicates(["uuid", "title"])
    primary = primary_images(images)
    joined = paintings.merge(primary, left_on="objectid", right_on="depictstmsobjectid")
    joined["title"] = joined["title"].map(clean_title)
    titled = joined[joined["title"] != ""]
    rows = titled.merge(artists(tables), on="objectid", how="left").merge(
        terms(tables["objects_terms"]), on="objectid", how="left"
    )
    rows = rows.assign(objectid_number=number(rows["objectid"])).sort_values("objectid_number").reset_index(drop=True)
    for column in TERM_TYPES.values():
        rows[column] = rows[column].map(lambda value: value if isinstance(value, list) else [])
    begin, end = number(rows["beginyear"]), number(rows["endyear"])
    dated = (end - begin).between(0, LIFE_SPAN_YEARS - 1)
    result = pd.DataFrame(
        {
            "id": rows["objectid"],
            "title": rows["title"],
            "attribution": rows["attribution"].map(clean_title),
            "displaydate": rows["displaydate"],
            "medium": rows["medium"],
            "year": ((begin + end) / 2).where(dated),
            **{name: rows[name] for name in ("artist", "artist_qualified", "artist_name")},
            **{name: rows[name] for name in TERM_TYPES.values()},
            "sibling_group": sibling_groups(rows),
            "uuid": rows["uuid"],
            "url": rows["iiifurl"],
            "source_width": number(rows["width"]),
            "source_height": number(rows["height"]),
            "maxpixels": number(rows["maxpixels"]),
        }
    )
    return result, {
        "objects": len(objects),
        "objects_listed_twice": int(twice.sum()),
        "paintings": len(paintings),
        "paintings_without_image": len(paintings) - len(joined),
        "paintings_without_title": len(joined) - len(titled),
        "alternate_views_left_out": int((every_view["viewtype"] != "primary").sum()),
        "second_primary_views_left_out": int((every_view["viewtype"] == "primary").sum()) - len(joined),
        "images_capped": int(result["maxpixels"].notna().sum()),
        "duplicate_titles": int(result["title"].duplicated(keep=False).sum()),
        "untitled": sum(map(is_untitled, result["title"])),
        "with_named_artist": int(result["artist"].notna().sum()),
        "rows_by_reference_rule": len(by_reference),
    }
