"""Clusters and their sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from artextract.similarity.evaluation import clusters
from artextract.similarity.evaluation.clusters import cluster
from artextract.similarity.evaluation.maps import tsne_map
from artextract.similarity.ranking.central import central_first
from tests.museum import gallery
from tests.unit.similarity.evaluation.test_examples import LONG, size
from tests.unit.similarity.evaluation.test_maps import BLOBS, POINTS


def test_typical_words_are_more_frequent_inside():
    inside = ["Haystacks at dawn", "Haystacks in snow", "Poplars at dawn"]
    outside = ["Portrait of a man", "Snow in town", "Portrait of a dog"]
    assert clusters.typical_words(inside, outside) == ["dawn", "haystacks"]
    assert clusters.typical_words(inside, outside, n=1) == ["dawn"]


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
