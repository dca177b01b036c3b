"""Clusters and their sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from artextract.similarity.evaluation import clusters
from artextract.similarity.evaluation.clusters import cluster
from artextract.similarity.evaluation.maps import reduce, tsne_map
from artextract.similarity.ranking.central import central_first
from tests.museum import gallery
from tests.unit.similarity.evaluation.test_examples import LONG, size
from tests.unit.similarity.evaluation.test_maps import BLOBS, POINTS


def test_typical_words_are_more_frequent_inside():
    inside = ["Haystacks at dawn", "Haystacks in snow", "Poplars at dawn"]
    outside = ["Portrait of a man", "Snow in town", "Portrait of a dog"]
    assert clusters.typical_words(inside, outside) == ["dawn", "haystacks"]
    assert clusters.typical_words(inside, outside, n=1) == ["dawn"]


def slow_words(titles: list[str], others: list[str], n: int) -> list[str]:
    """Words of two titles at least, by how many times more often titles have them than others have."""

    def share(word: str, texts: list[str]) -> float:
        return sum(word in text.split() for text in texts) / len(texts) if texts else 0.0

    words = sorted({word for text in titles + others for word in text.split()})
    words = [word for word in words if sum(word in text.split() for text in titles + others) >= 2]
    words.sort(key=lambda word: -(share(word, titles) + 0.01) / (share(word, others) + 0.01))
    return [word for word in words[:n] if sum(word in text.split() for text in titles) >= 2]


texts = st.lists(st.lists(st.sampled_from("ash bay cow dew elm fog gem".split()), max_size=4).map(" ".join), max_size=9)


@given(texts.filter(bool), texts, st.integers(1, 8))
def test_typical_words_agree_with_counting(titles: list[str], others: list[str], n: int):
    assert clusters.typical_words(titles, others, n) == slow_words(titles, others, n)


def test_four_typical_words_are_named_and_none_that_says_nothing():
    titles = ["the ash bay cow dew elm"] * 2
    assert clusters.typical_words(titles, ["the"]) == ["ash", "bay", "cow", "dew"]


@pytest.mark.parametrize(("titles", "others"), [(["Sea"], []), (["the", "of the"], ["a"]), (["!"], ["?"])])
def test_titles_without_common_words(titles: list[str], others: list[str]):
    assert clusters.typical_words(titles, others) == []


@pytest.fixture
def sheet(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What is handed over for drawing, instead of drawing it."""
    handed: list[tuple] = []
    monkeypatch.setattr(clusters, "contact_sheet", lambda *args: handed.append(args))
    return handed


def test_clusters_are_described_and_capped(tmp_path: Path, sheet: list[tuple], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "SHEET_LIMIT", 2)
    index, reader = gallery(tmp_path, ["Sea view", "Hill", "Sea storm", "Hill top", "Night", "Noon"])
    labels = np.array([0, 1, 0, 1, 0, 2])
    ranked = [np.array([2, 0, 4]), np.array([3, 1]), np.array([5])]
    table = clusters.draw_clusters(index, reader, labels, ranked, tmp_path)
    assert table.drop(columns="theme").to_dict("records") == [
        {"cluster": 1, "works": 3, "painters": 1, "theme_share": pytest.approx(1 / 3), "words": "sea"}
        | {"titles": "Sea storm; Sea view; Night"},
        {"cluster": 2, "works": 2, "painters": 1, "theme_share": pytest.approx(1 / 2), "words": "hill"}
        | {"titles": "Hill top; Hill"},
        {"cluster": 3, "works": 1, "painters": 1, "theme_share": 0, "words": "", "titles": "Noon"},
    ]
    assert table["theme"].tolist()[1:] == ["landscape", ""]
    assert [[c.title for c in cards] for cards, *_ in sheet] == [
        ["Sea storm", "Sea view"],
        ["Hill top", "Hill"],
        ["Noon"],
    ]
    assert "3 works, the 2 most typical shown" in sheet[0][2] and "most typical" not in sheet[1][2]
    assert sheet[2][2] == "1 work; no theme is given; in their titles: no common word."
    assert [path.name for *_, path in sheet] == ["cluster_01.jpg", "cluster_02.jpg", "cluster_03.jpg"]


def test_a_sheet_names_the_theme_the_words_and_how_many_are_shown(tmp_path: Path, sheet: list[tuple]):
    titles = ["Sea view", "Sea storm", "Sea", "Hill", *[f"Night {i}" for i in range(22)]]
    index, reader = gallery(tmp_path, titles)
    index["themes"] = [["still_life-of-fish"]] * 2 + [["sea"]] + [[]] * 23
    index["artist"] = pd.array(["a", "b", "a", *["c"] * 23], dtype="string")
    table = clusters.draw_clusters(index, reader, np.zeros(26, dtype=int), [np.arange(26)], tmp_path)
    (cards, heading, subtitle, path), *none = sheet
    assert not none and path == tmp_path / "cluster_01.jpg" and heading == "Cluster 1"
    assert [card.title for card in cards] == titles[:24]
    assert subtitle == (
        "26 works, the 24 most typical shown; commonest theme: still life of fish (2 of 26); "
        "in their titles: night, sea."
    )
    assert table.to_dict("records") == [
        {"cluster": 1, "works": 26, "painters": 3, "theme": "still_life-of-fish", "theme_share": 2 / 26}
        | {"words": "night, sea", "titles": "Sea view; Sea storm; Sea"}
    ]
    assert table.columns.tolist() == ["cluster", "works", "painters", "theme", "theme_share", "words", "titles"]


def test_cluster_sheets_are_pictures(tmp_path: Path):
    index, reader = gallery(tmp_path / "shards", [LONG, "", "Sea"])
    out = tmp_path / "plots"
    clusters.draw_clusters(index, reader, np.array([0, 0, 1]), [np.array([0, 1]), np.array([2])], out)
    assert sorted(p.name for p in out.iterdir()) == ["cluster_01.jpg", "cluster_02.jpg"]
    assert all(500 < size(p)[0] < 2000 and 200 < size(p)[1] < 600 for p in out.iterdir())


@pytest.mark.parametrize("n", range(1, 8))
def test_small_collections_have_a_map_and_clusters(n: int):
    """``nga.max_objects`` allows any number, and perplexity and neighbours are bounded by it."""
    positions, trust = tsne_map(POINTS[:n], 15, 0)
    assert positions.shape == (n, 2) and np.isfinite(positions).all() and 0 <= trust <= 1
    labels = cluster(POINTS[:n], 8, 0)
    assert sorted(labels.tolist()) == list(range(n))  # more clusters than works: each its own


def test_clusters_are_numbered_by_size():
    labels = cluster(POINTS, 3, 0)
    np.testing.assert_array_equal(labels, BLOBS)
    assert labels.dtype == np.int64


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_are_those_of_ten_starts_from_the_seed_with_equal_ones_in_their_order(seed: int):
    points = np.random.default_rng(4).normal(size=(40, 6))
    starts: Any = 10
    plain = KMeans(9, n_init=starts, random_state=seed).fit_predict(reduce(points, seed))
    sizes = np.bincount(plain).tolist()
    assert len(set(sizes)) < 9
    order = sorted(range(9), key=lambda c: (-sizes[c], c))
    np.testing.assert_array_equal(cluster(points, 9, seed), [order.index(c) for c in plain.tolist()])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [1, 9])
def test_equal_works_are_one_cluster(n: int):
    assert cluster(np.full((n, 4), 0.5, dtype=np.float32), 3, 0).tolist() == [0] * n


def test_the_seed_is_that_of_the_reduction_too(monkeypatch: pytest.MonkeyPatch):
    seeds = []
    monkeypatch.setattr(clusters, "reduce", lambda points, seed: (seeds.append(seed), reduce(points, seed))[1])
    cluster(POINTS, 3, 7)
    assert seeds == [7]


@given(st.integers(2, 30), st.integers(2, 12), st.integers(0, 50))
@hypothesis_settings(max_examples=15)
def test_larger_clusters_come_first(n: int, k: int, seed: int):
    labels = cluster(np.random.default_rng(seed).normal(size=(n, 5)), k, seed)
    sizes = np.bincount(labels, minlength=min(k, n))
    assert labels.shape == (n,) and sizes.sum() == n and len(sizes) == min(k, n)
    assert (np.diff(sizes) <= 0).all()


def test_equal_works_make_no_empty_cluster_between_full_ones():
    labels = cluster(np.repeat(POINTS[:2], 6, axis=0), 5, 0)
    sizes = np.bincount(labels)
    assert (sizes > 0).all()


def test_most_typical_first():
    angle = np.deg2rad([0, 80, 40, 50, 200])
    rows = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert central_first(rows, np.array([0, 1, 2, 3])).tolist() == [2, 3, 1, 0]  # their mean points to 42 degrees
    assert central_first(rows, np.array([4])).tolist() == [4]
