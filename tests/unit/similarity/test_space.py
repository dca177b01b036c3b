"""Maps and clusters of an embedding space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.similarity.space import central_first, cluster, reduce, sample_rows, tsne_map, tsne_maps

RNG = np.random.default_rng(0)
BLOBS = np.repeat([0, 1, 2], [12, 9, 5])
POINTS = unit_rows(np.eye(8)[BLOBS] + RNG.normal(0, 0.05, (26, 8)))


def test_reduction_keeps_all_distances_where_it_keeps_all_dimensions():
    reduced = reduce(POINTS, 0)
    assert reduced.shape == (26, 8)
    distance = [np.linalg.norm(x[:, None] - x[None, :], axis=2) for x in (POINTS, reduced)]
    np.testing.assert_allclose(*distance, atol=1e-5)


def test_reduction_is_bounded():
    assert reduce(RNG.normal(size=(70, 90)), 0).shape == (70, 50)
    assert reduce(RNG.normal(size=(7, 90)), 0).shape == (7, 7)


def test_map_shows_the_blobs_and_says_how_far_to_trust_it():
    positions, trust = tsne_map(POINTS, 5, 0)
    assert positions.shape == (26, 2) and 0.8 < trust <= 1
    distance = np.linalg.norm(positions[:, None] - positions[None, :], axis=2) + np.diag(np.full(26, np.inf))
    assert (BLOBS[distance.argmin(1)] == BLOBS).all()
    again, _ = tsne_map(POINTS, 5, 0)
    np.testing.assert_array_equal(positions, again)


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


def test_sample_of_rows_is_all_where_it_fits():
    assert sample_rows(5, 5, 0).tolist() == sample_rows(5, 9, 0).tolist() == [0, 1, 2, 3, 4]
    some = sample_rows(50, 7, 3)
    assert len(set(some.tolist())) == 7 and (np.diff(some) > 0).all()
    assert some.tolist() == sample_rows(50, 7, 3).tolist() != sample_rows(50, 7, 4).tolist()
    assert sample_rows(0, 3, 0).tolist() == []


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_maps_of_any_number_of_spaces(n: int):
    spaces = {"image": POINTS, "title": POINTS[:, :3], "siamese": POINTS[:, ::-1]}
    rows = sample_rows(26, n, 0)
    maps = tsne_maps(spaces, rows, 15, 0)
    assert list(maps) == list(spaces)
    for name, (positions, trust) in maps.items():
        assert positions.shape == (n, 2) and 0 <= trust <= 1
        np.testing.assert_array_equal(positions, tsne_map(spaces[name][rows], 15, 0)[0])
