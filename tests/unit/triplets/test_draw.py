from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.triplets.draw import NEAR, TRIPLETS, draw_triplets, shown_rows
from tests.unit.triplets.people_toys import WORKS, triplets, vectors


def test_only_open_access_works_may_be_shown():
    index = pd.DataFrame({"id": list("abc"), "open_access": [True, False, True]})
    assert shown_rows(index).tolist() == [0, 2]
    with pytest.raises(ArtExtractError, match="does not say which images may be shown"):
        shown_rows(index[["id"]])


def test_triplets_are_different_questions_about_different_groups():
    group = np.arange(WORKS) // 2
    rows = np.arange(0, WORKS, 3)
    table = draw_triplets(vectors(), group, rows, 100, 1)
    assert table.columns.tolist() == TRIPLETS and table["triplet"].tolist() == list(range(100))
    assert set(table[["query", "first", "second"]].to_numpy().ravel()) <= set(rows.tolist())
    of_group = group[table[["query", "first", "second"]].to_numpy()]
    assert all(len(set(row)) == 3 for row in of_group.tolist())
    asked = {(q, *sorted(pair)) for q, *pair in table[["query", "first", "second"]].to_numpy().tolist()}
    assert len(asked) == 100
    assert table["repeated"].sum() == 10
    assert table["kind"].value_counts().to_dict() == {"disagree": 75, "plain": 25}


def test_spaces_disagree_where_they_should():
    table, spaces = triplets(90), vectors()
    similarity = {name: v @ v.T for name, v in spaces.items()}
    counts = dict.fromkeys(["image-title", "image-siamese", "title-siamese"], 0)
    for row in table[table["kind"] == "disagree"].to_dict("records"):
        q, a, b = row["query"], row["first"], row["second"]
        prefers = {name: s[q, a] > s[q, b] for name, s in similarity.items()}
        near = {name: (s[q] > s[q, [a, b]].max()).sum() <= NEAR for name, s in similarity.items()}
        assert len(set(prefers.values())) == 2 and sum(near.values()) >= 2
        for pair in counts:
            one, other = pair.split("-")
            counts[pair] += bool(prefers[one] and not prefers[other] and near[one] and near[other])
    assert min(counts.values()) >= 20


def test_the_seed_decides():
    pd.testing.assert_frame_equal(triplets(40), triplets(40))
    assert not triplets(40).equals(triplets(40, seed=1))


def test_a_small_collection_is_refused():
    with pytest.raises(ArtExtractError, match=r"only \d+ of 50 triplets were found among 3 works"):
        draw_triplets(vectors(), np.arange(WORKS), np.arange(3), 50, 0)
    with pytest.raises(ArtExtractError, match=r"only 0 of 5 triplets were found among 9 works"):
        draw_triplets(vectors(), np.zeros(WORKS, dtype=int), np.arange(9), 5, 0)
