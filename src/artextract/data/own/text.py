"""Text as spreadsheets and file systems hold it, made comparable."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_TOKEN = re.compile(r"[^\W_]+")
_UNSPELLED = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "đ": "d", "ł": "l", "ı": "i"})
LONGEST_CELL = 10_000  # characters


def clean(cell: str) -> str:
    """One line of composed Unicode: control and direction characters become spaces, runs of spaces one space."""
    text = unicodedata.normalize("NFC", cell[:LONGEST_CELL])
    return re.sub(r"\s+", " ", _CONTROL.sub(" ", text)).strip()


def whole(text: str) -> str:
    """The text with "?" for halves of characters, which JSON and old file names may hold and no table can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def fold(text: str) -> str:
    """Lower case without accents, so that spellings of one name compare equal."""
    if text.isascii():  # most cells of a museum's export; ten times as fast
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_UNSPELLED))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def squeeze(text: str) -> str:
    """Letters and digits only, folded: "Object Begin Date" and "object_begin_date" are the same column."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def tokens(text: str) -> list[str]:
    """Runs of letters and digits, folded: "1933.1157 a" has three."""
    return _TOKEN.findall(fold(text))


def is_empty(cell: str) -> bool:
    """Whether a cell says nothing: blank, or only dashes, dots and question marks."""
    return not any(letter.isalnum() for letter in cell)
