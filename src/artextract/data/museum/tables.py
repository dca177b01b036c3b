"""The National Gallery of Art's open-data tables: from CSV files to one row per object. Pure functions of tables.

``schemas`` says what the tables must hold and how they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from artextract.data.images.duplicates import groups
from artextract.data.museum.titles import clean_title, is_untitled

TERM_TYPES = {
    "Theme": "themes",
    "Style": "styles",
    "Keyword": "keywords",
    "School": "schools",
    "Technique": "techniques",
}
LIFE_SPAN_YEARS = 30  # a longer span is a painter's life and not a date


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
    """Curators' terms as sorted lists, one column per type (see ``TERM_TYPES``), one row per object.

    Themes and styles are those of the museum's browser, where it gives one. Without it a style term stands for
    itself, but a theme term does so only where it is the name of a theme: others are narrower (a tribe, a ship).
    """
    theme, style = table["visualbrowsertheme"], table["visualbrowserstyle"]
    theme = theme.where((theme != "") | ~table["term"].isin(theme[theme != ""].unique()), table["term"])
    style = style.where(style != "", table["term"])
    value = table["term"].where(table["termtype"] != "Theme", theme).where(table["termtype"] != "Style", style)
    known = table.assign(value=value, column=table["termtype"].map(TERM_TYPES)).dropna(subset="column")
    lists = known[known["value"] != ""].groupby(["objectid", "column"])["value"].agg(lambda v: sorted(set(v)))
    wide = lists.unstack("column").reindex(columns=pd.Index(sorted(TERM_TYPES.values())))
    return wide.rename_axis(columns=None).reset_index()


def former_attributions(table: pd.DataFrame) -> pd.Series:
    """Former attributions of each object, as the museum numbers it; lists by object id."""
    past = table[(table["datatype"] == "previous_attribution") & (table["forwardtext"].str.strip() != "")]
    past = past.assign(order=number(past["displayorder"]), text=past["forwardtext"].map(clean_title))
    return past.sort_values(["objectid", "order"], kind="stable").groupby("objectid")["text"].agg(list)


def primary_images(images: pd.DataFrame) -> pd.DataFrame:
    """One image per object: the primary view, lowest sequence, smallest uuid (177 objects have two primaries)."""
    primary = images[images["viewtype"] == "primary"].assign(order=number(images["sequence"]))
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
    same = associations[associations["relationship"] == "inseparable"]
    return _joined(objects["objectid"], zip(same["parentobjectid"], same["childobjectid"], strict=True))


def alternate_views(rows: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Further views of the chosen paintings, kept apart from the collection: id, uuid, url, source_width, _height."""
    views = images[(images["viewtype"] != "primary") & images["depictstmsobjectid"].isin(rows["id"])]
    names = {"depictstmsobjectid": "id", "iiifurl": "url", "width": "source_width", "height": "source_height"}
    return views.rename(columns=names)[["id", "uuid", "url", "source_width", "source_height"]].reset_index(drop=True)


def _text(column: pd.Series) -> pd.Series:
    """Text, null where the cell is empty."""
    return column.where(column.str.strip() != "").astype("string")


def _index_rows(titled: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Everything that is known of the chosen paintings, sorted by object id."""
    rows = titled.merge(artists(tables), on="objectid", how="left").merge(
        terms(tables["objects_terms"]), on="objectid", how="left"
    )
    rows = rows.assign(objectid_number=number(rows["objectid"])).sort_values("objectid_number").reset_index(drop=True)
    past, associations = tables.get("objects_historical_data"), tables.get("object_associations")
    former = {} if past is None else former_attributions(past).to_dict()
    begin, end = number(rows["beginyear"]), number(rows["endyear"])
    dated = (end - begin).between(0, LIFE_SPAN_YEARS - 1)
    return pd.DataFrame(
        {
            "id": rows["objectid"],
            "title": rows["title"],
            "attribution": rows["attribution"].map(clean_title),
            "displaydate": rows["displaydate"],
            "medium": rows["medium"],
            "credit": rows["creditline"].map(clean_title),
            "iiif": rows["iiifurl"].where(~rows["iiifurl"].str.startswith("file:"), ""),
            "year": ((begin + end) / 2).where(dated),
            **{name: rows[name] for name in ("artist", "artist_qualified", "artist_name")},
            **{name: rows[name].map(lambda v: v if isinstance(v, list) else []) for name in TERM_TYPES.values()},
            "former_attributions": pd.Series([former.get(i, []) for i in rows["objectid"]], dtype=object),
            **{name: _text(rows[name]) for name in ("assistivetext", "parentid", "series", "portfolio")},
            "sibling_group": sibling_groups(rows, associations),
            "physical_group": physical_groups(rows, associations),
            "uuid": rows["uuid"],
            "url": rows["iiifurl"],
            "source_width": number(rows["width"]),
            "source_height": number(rows["height"]),
            "maxpixels": number(rows["maxpixels"]),
        }
    )


def select_paintings(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a painting with a primary image and a title, sorted by object id.

    Returns:
        The rows (id, title, attribution, date and term columns, artist columns, former_attributions, assistivetext,
        parentid, series, portfolio, sibling_group, physical_group, uuid, url, source_width, source_height,
        maxpixels), and counts of what was left out, the rule of the reference implementation (one row per image,
        distinct (uuid, title)) counted next to ours.
    """
    objects, images = tables["objects"], tables["published_images"]
    twice = objects["objectid"].duplicated()
    objects = objects[~twice]
    paintings = objects[(objects["classification"] == "Painting") & (objects["isvirtual"] == "0")]
    every_view = paintings.merge(images, left_on="objectid", right_on="depictstmsobjectid")
    by_reference = every_view[every_view["title"] != ""].drop_duplicates(["uuid", "title"])
    joined = paintings.merge(primary_images(images), left_on="objectid", right_on="depictstmsobjectid")
    joined["title"] = joined["title"].map(clean_title)
    titled = joined[joined["title"] != ""]
    result = _index_rows(titled, tables)
    primary = every_view[every_view["viewtype"] == "primary"]
    return result, {
        "objects": len(objects),
        "objects_listed_twice": int(twice.sum()),
        "paintings": len(paintings),
        "paintings_without_image": len(paintings) - len(joined),
        "paintings_without_title": len(joined) - len(titled),
        "published_views": len(every_view),
        "alternate_views_left_out": len(every_view) - len(primary),
        "objects_with_several_primary_views": int((primary["objectid"].value_counts() > 1).sum()),
        "second_primary_views_left_out": len(primary) - len(joined),
        "images_capped": int(result["maxpixels"].notna().sum()),
        "duplicate_titles": int(result["title"].duplicated(keep=False).sum()),
        "untitled": sum(map(is_untitled, result["title"])),
        "with_named_artist": int(result["artist"].notna().sum()),
        "with_former_attributions": int(result["former_attributions"].map(len).gt(0).sum()),
        "with_assistive_text": int(result["assistivetext"].notna().sum()),
        "rows_by_reference_rule": len(by_reference),
    }
