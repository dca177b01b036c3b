"""The bf16 scan loses nothing: against the float32 search, with near-ties that bf16 cannot tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.similarity.ranking import bf16_scan as scan
from artextract.similarity.ranking import neighbours
from artextract.similarity.ranking.bf16_scan import Scan
from artextract.similarity.ranking.neighbours import blocked, nearest


def close_vectors(seed: int, n: int, dim: int, spread: float) -> np.ndarray:
    """Unit rows around a few centres; some rows stand several times."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((3, dim))[rng.integers(3, size=n)] + spread * rng.standard_normal((n, dim))
    rows[rng.integers(n, size=n // 5)] = rows[rng.integers(n, size=n // 5)]
    return unit_rows(rows)


def assert_same(ours: tuple[np.ndarray, np.ndarray], truth: tuple[np.ndarray, np.ndarray], cosine: np.ndarray) -> None:
    """The same scores, and rows that have them: products may differ in their last digit by the order of addition."""
    np.testing.assert_allclose(ours[1], truth[1], atol=2e-6)
    for line, (rows, scores) in enumerate(zip(*ours, strict=True)):
        known = rows >= 0
        assert len(set(rows[known])) == known.sum()
        np.testing.assert_allclose(scores[known], cosine[line, rows[known]], atol=2e-6)
    assert (np.diff(ours[1], axis=1)[np.isfinite(ours[1][:, 1:])] <= 0).all()


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e-2, 1.0]), st.integers(1, 12), st.booleans())
def test_equals_the_float32_search(seed: int, spread: float, k: int, grouped: bool):
    gallery = close_vectors(seed, 700, 24, spread)
    groups = np.random.default_rng(seed).integers(40, size=700)
    exclude = (groups[:30], groups) if grouped else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "CANDIDATES", 2 * k)
        patch.setattr(scan, "SCORES", 700 * 11)  # several blocks
        patch.setattr(scan, "ROWS", 64)
        patch.setattr(scan, "VALUES", 1 << 17)
        ours = Scan(gallery).nearest(gallery[:30], k, exclude)
    assert_same(ours, blocked(gallery[:30], gallery, k, exclude), gallery[:30] @ gallery.T)


def test_equal_works_go_by_the_lower_row():
    gallery = np.repeat(unit_rows(np.random.default_rng(0).standard_normal((5, 16))), 100, axis=0)
    rows, scores = Scan(gallery).nearest(gallery[[0, 250]], 4)
    assert rows.tolist() == [[0, 1, 2, 3], [200, 201, 202, 203]]
    np.testing.assert_allclose(scores, 1, atol=1e-6)


def test_fewer_than_k_are_left():
    gallery = unit_rows(np.random.default_rng(0).standard_normal((6, 4)))
    group = np.array([0, 0, 0, 0, 0, 1])
    rows, scores = Scan(gallery).nearest(gallery, 8, (group, group))
    assert rows[0].tolist() == [5, -1, -1, -1, -1, -1] and np.isneginf(scores[0, 1:]).all()
    assert sorted(rows[5, :5]) == [0, 1, 2, 3, 4] and rows[5, 5] == -1


def test_nearest_scans_large_collections(monkeypatch: pytest.MonkeyPatch):
    used = []

    class Seen(Scan):
        def __init__(self, gallery: np.ndarray):
            used.append(len(gallery))
            super().__init__(gallery)

    monkeypatch.setattr(scan, "Scan", Seen)
    monkeypatch.setattr("artextract.core.compute.bf16_pays", lambda: True)
    monkeypatch.setattr(neighbours, "SCAN_FROM", 200)
    gallery = close_vectors(1, 300, 16, 0.5)
    found = nearest(gallery[:64], gallery, 5)
    nearest(gallery[:63], gallery, 5)  # too few queries
    nearest(gallery[:64], gallery[:199], 5)  # too few works
    assert used == [300]
    assert_same(found, blocked(gallery[:64], gallery, 5), gallery[:64] @ gallery.T)
