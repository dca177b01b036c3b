"""Words that find held-out works: metrics by hand, chance in closed form, and the way of a description to its image."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.params.sections import Params
from artextract.siamese.evaluation.held_out import Held, by_fold, pool
from artextract.siamese.evaluation.protocol import Trainings, found_by_words
from artextract.siamese.evaluation.trials import SHUFFLED
from artextract.siamese.evaluation.words_eval import at_random, by_rank, descriptions, headline, own_titles, search
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.tables import TABLE, Values, retrieval_table
from tests.unit.siamese_toys import works

N = 60
RNG = np.random.default_rng(5)
HIDDEN = unit_rows(RNG.normal(size=(N, 6)))  # what a work shows, and what its title and its description say
IMAGES = unit_rows(HIDDEN @ RNG.normal(size=(6, 12)) + RNG.normal(0, 0.05, (N, 12)))
TITLES = unit_rows(HIDDEN + RNG.normal(0, 0.05, (N, 6)))
INDEX = works([f"Title {i}" for i in range(N)], [f"a{i // 3}" for i in range(N)])
PAINTER = np.arange(N) // 3
HELD = Held(np.arange(40), np.arange(40, 48), np.arange(48, N))


def described(rows: Sequence[int]) -> pd.DataFrame:
    text = pd.array([f"shows {i}" if i in rows else None for i in range(N)], dtype="string")
    return INDEX.assign(assistivetext=text)


def encode(texts: Sequence[str]) -> np.ndarray:
    """A title encoder that reads which work a text is about."""
    return HIDDEN[[int(text.removeprefix("shows ")) for text in texts]]


def asked(index: pd.DataFrame, held: Held, *, described: bool = True) -> Values:
    collection = Collection(index, IMAGES, TITLES)
    texts = {"own_title": own_titles(collection)}
    texts |= {"text_to_image": descriptions(index, encode)} if described else {}
    return search(collection, held, texts, penalty=0.1, k=5, seed=0)


def test_metrics_of_a_rank_by_hand():
    table = by_rank(np.array([1, 3, 6]), np.array([7, 8, 9]), 5)
    assert table.index.tolist() == [7, 8, 9]
    np.testing.assert_allclose(table["mrr"], [1, 1 / 3, 1 / 6])
    assert table["recall5"].tolist() == [1, 1, 0] and table["ndcg5"].tolist() == [1, 0.5, 0]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=12), st.integers(2, 6))
def test_chance_is_the_mean_over_all_ranks(group: list[int], k: int):
    groups = np.array(group)
    queries = np.arange(len(group))
    found = at_random(groups, queries, k)
    for query in queries:
        ranks = np.arange(1, 2 + (groups != groups[query]).sum())  # the other works of its group are out
        mean = by_rank(ranks, ranks, k).mean()
        np.testing.assert_allclose(found.loc[query].to_numpy(float), mean.to_numpy(float), err_msg=str(query))
    assert found.columns.tolist() == by_rank(queries + 1, queries, k).columns.tolist()


def test_descriptions_stand_at_their_works():
    texts = descriptions(described([3, 50]), encode)
    assert texts.rows.tolist() == [3, 50]
    np.testing.assert_array_equal(texts.words[[3, 50]], HIDDEN[[3, 50]])
    assert not texts.words[np.setdiff1d(np.arange(N), [3, 50])].any()


def test_words_find_held_out_works_and_shuffled_titles_teach_nothing():
    values = asked(described(range(N)), HELD)
    spaces = {judge: [space for of, space in values if of == judge] for judge in ("own_title", "text_to_image")}
    assert spaces["own_title"] == ["crossmodal", SHUFFLED, "random"]  # titles would be found by themselves
    assert spaces["text_to_image"] == ["crossmodal", SHUFFLED, "title", "random"]
    assert all(table.index.tolist() == HELD.queries.tolist() for table in values.values())
    for judge in spaces:
        head, control, chance = (
            values[judge, space]["recall5"].mean() for space in [*spaces["own_title"][:2], "random"]
        )
        assert head > 0.9 and control < 0.5 and chance == pytest.approx(5 / N)


def test_only_described_held_out_works_are_asked_for():
    values = asked(described([1, 50, 55]), HELD)
    assert values["text_to_image", "crossmodal"].index.tolist() == [50, 55]
    assert {judge for judge, _ in asked(described([1, 2]), HELD)} == {"own_title"}  # both teach
    untitled = INDEX.assign(title=["Untitled" if i == 50 else f"Title {i}" for i in range(N)])
    assert 50 not in asked(untitled, HELD, described=False)["own_title", "crossmodal"].index


def test_a_head_sees_no_held_out_title():
    other = TITLES.copy()
    other[HELD.queries] = -other[HELD.queries]
    texts = {"text_to_image": descriptions(described(range(N)), encode)}
    one, two = (
        search(Collection(INDEX, IMAGES, titles), HELD, texts, penalty=0.1, k=5, seed=0) for titles in (TITLES, other)
    )
    for space in ("crossmodal", SHUFFLED):
        pd.testing.assert_frame_equal(one["text_to_image", space], two["text_to_image", space])
    assert not one["text_to_image", "title"].equals(two["text_to_image", "title"])


def tables(described_rows: Sequence[int]) -> pd.DataFrame:
    """As the stage makes them: S1, and S2 in five folds with heads of their own."""
    index = described(described_rows)
    folds = by_fold(PAINTER % 5, PAINTER, 0.15, 0)
    splits = {"s1": asked(index, HELD), "s2": pool([asked(index, held) for held in folds])}
    return pd.concat([retrieval_table(v, PAINTER, 50, 0).assign(split=s) for s, v in splits.items()])


def test_headline_has_splits_chance_and_control():
    table = tables(range(N))
    assert set(table.loc[table["split"] == "s2", "queries"]) == {N}  # each work is asked for once
    found = headline(table, 5)
    of_split = {"queries", "chance.mrr", "chance.recall5"}
    of_split |= {
        f"{head}{m}{end}" for head in ("", "shuffled.") for m in ("mrr", "recall5") for end in ("", "_low", "_high")
    }
    prefixes = ("crossmodal.", "crossmodal.s2.", "text_to_image.", "text_to_image.s2.")
    assert set(found) == {f"{prefix}{name}" for prefix in prefixes for name in of_split}
    for prefix in prefixes:
        assert found[f"{prefix}mrr_low"] <= found[f"{prefix}mrr"] <= found[f"{prefix}mrr_high"]
        assert found[f"{prefix}mrr_low"] > found[f"{prefix}shuffled.mrr_high"] > 0
        assert found[f"{prefix}chance.recall5"] == pytest.approx(5 / N)
    assert found["crossmodal.queries"] == 12 and found["crossmodal.s2.queries"] == N


def test_a_split_without_queries_is_left_out():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = headline(tables([1, 2]), 5)
    assert "text_to_image.s2.mrr" in found and "text_to_image.mrr" not in found and "crossmodal.mrr" in found


@pytest.mark.parametrize("enough", [True, False])
def test_words_of_every_split_are_one_table(enough: bool):
    calls: list[int] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        calls.append(len(texts))
        return encode(texts)

    p = SimpleNamespace(
        relevance=SimpleNamespace(neighbours=5, bootstrap=50), siamese=SimpleNamespace(ridge=0.1), seed=0
    )
    trainings = Trainings(HELD, by_fold(PAINTER % 5, PAINTER, 0.15, 0), HELD)
    collection = Collection(described(range(0, N, 2)), IMAGES, TITLES)
    table = found_by_words(collection, trainings, embed if enough else None, cast(Params, p))
    assert calls == ([30] if enough else [])  # once, not once a fold
    found = headline(table, 5)
    assert ("text_to_image.s2.mrr" in found) == enough and found["crossmodal.s2.queries"] == N
    assert table.columns.tolist() == ["split", *TABLE]
    assert set(table["judge"]) == ({"own_title", "text_to_image"} if enough else {"own_title"})
