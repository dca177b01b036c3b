"""Which objects are the collection: paintings with a primary view and a title, one row each; the rest is listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from artextract.data.museum.dates import years
from artextract.data.museum.ids import order_of
from artextract.data.museum.notes import Notes
from artextract.data.museum.tables import (
    TERM_TYPES,
    artists,
    former_attributions,
    is_primary,
    meaning_of,
    number,
    physical_groups,
    primary_images,
    sibling_groups,
    terms,
)
from artextract.data.museum.titles import clean_title, is_untitled
from artextract.data.museum.words import EMPTY, OPEN, VIEWS, VIRTUAL, is_class
from artextract.data.tables.text import safe_id


def _text(column: pd.Series) -> pd.Series:
    """Text, null where the cell is empty."""
    return column.where(column.str.strip() != "").astype("string")


def open_access(rows: pd.DataFrame, notes: Notes) -> pd.Series:
    """Whether each picture may be shown freely: as the museum says, else unless it is published small only."""
    uncapped = number(rows["maxpixels"]).isna()
    stated = rows["openaccess"] if "openaccess" in rows else pd.Series("", index=rows.index)
    meaning, unknown = OPEN.read(stated)
    filled = stated.str.strip() != ""
    notes.unknown("published_images.openaccess", {w: n for w, n in unknown.items() if w != EMPTY}, OPEN.known())
    notes.counts |= {"open_access_as_stated": int(filled.sum()), "open_access_inferred": int((~filled).sum())}
    return (meaning == "yes").where(filled, uncapped).astype(bool)


def _index_rows(titled: pd.DataFrame, tables: Mapping[str, pd.DataFrame], notes: Notes) -> pd.DataFrame:
    """Everything that is known of the chosen paintings, sorted by object id."""
    rows = titled.merge(artists(tables, notes), on="objectid", how="left").merge(
        terms(tables["objects_terms"], notes), on="objectid", how="left"
    )
    rows = rows.assign(rank=order_of(rows["objectid"])).sort_values("rank").reset_index(drop=True)
    past, associations = tables.get("objects_historical_data"), tables.get("object_associations")
    former = {} if past is None else former_attributions(past).to_dict()
    year, counts = years(number(rows["beginyear"]), number(rows["endyear"]))
    notes.counts |= counts
    blank = pd.Series("", index=rows.index)
    return pd.DataFrame(
        {
            "id": rows["objectid"].map(safe_id),
            "title": rows["title"],
            "attribution": rows["attribution"].map(clean_title),
            "displaydate": rows["displaydate"],
            "medium": rows["medium"],
            "credit": rows["creditline"].map(clean_title),
            "iiif": rows["iiifurl"].where(~rows["iiifurl"].str.startswith("file:"), ""),
            "year": year,
            **{name: rows[name] for name in ("artist", "artist_qualified", "artist_name")},
            **{name: rows[name].map(lambda v: v if isinstance(v, list) else []) for name in TERM_TYPES.values()},
            "former_attributions": pd.Series([former.get(i, []) for i in rows["objectid"]], dtype=object),
            **{name: _text(rows[name]) for name in ("assistivetext", "parentid", "series", "portfolio")},
            "sibling_group": sibling_groups(rows, associations),
            "physical_group": physical_groups(rows, associations),
            "open_access": open_access(rows, notes),
            "objectid": rows["objectid"],
            "accession": rows.get("accessionnum", blank),
            "uuid": rows["uuid"],
            "url": rows["iiifurl"],
            "source_width": number(rows["width"]),
            "source_height": number(rows["height"]),
            "maxpixels": number(rows["maxpixels"]),
        }
    )


def _chosen(objects: pd.DataFrame, classifications: Sequence[str], notes: Notes) -> pd.DataFrame:
    """The objects that are wanted; all others are listed."""
    twice = objects["objectid"].duplicated()
    notes.leave_out(
        "objects.objectid", objects["objectid"][twice], "one row per id", objects[twice], reason="listed_twice"
    )
    objects = objects[~twice]
    cells = objects["classification"]
    if classifications and (cells.str.strip() == "").all():
        notes.lines.append("objects have no classification: all of them are taken")
        classifications = ()
    fits = cells.map({cell: is_class(cell, classifications) for cell in cells.unique()}).astype(bool)
    wanted = " or ".join(classifications)
    notes.leave_out("objects.classification", cells[~fits], wanted, objects[~fits], reason="classification")
    objects = objects[fits]
    virtual = meaning_of(VIRTUAL, objects, "objects.isvirtual", notes) == "yes"
    notes.leave_out("objects.isvirtual", objects["isvirtual"][virtual], "0", objects[virtual], reason="virtual")
    return objects[~virtual]


def _with_view(paintings: pd.DataFrame, images: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """The paintings with their primary view; those without one are listed with the views that they have."""
    joined = paintings.merge(primary_images(images), left_on="objectid", right_on="depictstmsobjectid")
    without = paintings[~paintings["objectid"].isin(joined["objectid"])]
    views = images[images["depictstmsobjectid"].isin(without["objectid"])]
    words = views.groupby("depictstmsobjectid")["viewtype"].agg(lambda cells: ", ".join(sorted(set(cells))))
    notes.unknown("published_images.viewtype", VIEWS.read(views["viewtype"])[1], VIEWS.known())
    found = without["objectid"].map(words).fillna("no image")
    notes.leave_out("published_images.viewtype", found, "primary", without, reason="no_primary_view")
    return joined


def select_paintings(
    tables: Mapping[str, pd.DataFrame], classifications: Sequence[str] = ("Painting",), notes: Notes | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a painting with a primary image and a title, sorted by object id.

    Args:
        tables: The museum's tables.
        classifications: Of the objects that are wanted; none = every object.
        notes: What is left out and why, and words that are not known, are told there.

    Returns:
        The rows (id, title, attribution, date and term columns, artist columns, former_attributions, assistivetext,
        parentid, series, portfolio, sibling_group, physical_group, open_access, objectid, accession, uuid, url,
        source_width, source_height, maxpixels), and counts of what was left out, the rule of the reference
        implementation (one row per image, distinct (uuid, title)) counted next to ours.
    """
    notes = notes or Notes()
    objects, images = tables["objects"], tables["published_images"]
    paintings = _chosen(objects, classifications, notes)
    if "openaccess" in images and "openaccess" in paintings:  # of the picture before that of the object
        paintings = paintings.drop(columns="openaccess")
    every_view = paintings.merge(images, left_on="objectid", right_on="depictstmsobjectid")
    by_reference = every_view[every_view["title"] != ""].drop_duplicates(["uuid", "title"])
    joined = _with_view(paintings, images, notes)
    joined["title"] = joined["title"].map(clean_title)
    titled = joined[joined["title"] != ""]
    untitled = joined[joined["title"] == ""]
    notes.leave_out("objects.title", untitled["title"], "a title", untitled, reason="no_title")
    result = _index_rows(titled, tables, notes)
    primary = every_view[is_primary(every_view)]
    twice = int(objects["objectid"].duplicated().sum())
    return result, {
        "objects": len(objects) - twice,
        "objects_listed_twice": twice,
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
