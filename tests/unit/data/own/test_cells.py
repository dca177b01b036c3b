"""Single cells: painters, titles, rights, links, keywords, and the ids of works."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.own.cells import artist_of, is_untitled, keywords_of, link_of, may_be_shown, title_from_file
from artextract.data.own.works import safe_id, work_ids
from artextract.data.tables.text import clean, squeeze


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "-",
        "?",
        "Unknown",
        "Unbekannter Künstler",
        "Anonyme",
        "anoniem",
        "Anónimo",
        "Ignoto",
        "French 18th Century",
    ],
)
def test_no_painter(cell: str):
    assert artist_of(cell) == ""


def test_painters_as_written():
    assert artist_of(" Claude  Monet\nFrench, 1840-1926") == "Claude Monet"
    assert artist_of("Jan|Piet | Kees") == "Jan; Piet; Kees"
    assert artist_of("=cmd|' /C calc'!A0") == "=cmd; ' /C calc'!A0"


@pytest.mark.parametrize(
    ("file", "title"),
    [
        ("a/Water_Lilies.jpg", "Water Lilies"), ("claude-monet-lilies.jpg", "claude monet lilies"),
        ("A - B.jpg", "A - B"), ("-.jpg", "-"), ("\u202egpj.jpg", "gpj"), ("SK-A-0.tif", "SK A 0"),
    ],
)  # fmt: skip
def test_titles_from_files(file: str, title: str):
    assert title_from_file(file) == title


def test_titles_that_say_nothing():
    assert all(
        map(
            is_untitled,
            ["", "Untitled", "[Ohne Titel]", "Sans titre (rouge)", "senza titolo", "S/T".replace("S/T", "--")],
        )
    )
    assert not any(map(is_untitled, ["NA", "The Untitled", "Sans souci", "0"]))


def test_links_are_https_or_nothing():
    assert link_of(" https://x.org/a?b=c ") == "https://x.org/a?b=c"
    assert link_of("http://www.wikidata.org/entity/Q1") == "https://www.wikidata.org/entity/Q1"
    for cell in [
        "http://x.org",
        "javascript:alert(1)",
        'https://x.org/"onclick=1',
        "https://x.org/<b>",
        "x",
        "file:///etc",
    ]:
        assert link_of(cell) == ""


def test_what_may_be_shown():
    assert may_be_shown(["True", "0", "ja", "CC0", "", "CC0 1.0"], [""] * 6) == [True, False, True, True, False, True]
    free = [
        "",
        "CC BY 4.0",
        "Public domain",
        "copyright expired",
        "No known copyright restrictions",
        "not in copyright",
    ]
    free += ["copyright-free", "keine Urheberrechte", "sans droits"]
    assert all(may_be_shown(None, free))
    reserved = ["© Estate", "Copyright N. N.", "Copyrighted", "Alle Rechte vorbehalten", "Tous droits réservés"]
    reserved += ["In Copyright", "http://rightsstatements.org/vocab/InC/1.0/", "Todos los derechos reservados"]
    assert not any(may_be_shown(None, reserved))


def test_keywords():
    assert keywords_of("Ships|Sea| Ships ") == ["Ships", "Sea"] and keywords_of("a, b") == ["a", "b"]
    assert keywords_of("still life, with fish; sea") == ["still life, with fish", "sea"] and keywords_of(" - ") == []
    assert keywords_of("['Ships', \"Sea, calm\"]") == ["Ships", "Sea, calm"] and keywords_of("[]") == []


# --- ids


def test_ids_of_the_table_and_of_files():
    ids, doubles = work_ids(
        ["SK-A-0", "P 1/0", "", "SK-A-0", "http://w.org/Q5"], ["a.jpg", "b.jpg", "c/d.jpg", "e.jpg", "f.jpg"]
    )
    assert (
        ids[0] == "SK-A-0" and re.fullmatch(r"P-1-0-[0-9a-f]{6}", ids[1]) and re.fullmatch(r"c-d-[0-9a-f]{6}", ids[2])
    )
    assert ids[3:] == ["e", "Q5"] and doubles == [3]


def test_a_column_that_repeats_itself_is_no_id():
    assert work_ids(["1", "1", "1", "1"], ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]) == (["a", "b", "c", "d"], [])


FILES = st.lists(
    st.text(st.sampled_from("abÄ漢/ ._-1"), min_size=1, max_size=8).map(lambda t: t + ".jpg"), unique=True, max_size=8
)


@given(FILES, st.data())
def test_ids_are_safe_distinct_and_stay_when_works_come_after(files: list[str], data: st.DataObject):
    own = data.draw(st.lists(st.text(max_size=6), min_size=len(files), max_size=len(files)))
    ids, _ = work_ids(own, files)
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,100}", i) for i in ids)
    fewer, _ = work_ids([""] * len(files[:-1]), files[:-1])
    assert work_ids([""] * len(files), files)[0][: len(fewer)] == fewer


@given(st.text(max_size=30))
def test_cleaned_text_is_one_line(text: str):
    cleaned = clean(text)
    assert cleaned == clean(cleaned) and not re.search(r"[\x00-\x1f\x7f\u202a-\u202e]", cleaned)
    assert re.fullmatch(r"[^\W_]*", squeeze(text))


@given(st.text(max_size=200))
def test_safe_ids(text: str):
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", safe_id(text)) and not safe_id(text).startswith(".")
