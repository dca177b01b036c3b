"""Words that decide which rows count: usual spellings are understood, others are told and never dropped unseen."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.museum.ids import key_of, matched, order_of, plain_ids
from artextract.data.museum.words import KINDS, OPEN, ROLES, TERMS, VIEWS, VIRTUAL, Words, is_class, is_reservation


@pytest.mark.parametrize(
    ("words", "cells", "meaning"),
    [
        (ROLES, ["artist", "Artist", " ARTISTS ", "Painter", "Künstler", "artist role"], "artist"),
        (ROLES, ["", " "], "artist"),  # nothing else is said anywhere in the column
        (ROLES, ["donor", "Former Owners"], ""),
        (KINDS, ["individual", "Person", "persons", ""], "individual"),
        (KINDS, ["corporate", "Anonymous", "purchase_fund", "Organizations"], ""),
        (VIEWS, ["primary", "Primary", "MAIN", "front", "recto", ""], "primary"),
        (VIEWS, ["alternate", "Detail", "verso"], ""),
        (TERMS, ["Keyword", "keywords", "Tags", "Subject", "subject term", "Schlagwort"], "Keyword"),
        (TERMS, ["theme", "THEMES"], "Theme"),
        (TERMS, ["Systematic Catalogue Volume", "place executed"], ""),
        (VIRTUAL, ["0", "false", "N", "no", "", "0.0"], "no"),
        (VIRTUAL, ["1", "true", "Y", "1.0"], "yes"),
        (OPEN, ["1", "true", "Y", "yes", "CC0", "1.0"], "yes"),
        (OPEN, ["0", "False", "n", "0.0", "in copyright"], "no"),
    ],
)
def test_usual_words_are_known(words: Words, cells: list[str], meaning: str) -> None:
    found, unknown = words.read(pd.Series(cells, dtype="str"))
    assert found.tolist() == [meaning] * len(cells) and unknown == {}


def test_a_word_that_is_not_known_is_counted() -> None:
    found, unknown = ROLES.read(pd.Series(["artist", "Kopist", "Kopist ", "", "donor"], dtype="str"))
    assert found.tolist() == ["artist", "", "", "", ""] and unknown == {"Kopist": 2, "(empty)": 1}
    assert OPEN.read(pd.Series(["ask us"], dtype="str"))[1] == {"ask us": 1}


@pytest.mark.parametrize("cell", ["Painting", "painting", "Paintings", "Painting ", "PAINTINGS", "Drawing|Painting"])
def test_a_classification_in_any_case_and_number(cell: str) -> None:
    assert is_class(cell, ["Painting"]) and is_class(cell, ["Prints", "paintings"]) and is_class(cell, [])


@pytest.mark.parametrize("cell", ["Painter", "Drawing", "", "Paint", "Painting frame"])
def test_another_classification(cell: str) -> None:
    assert not is_class(cell, ["Painting"])


def test_a_reservation_says_something() -> None:
    assert all(map(is_reservation, ["Workshop of", "after", "?or"])) and is_reservation("and Studio")
    assert not any(map(is_reservation, ["", " ", "-", "by", "N/A", "None"]))


def test_ids_of_two_tables_meet() -> None:
    assert plain_ids(pd.Series([" 1.0", "2", "1975.1.234", "SK-C-5 "])).tolist() == ["1", "2", "1975.1.234", "SK-C-5"]
    own = ["1", "SK-C-5", "1975.1.234", "07", "7"]
    ids, changed = matched(pd.Series(["001", "sk_c_5", "1975.1.234", "007", "99"]), own)
    assert ids.tolist() == ["1", "SK-C-5", "1975.1.234", "007", "99"] and changed == 2  # 007 may be either
    assert key_of("SK-C-005") == key_of("sk c 5") != key_of("SK-C-50")


def test_numbers_come_first_and_parts_by_value() -> None:
    ids = pd.Series(["SK-A-10", "10", "SK-A-9", "9", "007", "x"])
    assert ids.iloc[order_of(ids).argsort()].tolist() == ["007", "9", "10", "SK-A-9", "SK-A-10", "x"]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_ids_have_an_order(ids: list[str]) -> None:
    assert sorted(order_of(pd.Series(ids, dtype="str"))) == list(range(len(ids)))
