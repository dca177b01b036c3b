"""A collection that has grown keeps its index: what is found, what is measured, and when it is built anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.search import growth
from artextract.search import index as vector_index
from artextract.search.index import build, open_index, recall
from artextract.similarity.ranking.neighbours import blocked
from tests.damage import DAMAGES
from tests.unit.search.test_index import clustered

pytest.importorskip("faiss", reason="optional: pip install -r requirements-search.txt")
ALL = clustered(3000)
OLD = np.sort(np.random.default_rng(1).permutation(3000)[:2000])  # what was there first, in between what is new


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12), st.randoms())
def test_places_are_rows_of_equal_content_each_taken_once(before: list[int], more: list[int], random) -> None:
    now = [*before, *more]
    random.shuffle(now)
    found = growth.places(np.array(before, dtype=np.uint64), np.array(now, dtype=np.uint64))
    assert found is not None and len(set(found.tolist())) == len(before)
    assert [now[row] for row in found] == before
    for gone in set(before):
        left = [value for value in now if value != gone]
        assert growth.places(np.array(before, dtype=np.uint64), np.array(left, dtype=np.uint64)) is None


def test_equal_rows_keep_their_order() -> None:
    found = growth.places(np.array([7, 7, 3], dtype=np.uint64), np.array([3, 7, 9, 7], dtype=np.uint64))
    assert found is not None and found.tolist() == [1, 3, 0]
    before = np.random.default_rng(0).integers(0, 3, 500, dtype=np.uint64)
    now = np.concatenate([before[::-1], before])
    found = growth.places(before, now)
    assert found is not None
    for kind in range(3):
        assert found[before == kind].tolist() == np.flatnonzero(now == kind)[: (before == kind).sum()].tolist()


def test_digests_are_of_the_content_of_rows() -> None:
    found = growth.digests(np.concatenate([ALL[:5], ALL[:2]]))
    assert found.dtype == np.uint64 and len(set(found.tolist())) == 5 and found[:2].tolist() == found[5:].tolist()
    changed = ALL[:1].copy()
    changed[0, 3] = np.nextafter(changed[0, 3], 1)
    assert growth.digests(changed)[0] != found[0]


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An embedding file with an index of its earlier state in the cache."""
    monkeypatch.setattr(vector_index, "EXACT_UP_TO", 1000)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "v.npy"
    np.save(path, ALL[OLD])
    open_index(path)
    yield path


def never(*_: object, **__: object) -> None:
    raise AssertionError("built anew")


@pytest.mark.slow
def test_what_is_new_is_added_to_the_index_that_is_there(
    grown: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    np.save(grown, ALL)
    with monkeypatch.context() as patch:
        patch.setattr(vector_index, "build", never)
        found = open_index(grown)
    assert "search index: 1,000 vectors are added to 2,000" in capfd.readouterr().err
    rows, scores = found.nearest(ALL, 10)
    assert (rows[:, 0] == np.arange(3000)).mean() > 0.99
    np.testing.assert_allclose(scores, (ALL[rows] * ALL[:, None]).sum(axis=2), atol=1e-6)
    truth = blocked(ALL, ALL, 10)[0]
    assert recall(rows, truth) > recall(build(ALL).nearest(ALL, 10)[0], truth) - 0.02
    own = np.arange(3000)
    assert not (found.nearest(ALL[:50], 10, (own[:50], own))[0] == own[:50, None]).any()
    kept = open_index(grown)  # read from the cache, with the same places
    np.testing.assert_array_equal(kept.nearest(ALL[:50], 10)[0], rows[:50])
    assert kept.describe() == found.describe() and found.describe()["vectors"] == 3000


@pytest.mark.slow
def test_the_recall_is_measured_with_what_is_new(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, totals = [], []
    searched, measured = vector_index._searched_exactly, vector_index._recalls
    monkeypatch.setattr(
        vector_index, "_searched_exactly", lambda *of: (asked.append([x.tolist() for x in of[1:]]), searched(*of))[1]
    )
    monkeypatch.setattr(
        vector_index, "_recalls", lambda index, of: (totals.append(index._faiss.ntotal), measured(index, of))[1]
    )
    np.save(grown, ALL)
    found = open_index(grown)
    (one, kept), (other, again) = asked
    new = set(np.setdiff1d(np.arange(3000), OLD).tolist())
    assert kept == again == one + other and set(kept) <= new and len(set(kept)) == len(kept) == 400
    assert set(totals) == {2600} and found._faiss.ntotal == 3000


@pytest.mark.slow
@pytest.mark.parametrize(("more", "measured"), [(199, False), (200, True)])
def test_few_new_vectors_do_not_change_the_recall(
    grown: Path, monkeypatch: pytest.MonkeyPatch, more: int, measured: bool
) -> None:
    before = open_index(grown).describe()
    np.save(grown, np.concatenate([ALL[OLD], clustered(more, seed=9)]))
    monkeypatch.setattr(vector_index, "_recalls", lambda *_: dict.fromkeys(vector_index.KINDS, 0.99))
    after = open_index(grown).describe()
    assert after["vectors"] == 2000 + more
    assert after["recall"] == (0.99 if measured else before["recall"])


@pytest.mark.slow
def test_lists_are_doubled_where_the_recall_has_become_too_low(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_index(grown).lists
    np.save(grown, ALL)
    monkeypatch.setattr(
        vector_index, "_recalls", lambda index, _: dict.fromkeys(vector_index.KINDS, 0.9 + (index.lists > before))
    )
    assert open_index(grown).lists == 2 * before


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", ["one is gone", "more than twice as many", "index.faiss is damaged", "recalls.json is damaged", "fewer"]
)
def test_another_collection_has_its_index_built(
    grown: Path, monkeypatch: pytest.MonkeyPatch, change: str, capfd: pytest.CaptureFixture
) -> None:
    vectors = {
        "one is gone": np.delete(ALL, OLD[3], axis=0),
        "more than twice as many": np.concatenate([ALL, clustered(1001, seed=2)]),
        "fewer": ALL[OLD][:-1],
    }.get(change, ALL)
    if change.endswith("is damaged"):
        (path,) = (grown.parent / "cache/search").glob(f"*/{change.split()[0]}")
        DAMAGES["cut" if path.suffix == ".json" else "flip"](path)
    np.save(grown, vectors)
    built = []
    monkeypatch.setattr(vector_index, "build", lambda *of: (built.append(len(of[0])), build(*of))[1])
    open_index(grown)
    assert built == [len(vectors)] and "are added" not in capfd.readouterr().err


@pytest.mark.slow
def test_growth_is_from_what_was_trained_and_from_the_largest_state(
    grown: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    for more in (1000, 1900):  # 2000 were trained: up to 4000 are added to them, step by step
        np.save(grown, np.concatenate([ALL[OLD], clustered(more, seed=2)[:more]]))
        open_index(grown)
        np.save(grown, np.concatenate([ALL[OLD], clustered(2000, seed=3)[:more]]))
        open_index(grown)
    told = capfd.readouterr().err
    assert "1,000 vectors are added to 2,000" in told and "900 vectors are added to 3,000" in told
    np.save(grown, np.concatenate([ALL[OLD], clustered(2001, seed=3)]))
    open_index(grown)
    assert "are added" not in capfd.readouterr().err
