"""Text from outside: what is taken out, what stays, and that nothing is left after one pass."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.text import clean, clean_cells, clean_table, is_clean

KEPT = {
    "Persian": "می\u200cخواهم",
    "Malayalam, joiner at the end": "ക്\u200d",
    "a family": "👨\u200d👩\u200d👧",
    "a heart": "❤️\u200d🔥",
    "Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "Hebrew": "שלום",
    "accents": "e\u0301 Č ô ß œ",
    "Japanese": "富嶽三十六景\u3000神奈川沖浪裏",
    "dashes and quotes": "“L’Estaque” — 1882 · 50 % = ½",
}
TAKEN = {
    "colour": ("a\x1b[31mred\x1b[0m", "ared"),
    "colour by one C1": ("a\x9b31mred", "ared"),
    "window title": ("a\x1b]0;owned\x07b", "ab"),
    "window title without an end": ("a\x1b]0;b", "a0;b"),
    "escape alone": ("a\x1b", "a"),
    "NUL": ("Har\x00bour", "Harbour"),
    "C1": ("a\x80b\x9f", "ab"),
    "bell, backspace, delete": ("a\x07b\x08c\x7f", "abc"),
    "override": ("exe.\u202egpj\u202c", "exe.gpj"),
    "isolates": ("a\u2066b\u2067c\u2068d\u2069", "abcd"),
    "marks of direction": ("a\u200eb\u200fc\u061cd", "abcd"),
    "without width": ("a\u200bb\u2060c\ufeffd\xade", "abcde"),
    "joiners between Latin letters": ("pa\u200dy\u200cpal", "paypal"),
    "joiners in a row": ("می\u200c\u200c\u200dخ", "می\u200cخ"),
    "empty letters": ("a\u3164b\u115fc", "a b c"),
    "tags": ("a\U000e0041\U000e0042", "a"),
    "no characters": ("a\ufdd0b\uffffc\U0010fffed", "abcd"),
    "half a character": ("a\ud83d", "a\ufffd"),
    "two halves": ("\ud83d\ude00", "😀"),
    "lines and tabs": ("a\r\nb\nc\td\u2028e\u2029f\x85g\x0bh", "a b c d e f g h"),
}


@pytest.mark.parametrize("text", KEPT.values(), ids=list(KEPT))
def test_writing_stays_as_it_is(text: str) -> None:
    assert clean(text) == text and is_clean(text)


@pytest.mark.parametrize(("text", "right"), TAKEN.values(), ids=list(TAKEN))
def test_what_commands_hides_or_turns_round_is_taken_out(text: str, right: str) -> None:
    assert clean(text) == right and not is_clean(text)


def test_long_text_is_cut_and_lines_are_kept_on_demand() -> None:
    assert clean("x" * 100_000, longest=1_000) == "x" * 999 + "…"
    assert clean("\0" * 50 + "y" * 10, longest=10) == "y" * 10
    assert clean("a\r\nb\u2028c\td\0", lines=True) == "a\nb\nc d"


ODD = "\x1b[]m;\x07\x9b\u200c\u200d\u202e\ud83d\ude00یم👨🏴\U000e0067\U000e007f"


@given(st.text(st.characters() | st.sampled_from(ODD)))
def test_nothing_is_left_after_one_pass(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    categories = {unicodedata.category(letter) for letter in once if letter not in "\u200c\u200d"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"} and not set("\u202e\u2066\u200b\ufeff") & set(once)
    once.encode("utf-8")


def test_cells_are_counted_by_what_happened() -> None:
    table = pd.DataFrame({"title": ["plain", "two\nlines", "N\0UL", "x" * 20_000], "n": [1, 2, 3, 4]})
    cleaned, counts = clean_table(table)
    assert cleaned["title"].str.len().tolist() == [5, 9, 3, 10_000] and cleaned["n"].equals(table["n"])
    assert counts.named() == {"text_cells_cleaned": 1, "text_cells_cut": 1}
    column = pd.Series(["as", "it", "is", None])
    assert clean_cells(column)[0] is column
