"""The museum's tables: what is read, what is refused, and which paintings come of it."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.museum import tables as nga
from artextract.data.museum.schemas import OPTIONAL, read_tables
from artextract.data.museum.selection import select_paintings
from artextract.data.museum.titles import is_untitled
from tests.conftest import test_data
from tests.museum import as_read, link, museum, painting, person, term, view


def select(**tables: Any) -> tuple[pd.DataFrame, dict[str, int]]:
    optional = {name: tables.pop(name) for name in OPTIONAL if name in tables}
    return select_paintings(as_read(museum(**tables) | optional))


# --- titles


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("_Wivenhoe Park_, Essex", "Wivenhoe Park, Essex"),
        ("Study for _The Dance_ and _Music_", "Study for The Dance and Music"),
        ("snake_case_title", "snake_case_title"),  # no italics inside a word
        ("A _ B", "A _ B"),
        ("Two\r\nLines  and\ttabs ", "Two Lines and tabs"),
        ("_Italics over\r\ntwo lines_", "Italics over two lines"),
        ("Le Be\u0301be\u0301", "Le B\u00e9b\u00e9"),
        ("  ", ""),
    ],
)
def test_clean_title(title: str, clean: str):
    assert nga.clean_title(title) == clean


@given(st.text(st.sampled_from("aé_ \r\n\t.\u0301\u00a0"), max_size=20))
def test_cleaned_title_is_one_trimmed_line_with_the_same_letters(title: str):
    clean = nga.clean_title(title)
    assert clean == clean.strip() and not re.search(r"\s\s|[\r\n\t]", clean)
    letters = [re.sub(r"[\s_]", "", unicodedata.normalize("NFD", text)) for text in (title, clean)]
    assert letters[0] == letters[1]


@pytest.mark.parametrize(
    ("title", "untitled"),
    [
        ("Untitled", True),
        ("untitled (red, black)", True),
        ("[Untitled]", True),
        ("No Title", True),
        ("", True),
        ("Untitledness", False),
        ("The Untitled", False),
        ("No Titles at All", False),
        ("Red, Black, White on Yellow", False),
    ],
)
def test_is_untitled(title: str, untitled: bool):
    assert is_untitled(title) is untitled


def test_number_of_odd_cells():
    numbers = nga.number(pd.Series(["1", " 2 ", "", "  ", "c. 1500", "-300", "1.5"]))
    assert numbers.fillna(-1).tolist() == [1, 2, -1, -1, -1, -300, 1.5]


# --- painters


@pytest.mark.parametrize(
    ("name", "kind", "named"),
    [
        ("Homer, Winslow", "individual", True),
        ("American 19th Century", "anonymous", False),
        ("American 19th Century", "individual", False),
        ("Italian 15th/16th Century", "individual", False),
        ("Flemish 17th century", "individual", False),
        ("Anonymous Artist", "individual", False),
        ("Unknown Patron", "individual", False),
        ("Chinese Qing Dynasty", "anonymous", False),
        ("Studio of Winslow Homer", "corporate", False),
        ("Century, Ann", "individual", True),
        ("Master of the 1540s", "individual", True),
    ],
)
def test_generic_names_are_no_painters(name: str, kind: str, named: bool):
    table = as_read(museum(people=[person(7, name, constituenttype=kind)]))["constituents"]
    assert nga.is_named_person(table).tolist() == [named]


@pytest.mark.parametrize(
    ("changes", "artist", "qualified"),
    [
        ({}, "7", None),
        ({"role": "artist"}, "7", None),
        ({"prefix": "Workshop of"}, None, "7"),
        ({"prefix": "Attributed to"}, None, "7"),
        ({"prefix": "after"}, None, "7"),
        ({"suffix": "and Studio"}, None, "7"),
        ({"role": "related artist"}, None, "7"),
        ({"role": "artist after"}, None, "7"),
        ({"constituentid": 8}, None, None),  # American 19th Century
        ({"constituentid": 8, "prefix": "Attributed to"}, None, None),
        ({"constituentid": 99}, None, None),  # not in the table of people
        ({"roletype": "donor"}, None, None),
        ({"roletype": "Artist "}, "7", None),
        ({"roletype": "PAINTERS"}, "7", None),
        ({"prefix": " "}, "7", None),
        ({"prefix": "-", "suffix": "n/a"}, "7", None),
        ({"role": "Workshop of"}, None, "7"),
    ],
)
def test_painter_and_reservations(changes: dict[str, object], artist: str | None, qualified: str | None):
    people = [person(7, "Homer, Winslow"), person(8, "American 19th Century", constituenttype="anonymous")]
    rows, counts = select(links=[link(1, 7, **changes)], people=people)
    found: list[Any] = rows[["artist", "artist_qualified"]].iloc[0].tolist()
    assert [None if pd.isna(value) else value for value in found] == [artist, qualified]
    assert counts["with_named_artist"] == (artist is not None)


def test_first_painter_counts_by_number_and_not_by_text():
    links = [link(1, 10, displayorder=10), link(1, 2, displayorder=2), link(1, 5, displayorder="")]
    people = [person(k, f"Name{k}, First") for k in (2, 5, 10)]
    rows, _ = select(links=links, people=people)
    assert rows[["artist", "artist_name"]].iloc[0].tolist() == ["2", "First Name2"]
    donor = link(1, 5, displayorder=1, roletype="donor")
    assert select(links=[donor, *links], people=people)[0].loc[0, "artist"] == "2"


# --- images, terms, dates


def test_two_primary_views_lowest_sequence_then_smallest_uuid():
    views = [
        view(1, uuid="c", sequence=10),
        view(1, uuid="z", sequence=9),
        view(1, uuid="b", sequence=9),
        view(1, uuid="a", sequence=""),
        view(1, uuid="0", sequence=0, viewtype="alternate"),
    ]
    for order in (views, views[::-1]):
        rows, counts = select(images=order)
        assert rows["uuid"].tolist() == ["b"]
        assert counts["objects_with_several_primary_views"] == 1 and counts["published_views"] == 5
        assert counts["alternate_views_left_out"] == 1 and counts["second_primary_views_left_out"] == 3


def test_terms_are_sorted_lists_by_type_with_the_browser_terms_preferred():
    rows, _ = select(
        objects=[painting(1), painting(2)],
        terms=[
            term(1, "Theme", "landscapes, various", visualbrowsertheme="landscape"),
            term(1, "Theme", "animals"),
            term(1, "Theme", "animals"),
            term(2, "Theme", "birds", visualbrowsertheme="animals"),
            term(2, "Theme", "ship"),  # no theme of the browser's
            term(2, "Style", "Fauve"),
            term(1, "Style", "Realism (American)", visualbrowserstyle="Realist"),
            term(1, "Keyword", "dog"),
            term(1, "School", "American"),
            term(1, "Technique", "painted surface", visualbrowsertheme="never"),
            term(1, "Systematic Catalogue Volume", "II"),
        ],
    )
    columns = ["themes", "styles", "keywords", "schools", "techniques"]
    assert rows[columns].iloc[0].tolist() == [
        ["animals", "landscape"], ["Realist"], ["dog"], ["American"], ["painted surface"],
    ]  # fmt: skip
    assert rows[columns].iloc[1].tolist() == [["animals"], ["Fauve"], [], [], []]


def test_terms_of_unknown_types_only_leave_empty_lists():
    rows, _ = select(terms=[term(1, "Place Executed", "Rome")])
    assert rows[list(nga.TERM_TYPES.values())].iloc[0].tolist() == [[]] * 5


@pytest.mark.parametrize(
    ("begin", "end", "year"),
    [
        (1890, 1890, 1890),
        (1890, 1891, 1890.5),
        (1880, 1909, 1894.5),  # 29 years
        (1880, 1910, None),  # 30 years: a life, not a date
        (1910, 1880, None),
        ("", 1890, 1890),
        (1890, "", 1890),
        ("", "", None),
        (0, 1890, 1890),
        (0, 0, None),
        (1890, 9999, 1890),
        (-500, -480, -490),
        (-10, 5, -2.5),
    ],
)
def test_dates_and_life_spans(begin: object, end: object, year: float | None):
    rows, _ = select(objects=[painting(1, beginyear=begin, endyear=end)])
    found: Any = rows.loc[0, "year"]
    assert (None if pd.isna(found) else found) == year


# --- which paintings, and what belongs together


def test_what_is_left_out_is_counted():
    objects = [
        painting(10, title="Ten"),
        painting(9, title="_Untitled_"),
        painting(9, title="listed again"),
        painting(3, classification="Sculpture"),
        painting(4, isvirtual=1),
        painting(5, title=" \r\n"),
        painting(6),  # without an image
        painting(7, title="Ten"),
    ]
    images = [*(view(k) for k in (10, 9, 3, 4, 5, 7)), view(10, uuid="x", viewtype="alternate"), view(999)]
    images[0] = view(10, maxpixels=640)
    rows, counts = select(objects=objects, images=images)
    assert rows["id"].tolist() == ["7", "9", "10"]  # by number
    assert rows["title"].tolist() == ["Ten", "Untitled", "Ten"]
    assert counts == {
        "objects": 7,
        "objects_listed_twice": 1,
        "paintings": 5,
        "paintings_without_image": 1,
        "paintings_without_title": 1,
        "published_views": 5,
        "alternate_views_left_out": 1,
        "objects_with_several_primary_views": 0,
        "second_primary_views_left_out": 0,
        "images_capped": 1,
        "duplicate_titles": 2,
        "untitled": 1,
        "with_named_artist": 0,
        "with_former_attributions": 0,
        "with_assistive_text": 0,
        "rows_by_reference_rule": 5,  # 10 twice, 9, 7, and 5, whose title is white space only
    }


def test_museum_without_paintings_gives_an_empty_table():
    rows, counts = select(objects=[painting(1, classification="Sculpture")])
    assert len(rows) == 0 and counts["paintings"] == 0


def test_siblings_by_parent_series_and_portfolio_transitively():
    objects = [
        painting(1),
        painting(2, parentid=1),
        painting(3, parentid=1, series="Hours"),
        painting(4, series="Hours"),
        painting(5, parentid=77),  # their frame is no painting, and yet it makes them siblings
        painting(6, parentid=77),
        painting(7, portfolio="Views"),
        painting(8, portfolio="Views"),
        painting(9),
        painting(10),
    ]
    rows, _ = select(objects=objects)
    assert rows["sibling_group"].tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 4]


@given(st.lists(st.tuples(st.sampled_from(["", "A", "B"]), st.integers(0, 8)), min_size=1, max_size=8))
def test_sibling_groups_match_a_slow_search(works: list[tuple[str, int]]):
    objects = [painting(k + 1, series=s, parentid=p or "") for k, (s, p) in enumerate(works)]
    found = nga.sibling_groups(as_read(museum(objects))["objects"])
    reach = {k: {k} for k in range(len(works))}
    for _ in works:  # as many rounds as the longest chain
        for i, (s, p) in enumerate(works):
            for j, (t, q) in enumerate(works):
                if (s and s == t) or (p and p == q) or p == j + 1 or q == i + 1:
                    reach[i] = reach[j] = reach[i] | reach[j]
    for i in reach:
        for j in reach:
            together = bool(reach[i] & reach[j])
            assert (found[i] == found[j]) == together


def kin(parent: int, child: int, relationship: str) -> dict[str, object]:
    return {"parentobjectid": parent, "childobjectid": child, "relationship": relationship}


def test_associations_tie_panels_over_a_whole_that_is_no_painting():
    objects = [painting(k) for k in range(1, 7)]
    associations = [
        kin(77, 1, "separable"),
        kin(77, 3, "separable"),
        kin(4, 5, "inseparable"),
        kin(88, 99, "separable"),
    ]
    rows, _ = select(objects=objects, object_associations=associations)
    assert rows["sibling_group"].tolist() == [0, 1, 0, 2, 2, 3]
    assert rows["physical_group"].tolist() == [0, 1, 2, 3, 3, 4]  # two sides of one panel; a triptych's wings are two


def test_former_attributions_in_the_museums_order():
    def past(number: int, order: int, text: str, kind: str = "previous_attribution") -> dict[str, object]:
        return {"datatype": kind, "objectid": number, "displayorder": order, "forwardtext": text}

    history = [
        past(1, 10, "Follower of Giotto"), past(1, 2, "_Giotto_"), past(1, 1, " "), past(9, 1, "Titian"),
        past(2, 1, "Old Title", "previous_title"),
    ]  # fmt: skip
    rows, counts = select(objects=[painting(1), painting(2)], objects_historical_data=history)
    assert rows["former_attributions"].tolist() == [["Giotto", "Follower of Giotto"], []]
    assert counts["with_former_attributions"] == 1
    assert select()[0]["former_attributions"].tolist() == [[]]  # the table is not there


def test_empty_cells_are_null_and_others_stay():
    objects = [painting(1), painting(2, series="Hours", portfolio="Views", parentid=1)]
    images = [view(1, assistivetext="A red boat."), view(2)]
    rows, counts = select(objects=objects, images=images)
    columns = ["assistivetext", "parentid", "series", "portfolio"]
    assert rows[columns].fillna("-").values.tolist() == [["A red boat.", "-", "-", "-"], ["-", "1", "Hours", "Views"]]
    assert counts["with_assistive_text"] == 1


def test_alternate_views_of_chosen_paintings_alone():
    images = [view(1), view(1, uuid="x", viewtype="alternate"), view(5, uuid="y", viewtype="alternate")]
    tables = as_read(museum(images=images))
    rows, _ = select_paintings(tables)
    views = nga.alternate_views(rows, tables["published_images"])
    assert views.values.tolist() == [["1", "x", "file:pictures/1.jpg", "40", "30"]]


# --- the real tables


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.slow
@pytest.mark.real
def test_real_tables_agree_with_counts_taken_without_pandas():
    folder = test_data("nga")
    rows, counts = select_paintings(read_tables(folder))
    objects = {o["objectid"]: o for o in read_csv(folder / "objects.csv")}
    paintings = {i: o for i, o in objects.items() if (o["classification"], o["isvirtual"]) == ("Painting", "0")}
    images: dict[str, list[dict[str, str]]] = defaultdict(list)
    for image in read_csv(folder / "published_images.csv"):
        if image["viewtype"] == "primary" and image["depictstmsobjectid"] in paintings:
            images[image["depictstmsobjectid"]].append(image)
    expected = sorted((i for i in images if paintings[i]["title"].strip()), key=int)
    assert len(expected) == 3262
    assert rows["id"].tolist() == expected

    chosen = {i: min(views, key=lambda v: (float(v["sequence"]), v["uuid"])) for i, views in images.items()}
    assert rows["uuid"].tolist() == [chosen[i]["uuid"] for i in expected]
    assert counts["images_capped"] == sum(chosen[i]["maxpixels"] != "" for i in expected)
    assert counts["untitled"] == sum(bool(re.match(r"\W*(untitled|no title)\b", t.lower())) for t in rows["title"])

    people = {c["constituentid"]: c for c in read_csv(folder / "constituents.csv")}
    first: dict[str, dict[str, str]] = {}
    for candidate in read_csv(folder / "objects_constituents.csv"):
        held = first.get(candidate["objectid"])
        if candidate["roletype"] == "artist" and (
            held is None or int(candidate["displayorder"]) < int(held["displayorder"])
        ):
            first[candidate["objectid"]] = candidate
    painters = {
        i: c["constituentid"]
        for i, c in first.items()
        if c["constituentid"] in people  # those of some kept-back painters are not
        and people[c["constituentid"]]["constituenttype"] == "individual"
        and not c["prefix"]
        and not c["suffix"]
        and c["role"] in ("artist", "painter", "sculptor")
    }
    assert rows["artist"].fillna("").tolist() == [painters.get(i, "") for i in expected]
    assert counts["with_named_artist"] == sum(i in painters for i in expected)

    themes: dict[str, set[str]] = defaultdict(set)
    for t in read_csv(folder / "objects_terms.csv"):
        if t["termtype"] == "Theme":
            themes[t["objectid"]].add(t["visualbrowsertheme"] or t["term"])
    browser = {t["visualbrowsertheme"] for t in read_csv(folder / "objects_terms.csv")} - {""}
    assert len(browser) == 18
    assert rows["themes"].tolist() == [sorted(themes[i] & browser) for i in expected]

    years = []
    for i in expected:
        begin, end = paintings[i]["beginyear"], paintings[i]["endyear"]
        begin, end = begin or end, end or begin
        dated = begin and 0 <= int(end) - int(begin) < 30
        years.append((int(begin) + int(end)) / 2 if dated else np.nan)
    np.testing.assert_array_equal(rows["year"], years)
