"""Text as spreadsheets and file systems hold it, made comparable."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from artextract.core.text import LONGEST
from artextract.core.text import clean as clean_text

_TOKEN = re.compile(r"[^\W_]+")
_LONGEST_ID = 80  # characters
_UNSPELLED = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "đ": "d", "ł": "l", "ı": "i"})


def clean(cell: str, longest: int = LONGEST) -> str:
    """One line of composed Unicode without what ``core.text.clean`` takes out; runs of blanks become one blank."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", clean_text(cell, longest=longest))).strip()


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


def safe_id(text: str) -> str:
    """The text in ASCII letters, digits, dot, hyphen and underscore; where that loses something, a hash is added."""
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:_LONGEST_ID]
    if safe and safe == text:
        return safe
    mark = hashlib.sha256(unicodedata.normalize("NFC", text.strip()).encode()).hexdigest()[:6]
    return f"{safe}-{mark}" if safe else mark
