"""Which index is taken, what it finds, and what it says about itself."""

from __future__ import annotations

import os
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
from tests.tiers import later


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


@pytest.mark.parametrize(("vectors", "exact"), [(100_000, True), (100_001, False)])
def test_a_hundred_thousand_are_searched_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vectors: int, exact: bool
):
    monkeypatch.setitem(sys.modules, "faiss", None)
    np.save(tmp_path / "v.npy", np.ones((vectors, 1), dtype=np.float32))
    if exact:
        assert isinstance(open_index(tmp_path / "v.npy"), ExactIndex)
    else:
        with pytest.raises(ArtExtractError, match="more than 100,000 works"):
            open_index(tmp_path / "v.npy")


def test_recall_of_one_row_which_is_the_first():
    assert recall(np.array([[0]]), np.array([[0]])) == 1
    assert recall(np.array([[0, 1]]), np.array([[0, -1]])) == 1 and recall(np.array([[1]]), np.array([[0]])) == 0


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


@pytest.mark.slow
@pytest.mark.parametrize(("dim", "components"), [(20, 256), later(7, 256), later(40, 32)])
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


@pytest.mark.parametrize(
    ("n", "dim", "kind"),
    [
        (6000, 20, "PCAR20,IVF93,PQ10x4fs"),  # 64 vectors train a list
        (700, 257, "PCAR256,IVF10,PQ128x4fs"),  # 256 components at most
        (40, 3, "PCAR4,IVF1,PQ2x4fs"),
        (20_000, 4, "PCAR4,IVF256,PQ2x4fs"),  # a power of two near twice the root
    ],
)
def test_lists_components_and_training_of_an_index(faiss, monkeypatch: pytest.MonkeyPatch, n: int, dim: int, kind: str):
    taught, made = [], faiss.index_factory

    def watched(*arguments: object):
        index = made(*arguments)
        train = index.train
        index.train = lambda rows: (taught.append(rows), train(rows))
        return index

    monkeypatch.setattr(faiss, "index_factory", watched)
    vectors = clustered(n, dim)
    index = build(vectors, seed=1, target=0.0)
    lists = int(kind.split(",")[1][3:])
    assert index.lists == min(8, lists)
    assert index.describe() == {"kind": f"{kind}, {index.lists} lists, fp32 re-rank", "vectors": n} | index.recalls
    assert set(index.recalls) == {"recall", "recall_between"} and index._faiss.ntotal == n
    (rows,) = taught
    assert len(np.unique(rows, axis=0)) == len(rows) == min(n - 2 * min(n // 8, 200), 64 * lists)


@pytest.mark.parametrize(
    ("found", "enough", "steps"),
    [(0.5, 1, [8]), (0.49, 99, [8, 16, 32, 64, 93]), (0.49, 20, [8, 16, 32])],
)
def test_lists_are_doubled_until_the_recall_is_reached(
    faiss, monkeypatch: pytest.MonkeyPatch, found: float, enough: int, steps: list[int]
):
    tried: list[int] = []

    def measured(index: vector_index.CompressedIndex, _: object) -> dict[str, float]:
        tried.append(index.lists)
        return {"recall": 1.0, "recall_between": 0.5 if index.lists >= enough else found}

    monkeypatch.setattr(vector_index, "_recalls", measured)
    assert build(clustered(6000, 6), target=0.5).lists == steps[-1]
    assert tried == [*steps, steps[-1]]  # and once for the report


@pytest.mark.slow
def test_a_recall_of_97_percent_is_wanted_of_an_index_with_the_seed_zero(faiss, monkeypatch: pytest.MonkeyPatch):
    vectors = clustered(1500, 8)
    for recalls, lists in ((0.97, 8), (0.9699, 23)):
        with monkeypatch.context() as patch:
            patch.setattr(vector_index, "_recalls", lambda *_, r=recalls: dict.fromkeys(vector_index.KINDS, r))
            assert build(vectors).lists == lists
    default, zero, one = build(vectors, target=0.0), build(vectors, 0, 0.0), build(vectors, 1, 0.0)
    assert default.recalls == zero.recalls != one.recalls


def test_the_recall_is_measured_with_queries_and_their_ten_nearest_in_the_index(faiss):
    """By brute force: vectors that are kept out, and means of each with the one before."""
    vectors, kept_out = clustered(300), np.array([299, 7, 31, 8, 100, 2])
    rows = kept_out[:3]
    asked = vector_index._searched_exactly(vectors, rows, kept_out)
    inside = np.setdiff1d(np.arange(300), kept_out)
    between = [(299, 31), (7, 299), (31, 7)]
    expected = {
        "recall": vectors[rows],
        "recall_between": unit_rows(np.array([vectors[a] + vectors[b] for a, b in between])),
    }
    assert list(asked) == list(expected)
    for kind, (queries, truth) in asked.items():
        np.testing.assert_allclose(queries, expected[kind], atol=1e-6)
        for query, found in zip(queries, truth, strict=True):
            assert found.tolist() == inside[np.argsort(-(vectors[inside] @ query), kind="stable")[:10]].tolist()


def test_two_hundred_queries_choose_and_two_hundred_report(faiss, monkeypatch: pytest.MonkeyPatch):
    asked = []
    searched = vector_index._searched_exactly
    monkeypatch.setattr(
        vector_index, "_searched_exactly", lambda *of: (asked.append([x.tolist() for x in of[1:]]), searched(*of))[1]
    )
    for n, queries in ((1700, 200), (1100, 137)):
        asked.clear()
        build(clustered(n, 6), target=0.0)
        (one, kept), (other, again) = asked
        assert kept == again == one + other and len(one) == len(other) == queries
        assert len(set(kept)) == len(kept) and max(kept) < n


def test_sixteen_candidates_are_ranked_for_each_wanted_one(faiss, monkeypatch: pytest.MonkeyPatch):
    vectors = clustered(2000)
    index = build(vectors, target=0.9)
    wanted, search = [], index._faiss.search
    monkeypatch.setattr(
        index._faiss, "search", lambda x, k, **options: (wanted.append((len(x), k)), search(x, k, **options))[1]
    )
    whole = index.nearest(vectors[:5], 3)
    assert whole[0][:, 0].tolist() == [0, 1, 2, 3, 4]
    assert index.nearest(vectors[:1], 3000)[0].shape == (1, 2000)
    assert wanted == [(5, 48), (1, 2000)]
    monkeypatch.setattr(vector_index, "BLOCK", 48 * 20 - 1)
    for one, part in zip(whole, index.nearest(vectors[:5], 3), strict=True):
        np.testing.assert_array_equal(one, part)
    assert wanted[2:] == [(1, 48)] * 5


def test_lists_that_hold_fewer_than_wanted_leave_places_empty(faiss):
    vectors = clustered(2000)
    index = build(vectors, target=0.0)
    index.lists = 1
    rows, scores = index.nearest(vectors[:200], 200)
    assert ((rows == -1) == np.isneginf(scores)).all() and (rows >= -1).all() and (rows == -1).any()
    for line in rows:
        known = line[line >= 0]
        assert len(np.unique(known)) == len(known)
    for line, query, values in zip(rows, vectors, scores, strict=False):
        np.testing.assert_allclose(values[line >= 0], vectors[line[line >= 0]] @ query, atol=1e-6)


@pytest.mark.slow
def test_an_index_is_the_same_however_many_vectors_are_read_at_a_time(faiss, monkeypatch: pytest.MonkeyPatch):
    vectors = clustered(1000)
    whole = build(vectors, target=0.5)
    monkeypatch.setattr(vector_index, "CHUNK", 77)
    parts = build(vectors, target=0.5)
    assert parts.recalls == whole.recalls
    np.testing.assert_array_equal(parts.nearest(vectors, 4)[0], whole.nearest(vectors, 4)[0])


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [later("COMPONENTS", 16), later("CANDIDATES", 8), ("TRAINING", 32), ("SAMPLE", 50), ("RECALL", 0.5)],
)
def test_other_settings_build_another_index(large: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float):
    open_index(large)
    monkeypatch.setattr(vector_index, name, value)
    open_index(large)
    assert len(kept_indexes(large)) == 2


@pytest.mark.slow
def test_another_file_seed_or_version_of_faiss_has_another_index(faiss, large: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vector_index, "SAMPLE", 20)
    first, state = open_index(large), large.stat()
    assert first.describe() == build(clustered(2000), seed=0).describe()
    assert open_index(large, seed=1).describe() == build(clustered(2000), seed=1).describe() != first.describe()

    def saved(path: Path, vectors: np.ndarray, when: int) -> None:
        np.save(path, vectors)
        os.utime(path, ns=(when, when))

    other = large.with_name("w.npy")
    saved(other, clustered(2000, seed=5), state.st_mtime_ns)
    open_index(other)
    saved(other, clustered(2000, seed=6), state.st_mtime_ns + 1)
    open_index(other)
    saved(other, clustered(2000, dim=21), state.st_mtime_ns + 1)
    open_index(other)
    assert len(kept_indexes(large)) == 5
    monkeypatch.setattr(faiss, "__version__", "0")
    open_index(large)
    assert len(kept_indexes(large)) == 6


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
