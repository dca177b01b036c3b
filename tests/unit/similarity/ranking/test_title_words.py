"""Title words in common, by hand and against the plain definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.similarity.ranking.relations import EVERYTHING
from artextract.similarity.ranking.title_words import share_a_word


def share(titles: pd.Series) -> np.ndarray:
    """The relation as a whole matrix."""
    return share_a_word(titles).pairs(np.arange(len(titles)), EVERYTHING)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The Sea", "A sea, at Dusk", True),
        ("The Sea", "The Hill", False),  # an article is no word in common
        ("View of the Sea", "Portrait of the King", False),
        ("Madonna", "Madonnas", False),  # words are compared as they are
        ("L'Église", "Eglise", True),
        ("Untitled", "Untitled", False),
        ("Untitled (Sea)", "Sea", False),
        ("", "", False),
    ],
)
def test_pairs_by_eye(one: str, other: str, expected: bool):
    assert share(pd.Series([one, other]))[0, 1] == expected


@given(st.lists(st.lists(st.sampled_from(["sea", "hill", "the", "cow"]), max_size=3), min_size=1, max_size=7))
def test_equals_the_definition(words: list[list[str]]):
    found = share(pd.Series([" ".join(one) for one in words]))
    sets = [set(one) - {"the"} for one in words]
    assert found.tolist() == [[bool(a & b) for b in sets] for a in sets]


def test_no_words_at_all():
    np.testing.assert_array_equal(share(pd.Series(["Untitled", "the"])), np.zeros((2, 2), dtype=bool))
