"""Which index is taken, what it finds, and what it says about itself."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.search import index as vector_index
from artextract.search.index import ExactIndex, build, open_index, padded, recall
from artextract.similarity.ranking.neighbours import blocked
from tests.damage import DAMAGES


def clustered(n: int, dim: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return unit_rows(rng.standard_normal((30, dim))[rng.integers(30, size=n)] + rng.standard_normal((n, dim)))


def test_small_collections_are_searched_exactly(tmp_path: Path):
    vectors = clustered(300)
    np.save(tmp_path / "v.npy", vectors)
    index = open_index(tmp_path / "v.npy")
    assert isinstance(index, ExactIndex) and isinstance(index.vectors, np.memmap)
    own = (np.arange(40), np.arange(300))
    for ours, truth in zip(index.nearest(vectors[:40], 5, own), blocked(vectors[:40], vectors, 5, own), strict=True):
        np.testing.assert_array_equal(ours, truth)
    assert index.describe() == {"kind": "exact", "vectors": 300, "recall": 1.0, "recall_between": 1.0}


def test_recall_by_hand():
    assert recall(np.array([[1, 2, 3], [4, 5, -1]]), np.array([[3, 2, 9], [4, -1, -1]])) == 3 / 4
    assert recall(np.full((1, 2), -1), np.full((1, 2), -1)) == 0


def test_codes_are_of_two_dimensions():
    assert padded(np.ones((2, 19))).shape == (2, 20) and padded(np.ones((2, 16))).shape == (2, 16)
    np.testing.assert_array_equal(padded(np.ones((2, 19)))[:, 19:], 0)


def test_large_collections_want_faiss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vector_index, "EXACT_UP_TO", 100)
    monkeypatch.setitem(sys.modules, "faiss", None)
    np.save(tmp_path / "v.npy", clustered(101))
    with pytest.raises(ArtExtractError, match="faiss, which is not installed") as caught:
        open_index(tmp_path / "v.npy")
    assert "requirements-search.txt" in str(caught.value.remedy)
    assert isinstance(open_index(tmp_path / "v.npy", exact=True), ExactIndex)


@pytest.fixture
def faiss():
    return pytest.importorskip("faiss", reason="optional: pip install -r requirements-search.txt")


@pytest.mark.parametrize(("dim", "components"), [(20, 256), (7, 256), (40, 32)])
def test_compressed_index_reaches_the_recall_and_tells_it(
    faiss, monkeypatch: pytest.MonkeyPatch, dim: int, components: int
):
    monkeypatch.setattr(vector_index, "COMPONENTS", components)
    vectors = clustered(6000, dim)
    index = build(vectors, seed=3, target=0.97)
    sample = np.arange(0, 6000, 13)
    own = (sample, np.arange(6000))
    truth = blocked(vectors[sample], vectors, 10, own)
    rows, scores = index.nearest(vectors[sample], 10, own)
    assert min(index.recalls.values()) >= 0.95 or f",IVF{index.lists}," in index.describe()["kind"]
    assert abs(recall(rows, truth[0]) - index.recalls["recall"]) < 0.03
    assert not (rows == sample[:, None]).any()
    np.testing.assert_allclose(  # the scores are those of the vectors, not of their codes
        scores, np.take_along_axis(vectors[sample] @ vectors.T, rows, axis=1), atol=1e-6
    )
    again = build(vectors, seed=3, target=0.97).nearest(vectors[sample], 10, own)
    np.testing.assert_array_equal(again[0], rows)


def test_recall_is_that_of_queries_which_are_not_in_the_index(faiss, monkeypatch: pytest.MonkeyPatch):
    """Few lists of vectors that fill the space: a query that is in the index finds itself, and scores too high."""
    monkeypatch.setattr(vector_index, "SAMPLE", 400)
    many = unit_rows(np.random.default_rng(2).standard_normal((4500, 24)))
    vectors, fresh = many[:4000], many[4000:]
    index = build(vectors, seed=1, target=0.0)
    truth = blocked(fresh, vectors, 10)[0]
    expected = recall(index.nearest(fresh, 10)[0], truth)
    assert 0.2 < expected < 0.8 and abs(index.recalls["recall"] - expected) < 0.03
    itself = recall(index.nearest(vectors[:500], 10)[0], blocked(vectors[:500], vectors, 10)[0])
    assert itself > expected + 0.03  # what would be reported if queries were in the index
    between = unit_rows(fresh + fresh[::-1])
    expected = recall(index.nearest(between, 10)[0], blocked(between, vectors, 10)[0])
    assert abs(index.recalls["recall_between"] - expected) < 0.03


def test_lists_are_chosen_with_other_queries_than_the_recall_is_measured_with(faiss, monkeypatch: pytest.MonkeyPatch):
    vectors, asked, chosen = clustered(3000), [], []
    searched, measured = vector_index._searched_exactly, vector_index._recalls

    def remember(vectors: np.ndarray, rows: np.ndarray, kept_out: np.ndarray):
        asked.append(set(rows.tolist()))
        return searched(vectors, rows, kept_out)

    def watch(index: vector_index.CompressedIndex, queries: vector_index.Asked):
        chosen.append((index.lists, queries, index._faiss.ntotal))
        return measured(index, queries)

    monkeypatch.setattr(vector_index, "_searched_exactly", remember)
    monkeypatch.setattr(vector_index, "_recalls", watch)
    index = build(vectors, target=0.99)
    assert len(asked[0]) == len(asked[1]) == vector_index.SAMPLE and not asked[0] & asked[1]
    *during, (lists, reported, _) = chosen
    assert lists == during[-1][0] == index.lists and all(queries is not reported for _, queries, _ in during)
    assert {total for _, _, total in chosen} == {3000 - 2 * vector_index.SAMPLE}
    assert index._faiss.ntotal == 3000


def test_what_was_kept_out_for_the_measurement_is_found_afterwards(faiss):
    vectors = clustered(1500)
    rows, _ = build(vectors, target=1.0).nearest(vectors, 1)
    assert (rows[:, 0] == np.arange(1500)).mean() > 0.99


def test_compressed_index_is_built_once(faiss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vector_index, "EXACT_UP_TO", 1000)
    vectors = clustered(2000)
    np.save(tmp_path / "v.npy", vectors)
    first = open_index(tmp_path / "v.npy")
    with monkeypatch.context() as patch:
        patch.setattr(vector_index, "build", None)
        kept = open_index(tmp_path / "v.npy")
    assert kept.describe() == first.describe()
    np.testing.assert_array_equal(kept.nearest(vectors[:9], 3)[0], first.nearest(vectors[:9], 3)[0])
    np.save(tmp_path / "v.npy", clustered(2001))  # other vectors, another index
    assert open_index(tmp_path / "v.npy").describe()["vectors"] == 2001


@pytest.fixture
def large(faiss, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An embedding file that is large enough for a compressed index, and a cache of its own."""
    monkeypatch.setattr(vector_index, "EXACT_UP_TO", 1000)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    np.save(tmp_path / "v.npy", clustered(2000))
    return tmp_path / "v.npy"


def kept_indexes(large: Path) -> list[Path]:
    return sorted((large.parent / "cache" / "search").glob("*/index.faiss"))


@pytest.mark.parametrize(
    ("name", "value"), [("COMPONENTS", 16), ("CANDIDATES", 8), ("TRAINING", 32), ("SAMPLE", 50), ("RECALL", 0.5)]
)
def test_other_settings_build_another_index(large: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float):
    open_index(large)
    monkeypatch.setattr(vector_index, name, value)
    open_index(large)
    assert len(kept_indexes(large)) == 2


@pytest.mark.parametrize(("name", "damage"), [("index.faiss", "flip"), ("recalls.json", "gone")])
def test_a_damaged_index_is_built_again(large: Path, name: str, damage: str, capfd: pytest.CaptureFixture):
    first = open_index(large)
    kept = kept_indexes(large)[0].parent
    DAMAGES[damage](kept / name)
    assert open_index(large).describe() == first.describe()
    assert f"search index: {kept} was damaged; it is made anew" in capfd.readouterr().err
    assert len(kept_indexes(large)) == 1


def test_two_searches_at_once_build_one_index(large: Path, monkeypatch: pytest.MonkeyPatch):
    built = []

    def counted(vectors: np.ndarray, seed: int = 0):
        built.append(seed)
        return build(vectors, seed)

    monkeypatch.setattr(vector_index, "build", counted)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(open_index, [large, large]))
    assert len(built) == 1 and found[0].describe() == found[1].describe()
