"""Which works have a word of their titles in common."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.data.museum.titles import is_untitled, normalised_title


def share_a_word(titles: pd.Series) -> np.ndarray:
    """Pairs of works whose titles share a word, case and accents aside; boolean (n, n).

    English stop words ("the", "with") do not count, nor do the words of titles that say nothing ("Untitled").

    Args:
        titles: n titles.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    said = [set() if is_untitled(t) else set(normalised_title(t).split()) - ENGLISH_STOP_WORDS for t in titles]
    vocabulary = {word: column for column, word in enumerate(sorted(set().union(*said)))}
    row = np.repeat(np.arange(len(said)), [len(words) for words in said])
    column = np.array([vocabulary[word] for words in said for word in words], dtype=np.int64)
    has = csr_matrix((np.ones(len(row), dtype=np.int32), (row, column)), shape=(len(said), len(vocabulary)))
    return (has @ has.T).toarray() > 0
