"""Splits of paintings: what must never stand on both sides, for any collection."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.data.museum.titles import normalised_title
from artextract.params.sections import Splits
from artextract.siamese.projection.splits import (
    THRESHOLD_STEP,
    artist_folds,
    held_out_objects,
    held_out_titles,
    leave_similar_out,
    split_table,
    title_clusters,
)

WORDS = ["Sea", "The Sea", "sea!", "Harbour", "Untitled", "Dusk", "Portrait", "Portrait of a Man"]


def params(**changes: float) -> Splits:
    settings: dict[str, float] = {"held_out_fraction": 0.2, "select_fraction": 0.15, "folds": 5}
    return Splits(**(settings | {"title_cosine": 0.7, "max_cluster": 0.05} | changes))  # type: ignore[arg-type]


@st.composite
def collections(draw: st.DrawFn) -> tuple[pd.DataFrame, np.ndarray]:
    """Any works: painters with and without reservation, groups over painters, titles near and far."""
    n = draw(st.integers(2, 40))
    name = st.sampled_from([None, None, "a", "b", "c", "d", "e"])
    artist = draw(st.lists(name, min_size=n, max_size=n))
    qualified = [None if a else draw(name) for a in artist]
    index = pd.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "title": draw(st.lists(st.sampled_from(WORDS), min_size=n, max_size=n)),
            "group": pd.factorize(np.array(draw(st.lists(st.integers(0, n), min_size=n, max_size=n))))[0],
            "artist": pd.array(artist, dtype="string"),
            "artist_qualified": pd.array(qualified, dtype="string"),
        }
    )
    angles = draw(st.lists(st.floats(0, 6), min_size=len(WORDS), max_size=len(WORDS)))
    table = np.array([[np.cos(a), np.sin(a)] for a in angles])
    return index, unit_rows(table[[WORDS.index(t) for t in index["title"]]])


@pytest.mark.slow
@given(collections(), st.integers(0, 3))
def test_what_belongs_together_stands_on_one_side(collection: tuple[pd.DataFrame, np.ndarray], seed: int):
    index, titles = collection
    splits = split_table(index, titles, params(), 0.5, seed)
    assert splits["id"].tolist() == index["id"].tolist()
    assert set(splits["s1"]) <= {"train", "select", "held_out"}
    assert set(splits["s3"]) <= {"train", "select", "held_out", "left_out"}
    assert splits["s2_fold"].between(0, 4).all()
    for column in ("s1", "s2_fold", "s3"):
        assert (splits.groupby(index["group"])[column].nunique() == 1).all(), column
    tied = index["artist"].fillna(index["artist_qualified"])
    assert (splits.groupby(tied)["s2_fold"].nunique() == 1).all()  # once, with all works, workshop and all
    held = splits["s3"] == "held_out"
    assert (held.groupby(index["title"].map(normalised_title)).nunique() == 1).all()
    pd.testing.assert_frame_equal(splits, split_table(index, titles, params(), 0.5, seed))


@pytest.mark.slow
@given(collections())
def test_like_titles_are_parted_only_inside_clusters_that_were_too_large(collection: tuple[pd.DataFrame, np.ndarray]):
    index, titles = collection
    whole = title_clusters(index, titles, params(max_cluster=0.999))
    assert all(whole[i] == whole[j] for i, j in np.argwhere(titles @ titles.T >= 0.7 + 1e-6))
    parted = title_clusters(index, titles, params(max_cluster=0.3))
    for cluster in set(parted.tolist()):
        assert len(set(whole[parted == cluster].tolist())) == 1  # finer, never across


@pytest.mark.slow
@given(collections(), st.floats(0.05, 0.99))
def test_no_held_out_title_has_a_similar_one_that_teaches(collection: tuple[pd.DataFrame, np.ndarray], similar: float):
    """By brute force, over every pair of works, whatever divided the clusters."""
    index, titles = collection
    before = split_table(index, titles, params(), 2.0, 0)["s3"].to_numpy()
    after = split_table(index, titles, params(), similar, 0)["s3"].to_numpy()
    assert (after == before)[after != "left_out"].all() and not (before[after == "left_out"] == "held_out").any()
    limit = min(similar, 0.7)
    for i in np.flatnonzero(after == "held_out"):
        assert not [j for j in np.flatnonzero(np.isin(after, ["train", "select"])) if titles[i] @ titles[j] >= limit]


def test_only_what_is_similar_to_a_held_out_title_is_left_out_with_its_group():
    titles = unit_rows(np.array([[1, 0], [0.9, 0.1], [0, 1], [0, -1], [0.1, 1]]))
    part = np.array(["held_out", "train", "select", "train", "train"], dtype=object)
    found = leave_similar_out(part, np.array([0, 1, 1, 2, 3]), titles, 0.6)
    assert found.tolist() == ["held_out", "left_out", "left_out", "train", "train"]


@given(st.lists(st.integers(1, 12), min_size=10, max_size=30))
def test_folds_are_balanced_in_works(sizes: list[int]):
    artist = [str(a) for a, size in enumerate(sizes) for _ in range(size)]
    index = pd.DataFrame({"artist": pd.array(artist, dtype="string"), "group": range(len(artist))})
    works = np.bincount(artist_folds(index, params(), 0), minlength=5)
    assert works.max() - works.min() <= max(sizes)


def test_a_painter_with_most_works_fills_a_fold_alone():
    index = pd.DataFrame({"artist": pd.array(["x"] * 60 + [None] * 40, dtype="string"), "group": range(100)})
    folds = artist_folds(index, params(), 0)
    assert len(set(folds[:60].tolist())) == 1 and not (folds[60:] == folds[0]).any()
    assert np.bincount(folds[60:]).max() == 10


def test_a_shared_group_ties_two_painters_together():
    index = pd.DataFrame({"artist": pd.array(list("aabbccddee"), dtype="string"), "group": [0, 1, 1, *range(2, 9)]})
    folds = artist_folds(index, params(), 0)
    assert len(set(folds[:4].tolist())) == 1 and len(set(folds.tolist())) == 4


def test_shares_of_held_out_objects():
    parts = Counter(held_out_objects(np.arange(1000), params(), 0).tolist())
    assert parts == {"held_out": 200, "select": 120, "train": 680}


def test_seeds_differ():
    index = pd.DataFrame({"artist": pd.array([None] * 50, dtype="string"), "group": range(50)})
    assert (
        held_out_objects(np.arange(50), params(), 0).tolist() != held_out_objects(np.arange(50), params(), 1).tolist()
    )
    assert artist_folds(index, params(), 0).tolist() != artist_folds(index, params(), 1).tolist()


def test_a_chain_of_titles_is_parted_where_it_is_weakest():
    """Twelve titles, each near the next: one cluster by chaining, two by the gap in the middle."""
    steps = np.cumsum([0, *[0.1] * 5, 0.6, *[0.1] * 5])
    titles = unit_rows(np.stack([np.cos(steps), np.sin(steps)], 1))
    index = pd.DataFrame({"title": [f"Title {i}" for i in range(12)], "group": range(12)})
    assert title_clusters(index, titles, params(max_cluster=0.999)).tolist() == [0] * 12
    assert title_clusters(index, titles, params(max_cluster=0.5)).tolist() == [0] * 6 + [1] * 6


def test_same_titles_are_one_cluster_however_large():
    index = pd.DataFrame({"title": ["The Sea", "sea!", "SEA", "A Hill"], "group": range(4)})
    titles = unit_rows(np.eye(4))
    assert title_clusters(index, titles, params()).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("title", "same"),
    [("The Sea", "sea"), ("A Bébé", "bebe"), ("An  Old–Man.", "old man"), ("The", "the"), ("???", "???"), ("", "")],
)
def test_normalised_title(title: str, same: str):
    assert normalised_title(title) == same


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing_that_matters(title: str):
    assert normalised_title(title.upper()) == normalised_title(title.upper().swapcase().upper())


def test_sizes_of_the_parts_of_all_three_splits():
    n = 100
    index = pd.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "title": [f"Title {i}" for i in range(n)],
            "group": range(n),
            "artist": pd.array([f"a{i % 10}" for i in range(n)], dtype="string"),
        }
    )
    splits = split_table(index, unit_rows(np.eye(n)), params(), 0.5, 0)
    for name in ("s1", "s3"):
        assert splits[name].value_counts().to_dict() == {"train": 68, "select": 12, "held_out": 20}
    folds = index.groupby(splits["s2_fold"])["artist"]
    assert folds.size().tolist() == [20] * 5 and folds.nunique().tolist() == [2] * 5


def test_the_splits_of_a_seed_are_always_the_same():
    """Printed scores rest on these rows: another stream of random numbers is another experiment. Each split has its
    own."""
    rows, letters = np.arange(20), {"train": "t", "select": "s", "held_out": "h"}
    index = pd.DataFrame({"artist": pd.array([f"p{i}" for i in range(12)], dtype="string"), "group": range(12)})
    assert "".join(letters[part] for part in held_out_objects(rows, params(), 7)) == "tstttttttthttthsthht"
    assert artist_folds(index, params(folds=3), 7).tolist() == [2, 0, 0, 0, 2, 1, 1, 2, 2, 1, 0, 1]
    assert "".join(letters[part] for part in held_out_titles(rows, params(), 7)) == "tthtthtthttthsttttts"


def test_shares_of_held_out_titles_are_of_works_to_the_work():
    """Of 40 works 8 are held out and 4 of the others select; clusters of 3 works leave room for at most two of them."""
    exact = held_out_titles(np.arange(40) // 4, params(select_fraction=0.125), 0)
    assert Counter(exact.tolist()) == {"held_out": 8, "select": 4, "train": 28}
    thirds = held_out_titles(np.arange(39) // 3, params(select_fraction=0.125), 0)
    assert Counter(thirds.tolist()) == {"held_out": 6, "select": 3, "train": 30}


@pytest.mark.parametrize(("rows", "expected"), [([0, 1], [0, 0]), ([0, 2, 1], [0, 1, 0]), ([2, 0, 1], [0, 1, 1])])
def test_two_titles_alike_are_one_cluster_wherever_they_are(rows: list[int], expected: list[int]):
    titles = unit_rows(np.array([[1.0, 0], [0.9, 0.1], [0, 1]]))[rows]
    index = pd.DataFrame({"title": [f"Title {row}" for row in rows], "group": range(len(rows))})
    assert title_clusters(index, titles, params(max_cluster=0.999)).tolist() == expected


def test_a_title_exactly_at_the_cosine_is_similar():
    titles = np.array([[1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0]], dtype=np.float32)  # cosines without rounding
    part = np.array(["held_out", "train", "train"], dtype=object)
    assert leave_similar_out(part, np.arange(3), titles, 0.5).tolist() == ["held_out", "left_out", "train"]
    index = pd.DataFrame({"title": ["a", "b", "c"], "group": range(3)})
    assert title_clusters(index, titles, params(title_cosine=0.5, max_cluster=0.999)).tolist() == [0, 0, 0]


def test_from_a_cosine_of_one_only_the_same_titles_are_a_cluster():
    """Other words with the very same vector are another title."""
    index = pd.DataFrame({"title": ["Sea", "sea!", "Ocean"], "group": range(3)})
    titles = np.array([[1, 0]] * 3, dtype=np.float32)
    assert title_clusters(index, titles, params(title_cosine=0.95, max_cluster=0.999)).tolist() == [0, 0, 0]
    assert 0.95 + THRESHOLD_STEP == 1
    assert title_clusters(index, titles, params(title_cosine=0.95, max_cluster=0.1)).tolist() == [0, 0, 1]
