"""Titles: cleaned for people, recognised where they say nothing, and normalised for comparison."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from artextract.core.text import LONGEST_NAME, clean


def clean_title(title: str) -> str:
    """A title as a reader would write it: no underscores of italics, no line ends, composed letters."""
    line = re.sub(r"\s+", " ", clean(title, longest=LONGEST_NAME))
    without = re.sub(r"(?<!\w)_(.+?)_(?!\w)", r"\1", line)
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", without)).strip()


def is_untitled(title: str) -> bool:
    """Whether a title says nothing about the picture: "Untitled" is three of four equal pairs in this museum."""
    return not title or bool(re.match(r"(?i)^\W*(untitled|no title)\b", title))


def have_titles(index: pd.DataFrame) -> np.ndarray:
    """Which works have a title of their own; boolean (n,).

    Args:
        index: title; and titled, False where the title is the name of a file, in collections that have this column.
    """
    own = ~index["title"].map(is_untitled).to_numpy(dtype=bool)
    return own & index["titled"].to_numpy(dtype=bool) if "titled" in index else own


def normalised_title(title: str) -> str:
    """A title without case, accents, punctuation and leading article: what counts as the same title."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c))
    words = " ".join(re.findall(r"\w+", plain))
    return re.sub(r"^(?:the|an?) (?=.)", "", words) or title
