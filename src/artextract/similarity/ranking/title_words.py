"""Which works have a word of their titles in common."""

from __future__ import annotations

import pandas as pd

from artextract.data.museum.titles import is_untitled, normalised_title
from artextract.similarity.ranking.relations import InCommon, indicator_of_words


def title_words(titles: pd.Series) -> list[set[str]]:
    """The words of each title that count, case and accents aside.

    English stop words ("the", "with") do not count, nor do the words of titles that say nothing ("Untitled").

    Args:
        titles: n titles.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [set() if is_untitled(t) else set(normalised_title(t).split()) - ENGLISH_STOP_WORDS for t in titles]


def share_a_word(titles: pd.Series) -> InCommon:
    """Pairs of works whose titles share a word that counts (``title_words``).

    Args:
        titles: n titles.
    """
    return InCommon(indicator_of_words(title_words(titles)))
