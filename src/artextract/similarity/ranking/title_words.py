"""Which works have a word of their titles in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from artextract.data.museum.titles import is_untitled, normalised_title


def title_words(titles: pd.Series) -> list[set[str]]:
    """The words of each title that count, case and accents aside.

    English stop words ("the", "with") do not count, nor do the words of titles that say nothing ("Untitled").

    Args:
        titles: n titles.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [set() if is_untitled(t) else set(normalised_title(t).split()) - ENGLISH_STOP_WORDS for t in titles]


def in_common(words: Sequence[Collection[str]]) -> np.ndarray:
    """Pairs of works with a word in common; boolean (n, n).

    Args:
        words: Different words of each of n works.
    """
    from scipy.sparse import csr_matrix

    vocabulary = {word: column for column, word in enumerate(sorted(set().union(*words)))}
    row = np.repeat(np.arange(len(words)), [len(own) for own in words])
    column = np.array([vocabulary[word] for own in words for word in own], dtype=np.int64)
    has = csr_matrix((np.ones(len(row), dtype=np.int32), (row, column)), shape=(len(words), len(vocabulary)))
    return (has @ has.T).toarray() > 0


def share_a_word(titles: pd.Series) -> np.ndarray:
    """Pairs of works whose titles share a word that counts (``title_words``); boolean (n, n).

    Args:
        titles: n titles.
    """
    return in_common(title_words(titles))
