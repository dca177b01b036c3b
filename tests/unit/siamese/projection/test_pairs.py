"""Pairs come from titles alone, within their limits, and never say both alike and unlike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.pairs import mine_pairs, positive_cosine, titled_rows
from tests.unit.siamese_toys import settings, works

# Cosines by eye: 0-1 .96, 0-2 .6, 0-3 0, 1-2 .8, 1-3 .28, 2-3 .8
FOUR = np.array([[1, 0], [0.96, 0.28], [0.6, 0.8], [0, 1]], dtype=np.float32)
ALL = np.arange(4)


def test_pairs_by_eye():
    pairs = mine_pairs(works(list("abcd")), FOUR, np.eye(4), ALL, settings(positive_quantile=0.9, hard_weight=1.0), 0)
    assert pairs.positive.tolist() == [[0, 1]]
    assert pairs.positive_from == pytest.approx(0.88, abs=1e-6)  # halfway between the two highest, .8 and .96
    assert set(map(tuple, np.argwhere(np.triu(pairs.negative(ALL))).tolist())) == {(0, 2), (0, 3), (1, 3)}
    np.testing.assert_array_equal(pairs.negative(ALL), pairs.negative(ALL).T)


def test_the_positive_cosine_is_that_of_the_pairs_of_all_works():
    index = works([*"abcd", "Untitled"], groups=[0, 1, 2, 3, 4])
    titles = np.vstack([FOUR, FOUR[:1]])
    asked = settings(positive_quantile=0.9)
    pairs = mine_pairs(index, titles, np.eye(5), np.arange(5), asked, 0)
    assert positive_cosine(index, titles, asked, 0) == pairs.positive_from
    sides = works(["a", "b"], groups=[0, 0])
    assert positive_cosine(sides, FOUR[:2], asked, 0) == 1  # sides of one object are no pair


def test_the_positive_cosine_of_many_works_is_that_of_the_works_that_pairs_are_taken_from():
    few = settings(positive_quantile=0.9).model_copy(update={"mined_works": 2})
    found = {round(positive_cosine(works(list("abcd")), FOUR, few, seed), 6) for seed in range(40)}
    assert found == {0.96, 0.6, 0.0, 0.8, 0.28}  # each pair of two drawn works, sooner or later


def test_positions_are_of_the_rows_that_take_part():
    index = works(["x", "Untitled", "a", "b", "c", "d", "y"])
    titles = np.vstack([FOUR[:1], FOUR[:1], FOUR, FOUR[:1]])
    pairs = mine_pairs(index, titles, np.eye(7), np.array([5, 4, 3, 2, 1]), settings(positive_quantile=0.9), 0)
    assert pairs.rows.tolist() == [2, 3, 4, 5] and pairs.positive.tolist() == [[0, 1]]
    assert pairs.negative(ALL).shape == (4, 4)


def test_hard_negatives_are_those_with_the_most_alike_images():
    images = unit_rows(np.array([[1, 0], [0, 1], [0.1, 1], [1, 0.1]]))
    pairs = mine_pairs(works(list("abcd")), FOUR, images, ALL, settings(hard_negatives=1, hard_weight=5.0), 0)
    assert pairs.negative(ALL)[0].tolist() == [0, 0, 1, 5]  # 3 is unlike 0 by title and alike by image
    none = mine_pairs(works(list("abcd")), FOUR, images, ALL, settings(hard_negatives=0, hard_weight=5.0), 0)
    assert set(none.negative(ALL).ravel().tolist()) == {0, 1}


def test_pairs_exactly_at_a_quantile_take_part():
    """Powers of two, whose products are exact: 1/32, 1/16, 1/8 twice, 1/4 and 1/2."""
    titles = np.array([[0.125], [0.25], [0.5], [1]], dtype=np.float32)
    asked = settings(positive_quantile=0.8, negative_quantile=0.2, hard_negatives=0)
    pairs = mine_pairs(works(list("abcd")), titles, np.eye(4), ALL, asked, 0)
    assert (pairs.positive_from, pairs.negative_to) == (0.25, 0.0625)
    assert sorted(pairs.positive.tolist()) == [[1, 3], [2, 3]]
    assert np.argwhere(np.triu(pairs.negative(ALL))).tolist() == [[0, 1], [0, 2]]
    one = settings(positive_quantile=0.6, negative_quantile=0.4, hard_negatives=0)  # both are 1/8
    pairs = mine_pairs(works(list("abcd")), titles, np.eye(4), ALL, one, 0)
    assert pairs.positive_from == pairs.negative_to == 0.125
    assert sorted(pairs.positive.tolist()) == [[0, 3], [1, 2], [1, 3], [2, 3]]
    assert np.argwhere(np.triu(pairs.negative(ALL))).tolist() == [[0, 1], [0, 2]]


def test_every_pair_of_titles_alike_is_taken_where_the_caps_allow():
    """Titles 0 to 11: no two pairs of them are taken for one."""
    rng = np.random.default_rng(0)
    titles = unit_rows(rng.normal(size=(12, 3)))
    asked = settings(positive_quantile=0.1, negative_quantile=0.05, max_pairs_per_artist=99)
    pairs = mine_pairs(works([f"title {i}" for i in range(12)]), titles, np.eye(12), np.arange(12), asked, 0)
    cosines = titles @ titles.T
    expected = [(i, j) for i in range(12) for j in range(i + 1, 12) if cosines[i, j] >= pairs.positive_from]
    assert sorted(map(tuple, pairs.positive.tolist())) == expected and len(expected) == 59


@pytest.mark.parametrize("count", [1, 2, 99])
def test_hard_negatives_by_brute_force(count: int):
    """Among works unlike by title, so many images that are most alike."""
    rng = np.random.default_rng(1)
    titles, images = unit_rows(rng.normal(size=(14, 3))), unit_rows(rng.normal(size=(14, 3)))
    asked = settings(hard_negatives=count, hard_weight=4.0)
    pairs = mine_pairs(works([f"t{i}" for i in range(14)]), titles, images, np.arange(14), asked, 0)
    weight, likeness = pairs.negative(np.arange(14)), images @ images.T
    for i in range(14):
        unlike = [j for j in range(14) if j != i and titles[i] @ titles[j] <= pairs.negative_to]
        ranked = sorted((float(likeness[i, j]) for j in unlike), reverse=True)
        least = ranked[min(count, len(ranked)) - 1] if ranked else 0
        hard = [j for j in unlike if likeness[i, j] >= least - 1e-6]
        assert np.flatnonzero(weight[i]).tolist() == unlike
        assert np.flatnonzero(weight[i] == 4).tolist() == hard


def test_a_pair_of_titles_counts_once():
    titles = FOUR[[0, 0, 0, 1, 3, 3]]
    index = works(["Sea", "sea.", "The Sea", "Lake", "Hill", "Hut"])
    pairs = mine_pairs(
        index, titles, np.eye(6), np.arange(6), settings(positive_quantile=0.6, negative_quantile=0.2), 0
    )
    names = ["sea", "sea", "sea", "lake", "hill", "hut"]
    found = Counter(tuple(sorted((names[i], names[j]))) for i, j in pairs.positive.tolist())
    assert found == {("sea", "sea"): 1, ("lake", "sea"): 1, ("hill", "hut"): 1}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Untitled", "Sea", "Hill", "Sea at dusk", "Hill in May"]),
            st.sampled_from([None, "x", "y"]),
            st.integers(0, 9),
        ),
        min_size=6,
        max_size=14,
    ),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_pairs_hold_what_they_promise(rows: list[tuple[str, str | None, int]], most: int, seed: int):
    index = works(*(list(column) for column in zip(*rows, strict=True)))  # type: ignore[arg-type]
    vectors = {"Untitled": [1, 1], "Sea": [2, 1], "Hill": [-1, 2], "Sea at dusk": [3, 1], "Hill in May": [-1, 3]}
    titles = unit_rows(np.array([vectors[title] for title, _, _ in rows], dtype=float))
    images = unit_rows(np.random.default_rng(seed).normal(size=(len(rows), 3)))
    allowed = np.arange(1, len(rows))
    try:
        pairs = mine_pairs(index, titles, images, allowed, settings(max_pairs_per_artist=most), seed)
    except ArtExtractError as error:
        assert error.where == "train_siamese"
        return
    positive = {(int(pairs.rows[i]), int(pairs.rows[j])) for i, j in pairs.positive}
    negative = {
        (int(pairs.rows[i]), int(pairs.rows[j])) for i, j in np.argwhere(pairs.negative(np.arange(len(pairs.rows))))
    }
    assert len(positive) == len(pairs.positive) and not positive & negative
    for i, j in positive | negative:
        assert rows[i][0] != "Untitled" != rows[j][0] and rows[i][2] != rows[j][2]
        assert 0 not in (i, j)
    per_painter = Counter(name for i, j in positive for name in {rows[i][1], rows[j][1]} - {None})
    assert max(per_painter.values(), default=0) <= most
    assert all(titles[i] @ titles[j] >= pairs.positive_from - 1e-6 for i, j in positive)
    assert all(titles[i] @ titles[j] <= pairs.negative_to + 1e-6 for i, j in negative)


def test_the_same_seed_gives_the_same_pairs_and_images_choose_no_positives():
    rng = np.random.default_rng(0)
    index, titles = works([f"t{i}" for i in range(30)], ["x", "y"] * 15), unit_rows(rng.normal(size=(30, 4)))
    images, rows = unit_rows(rng.normal(size=(2, 30, 5)).reshape(60, 5)).reshape(2, 30, 5), np.arange(30)
    first, second = (mine_pairs(index, titles, i, rows, settings(), 1).positive for i in images)
    np.testing.assert_array_equal(first, second)
    other = mine_pairs(index, titles, images[0], rows, settings(), 2).positive
    assert first.tolist() != other.tolist()


def test_too_little_is_an_error():
    with pytest.raises(ArtExtractError, match="only 1 titled works"):
        mine_pairs(works(["a", "Untitled"]), FOUR[:2], np.eye(2), np.arange(2), settings(), 0)
    with pytest.raises(ArtExtractError, match="all titled works are of one group"):
        mine_pairs(works(list("abcd"), groups=[0] * 4), FOUR, np.eye(4), ALL, settings(), 0)
    with pytest.raises(ArtExtractError, match="no positive pairs, or no negative ones") as caught:
        mine_pairs(works(["Sea"] * 8), np.tile(FOUR[:1], (8, 1)), np.eye(8), np.arange(8), settings(), 0)
    assert caught.value.remedy and "siamese.positive_quantile" in caught.value.remedy


def test_titled_rows():
    index = works(["a", "Untitled", "(Untitled)", "No title", "b"])
    assert titled_rows(index, np.array([0, 1, 2, 3, 4])).tolist() == [0, 4]


@pytest.mark.parametrize("chunk", [1, 3, 50])
def test_pairs_do_not_depend_on_how_many_are_looked_at_together(monkeypatch: pytest.MonkeyPatch, chunk: int):
    rng = np.random.default_rng(0)
    index = works([f"t{i // 2}" for i in range(40)], [f"a{i % 6}" for i in range(40)])
    titles, images = unit_rows(rng.normal(size=(40, 4))), unit_rows(rng.normal(size=(40, 5)))
    asked = settings(max_pairs_per_artist=9, positive_quantile=0.6)
    whole = mine_pairs(index, titles, images, np.arange(40), asked, 1)
    monkeypatch.setattr("artextract.siamese.projection.pairs.CHUNK", chunk)
    np.testing.assert_array_equal(mine_pairs(index, titles, images, np.arange(40), asked, 1).positive, whole.positive)
    of_painter = Counter(name for pair in whole.positive for name in {index["artist"][i] for i in pair})
    assert max(of_painter.values()) == 9 and len(whole.positive) >= 27  # the caps are reached, and not passed
