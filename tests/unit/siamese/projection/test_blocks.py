"""Whatever the size of the blocks: the same pairs, splits and scores as with matrices of all pairs of works."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from artextract.core.compute import unit_rows
from artextract.siamese.projection import cosines
from artextract.siamese.projection.cosines import PairCosines, largest_below, least_above
from artextract.siamese.projection.pairs import mine_pairs, positive_cosine
from artextract.siamese.projection.splits import leave_similar_out, title_clusters
from artextract.siamese.projection.title_judge import TitleJudge, ranks
from artextract.siamese.projection.words import known_item_rank
from tests.unit.siamese import dense
from tests.unit.siamese.projection.test_splits import params
from tests.unit.siamese_toys import settings

BLOCKS = [1, 700, 5_000, 1 << 20]  # of 300 works: a row at a time, 2, 16, all


def exact_rows(n: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """Rows (n, dim) of few bits, of length about one: their products are exact in float32, in any order."""
    return (np.round(unit_rows(rng.normal(size=(n, dim))) * 64) / 64).astype(np.float32)


def some_works(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Index, titles and images of n works; titles repeat, some works have none, and some share a group."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, n // 2, n)
    artist = pd.array([f"a{a}" if a else None for a in rng.integers(0, n // 8, n)], dtype="string")
    title = np.where(rng.random(n) < 0.1, "Untitled", np.char.add("Title ", kind.astype(str)))
    index = pd.DataFrame({"title": title, "artist": artist, "group": rng.integers(0, n - n // 10, n)})
    return index, exact_rows(n // 2, 12, rng)[kind], exact_rows(n, 16, rng)


@pytest.fixture(params=BLOCKS)
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(cosines, "BLOCK", request.param)
    return request.param


def test_pairs_are_those_of_whole_matrices(block: int):
    index, titles, images = some_works(300)
    rows, asked = np.arange(20, 300), settings(positive_quantile=0.97, max_pairs_per_artist=5)
    found = mine_pairs(index, titles, images, rows, asked, 3)
    expected = dense.mine_pairs(index, titles, images, rows, asked, 3)
    np.testing.assert_array_equal(found.positive, expected.positive)
    assert found.positive_from == pytest.approx(expected.positive_from, abs=1e-9)
    assert found.negative_to == pytest.approx(expected.negative_to, abs=1e-9)
    for works in (np.arange(len(found.rows)), np.random.default_rng(0).permutation(len(found.rows))[:50]):
        np.testing.assert_array_equal(found.negative(works), expected.negative[np.ix_(works, works)])
    assert positive_cosine(index, titles, asked, 3) == pytest.approx(
        dense.positive_cosine(index, titles, 0.97), abs=1e-9
    )


def test_clusters_and_what_is_left_out_are_those_of_whole_matrices(block: int):
    index, titles, _ = some_works(300)
    for share in (0.05, 0.9):
        asked = params(title_cosine=0.6, max_cluster=share)
        np.testing.assert_array_equal(title_clusters(index, titles, asked), dense.title_clusters(index, titles, asked))
    part = np.where(np.arange(300) % 5 == 0, "held_out", "train").astype(object)
    group = index["group"].to_numpy()
    held = np.isin(group, group[part == "held_out"])
    part[held] = "held_out"
    near = (titles @ titles[held].T >= 0.6).any(axis=1)
    expected = np.where(~held & np.isin(group, group[near & ~held]), "left_out", part)
    assert leave_similar_out(part, group, titles, 0.6).tolist() == expected.tolist()


def test_the_title_judge_is_that_of_whole_matrices(block: int):
    index, titles, images = some_works(300)
    group, queries, gallery = index["group"].to_numpy(), np.arange(40), np.arange(30, 300)
    for cosine in (0.5, 0.9):
        found = TitleJudge(titles, group, queries, gallery, cosine)(images)
        assert found == pytest.approx(dense.title_score(titles, group, queries, gallery, cosine, images), abs=1e-9)


def test_ranks_of_known_items_do_not_depend_on_blocks(block: int):
    index, titles, places = some_works(300)
    group, queries = index["group"].to_numpy(), np.arange(0, 300, 3)
    similarity = titles @ places[:, :12].T
    expected = [
        1 + sum(similarity[q, i] >= similarity[q, q] and group[i] != group[q] for i in range(300)) for q in queries
    ]
    assert known_item_rank(titles, places[:, :12], queries, group).tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), min_size=2, max_size=12),
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_counted_quantiles_are_numpys(works: list[tuple[int, int]], levels: list[float], seed: int):
    """Equal cosines, negative ones and zeros among them; counted because a block holds one cosine."""
    kind, group = np.array(works).T
    rows = exact_rows(6, 4, np.random.default_rng(seed))[kind]
    rows[kind == 0] = 0
    pairs = PairCosines(rows, group)
    expected = (rows @ rows.T)[np.triu(group[:, None] != group, 1)]
    assert pairs.count == len(expected)
    if not pairs.count:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosines, "BLOCK", 0)
        assert pairs.quantiles(levels) == np.quantile(expected, levels).tolist()
    assert pairs.quantiles(levels) == np.quantile(expected, levels).tolist()


@given(st.floats(-2, 2), arrays(np.float32, 5, elements=st.floats(-2, 2, width=32)))
def test_a_float32_compares_with_a_rounded_threshold_as_with_the_threshold(threshold: float, values: np.ndarray):
    for value in [*values, np.float32(threshold)]:
        assert (value >= least_above(threshold)) == (float(value) >= threshold)
        assert (value <= largest_below(threshold)) == (float(value) <= threshold)


@given(arrays(np.float32, st.integers(1, 30), elements=st.sampled_from([-1.0, -0.0, 0.0, 0.5, 0.25, 1.0])), st.data())
def test_ranks_settle_equal_similarities_by_column(similarity: np.ndarray, data: st.DataObject):
    columns = np.array(sorted(data.draw(st.sets(st.integers(0, len(similarity) - 1), min_size=1))))
    place = np.argsort(np.argsort(-similarity, kind="stable")) + 1
    assert ranks(similarity, columns).tolist() == sorted(place[columns].tolist())


def test_equal_titles_draw_no_pair_together_and_apart():
    """Nearly all titles are one: both quantiles are its cosine with itself, which rounds differently in a batch."""
    rng = np.random.default_rng(0)
    kinds = unit_rows(rng.normal(size=(40, 768)))
    kind = np.where(np.arange(400) < 360, 0, np.arange(400) - 360)
    index = pd.DataFrame({"title": [f"Title {k}" for k in kind], "artist": pd.NA, "group": range(400)})
    pairs = mine_pairs(index, kinds[kind], unit_rows(rng.normal(size=(400, 8))), np.arange(400), settings(), 0)
    for works in np.array_split(rng.permutation(400), 3):
        weight, place = pairs.negative(works), {int(w): i for i, w in enumerate(works)}
        both = [(place[i], place[j]) for i, j in pairs.positive.tolist() if i in place and j in place]
        assert not any(weight[i, j] or weight[j, i] for i, j in both)
    assert pairs.given.nnz < 400**2 / 16  # pairs at the threshold are not kept one by one where nearly all are


@pytest.mark.long
def test_four_thousand_works_are_as_with_whole_matrices():
    """With vectors as an encoder gives them, in one block and in several (last bits of cosines differ)."""
    index, _, _ = some_works(4000, 1)
    rng = np.random.default_rng(2)
    kinds = unit_rows(rng.normal(size=(2000, 768)) * np.arange(1, 769) ** -0.5)
    titles = kinds[pd.factorize(index["title"])[0] % 2000]
    images, asked, rows = unit_rows(rng.normal(size=(4000, 256))), settings(positive_quantile=0.98), np.arange(4000)
    expected = dense.mine_pairs(index, titles, images, rows, asked, 3)
    splits = params(title_cosine=0.6, max_cluster=0.15)
    clusters = dense.title_clusters(index, titles, splits)
    batches = [np.random.default_rng(0).permutation(len(expected.negative))[:512], np.arange(512)]
    group, queries, gallery = index["group"].to_numpy(), np.arange(800), np.arange(800, 4000)
    score = dense.title_score(titles, group, queries, gallery, expected.positive_from, images)
    for size, near in ((1 << 24, 1e-9), (1 << 20, 1e-6)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cosines, "BLOCK", size)
            found = mine_pairs(index, titles, images, rows, asked, 3)
            assert found.positive_from == pytest.approx(expected.positive_from, abs=near)
            assert found.negative_to == pytest.approx(expected.negative_to, abs=near)
            np.testing.assert_array_equal(title_clusters(index, titles, splits), clusters)
            judge = TitleJudge(titles, group, queries, gallery, expected.positive_from)
            assert judge(images) == pytest.approx(score, abs=1e-9)
            if near == 1e-9:
                np.testing.assert_array_equal(found.positive, expected.positive)
                for works in batches:
                    np.testing.assert_array_equal(found.negative(works), expected.negative[np.ix_(works, works)])
