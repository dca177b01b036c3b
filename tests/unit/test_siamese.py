"""Splits by group, pairs within their limits, and a projection that learns what the titles know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from artextract import siamese
from artextract.compute import unit_rows
from artextract.errors import ArtExtractError
from artextract.params import Siamese
from artextract.relevance import Judge
from artextract.retrieval import cosine, evaluate
from artextract.siamese import Pairs, Projection, mine_pairs, project, split_parts, train


def settings(**changes: object) -> Siamese:
    base: dict[str, object] = {
        "held_out_fraction": 0.3,
        "select_fraction": 0.2,
        "positive_quantile": 0.8,
        "negative_quantile": 0.5,
        "max_pairs_per_artist": 20,
        "hidden": 32,
        "temperature": 0.1,
        "lr": 0.005,
        "epochs": 20,
        "batch_size": 32,
    }
    return Siamese(**(base | changes))  # type: ignore[arg-type]


def works(
    titles: Sequence[str], artists: Sequence[str | None] | None = None, groups: Sequence[int] | None = None
) -> pd.DataFrame:
    n = len(titles)
    artist = pd.array(artists or [None] * n, dtype="string")
    return pd.DataFrame({"title": list(titles), "artist": artist, "group": groups or list(range(n))})


# --- parts


def test_parts_have_their_shares():
    parts = split_parts(np.arange(100), settings(), 0)
    assert Counter(parts.tolist()) == {"held_out": 30, "select": 14, "train": 56}
    np.testing.assert_array_equal(parts, split_parts(np.arange(100), settings(), 0))
    assert (parts != split_parts(np.arange(100), settings(), 1)).any()


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.integers(0, 99))
def test_groups_never_straddle_parts(groups: list[int], seed: int):
    group = np.array(groups)
    parts = split_parts(group, settings(), seed)
    assert parts.shape == group.shape and set(parts) <= set(siamese.PARTS)
    assert all(len(set(parts[group == g])) == 1 for g in groups)
    turned = split_parts(group[::-1], settings(), seed)
    np.testing.assert_array_equal(turned[::-1], parts)  # a matter of the groups, not of the order of rows


# --- pairs

# Cosines by eye: 0-1 .96, 0-2 .6, 0-3 0, 1-2 .8, 1-3 .28, 2-3 .8
FOUR = np.array([[1, 0], [0.96, 0.28], [0.6, 0.8], [0, 1]], dtype=np.float32)


def test_pairs_by_eye():
    pairs = mine_pairs(works(list("abcd")), FOUR, np.arange(4), np.arange(4), settings(positive_quantile=0.9))
    assert pairs.positive.tolist() == [[0, 1]]
    assert pairs.threshold == pytest.approx(0.88, abs=1e-6)  # halfway between the two highest, .8 and .96
    expected = {(0, 2), (0, 3), (1, 3)}
    assert set(map(tuple, np.argwhere(np.triu(pairs.negative)).tolist())) == expected
    np.testing.assert_array_equal(pairs.negative, pairs.negative.T)


def test_untitled_works_are_in_no_pair():
    pairs = mine_pairs(works(["a", "Untitled", "c", "d"]), FOUR, np.arange(4), np.arange(4), settings())
    assert 1 not in pairs.positive and not pairs.negative[1].any() and not pairs.negative[:, 1].any()


def test_every_pair_has_an_anchor():
    index, titles = works([f"t{i}" for i in range(30)]), unit_rows(np.random.default_rng(0).normal(size=(30, 4)))
    anchors, others = np.arange(0, 8), np.arange(8, 20)
    pairs = mine_pairs(index, titles, anchors, others, settings())
    used = set(pairs.positive.ravel().tolist()) | set(np.flatnonzero(pairs.negative.any(0)).tolist())
    assert used <= set(range(20)) and used - set(range(8))
    assert np.isin(pairs.positive, anchors).any(axis=1).all()
    assert not pairs.negative[8:, 8:].any()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Untitled", "Sea", "Hill", "Sea at dusk"]),
            st.sampled_from([None, "x", "y"]),
            st.integers(0, 6),
        ),
        min_size=6,
        max_size=14,
    ),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_pairs_hold_what_they_promise(rows: list[tuple[str, str | None, int]], most: int, seed: int):
    index = works(*(list(column) for column in zip(*rows, strict=True)))  # type: ignore[arg-type]
    vectors = {"Untitled": [1, 1], "Sea": [2, 1], "Hill": [-1, 2], "Sea at dusk": [3, 1]}
    titles = unit_rows(np.array([vectors[title] for title, _, _ in rows], dtype=float))
    anchors = np.flatnonzero(np.random.default_rng(seed).random(len(rows)) < 0.7)
    others = np.arange(len(rows) - 1)  # the last work may only take part as an anchor
    try:
        pairs = mine_pairs(index, titles, anchors, others, settings(max_pairs_per_artist=most))
    except ArtExtractError as error:
        assert "titled works to take pairs from" in error.problem
        return
    positive = set(map(tuple, pairs.positive.tolist()))
    negative = set(map(tuple, np.argwhere(pairs.negative).tolist()))
    assert len(positive) == len(pairs.positive)
    assert not positive & negative  # never drawn together and apart at once
    for i, j in positive | negative:
        assert rows[i][0] != "Untitled" != rows[j][0]
        assert rows[i][2] != rows[j][2]
        assert i in anchors or j in anchors
        assert {i, j} <= set(anchors) | set(others)
    per_painter = Counter(name for i, j in positive for name in {rows[i][1], rows[j][1]} - {None})
    assert max(per_painter.values(), default=0) <= most
    assert all(titles[i] @ titles[j] >= pairs.threshold - 1e-6 for i, j in positive)


def test_cap_keeps_the_most_similar_titles():
    angle = np.deg2rad([0, 1, 3, 6, 10])
    titles = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    index = works(list("abcde"), ["x"] * 5)
    pairs = mine_pairs(index, titles, np.arange(5), np.arange(5), settings(max_pairs_per_artist=2))
    assert pairs.positive.tolist() == [[0, 1], [1, 2]]


def test_equal_titles_everywhere_give_no_negatives_and_a_clear_error():
    index, titles = works(["Sea"] * 8), np.tile(FOUR[:1], (8, 1))
    pairs = mine_pairs(index, titles, np.arange(8), np.arange(8), settings())
    assert len(pairs.positive) and not pairs.negative.any()
    with pytest.raises(ArtExtractError, match="no positive pairs, or no negative ones, among the train rows") as caught:
        train(titles, pairs, pairs, settings(), 0)
    assert caught.value.remedy and "siamese.positive_quantile" in caught.value.remedy


def test_too_few_titled_works_are_an_error():
    with pytest.raises(ArtExtractError, match="only 1 titled works"):
        mine_pairs(works(["a", "Untitled"]), FOUR[:2], np.arange(2), np.arange(2), settings())


# --- training


def test_untouched_projection_is_the_identity_on_unit_rows():
    torch.manual_seed(0)
    rows = unit_rows(np.random.default_rng(0).normal(size=(20, 16)))
    np.testing.assert_allclose(project(Projection(16, 8), rows), rows, atol=1e-6)


def test_projection_gives_unit_rows_whatever_its_weights():
    torch.manual_seed(0)
    net = Projection(16, 8)
    torch.nn.init.normal_(net.outer.weight)
    projected = project(net, unit_rows(np.random.default_rng(0).normal(size=(20, 16))))
    assert projected.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-6)


def toy() -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """120 works whose titles are of two subjects, which their images show in one faint direction of sixteen."""
    rng = np.random.default_rng(3)
    subject = np.arange(120) % 2
    images = rng.normal(size=(120, 16))
    images[:, 0] = (2 * subject - 1) * 1.0 + rng.normal(0, 0.3, 120)
    titles = unit_rows(np.eye(2)[subject] + rng.normal(0, 0.15, (120, 2)))
    index = works([f"{'Sea' if s else 'Hill'} {i}" for i, s in enumerate(subject)], [f"a{i // 4}" for i in range(120)])
    return unit_rows(images), titles, index, subject


def fitted(**changes: object) -> tuple[siamese.Trained, np.ndarray, np.ndarray, np.ndarray]:
    images, titles, index, subject = toy()
    parts = split_parts(index["group"].to_numpy(), settings(), 0)
    rows = {part: np.flatnonzero(parts == part) for part in siamese.PARTS}
    pairs = mine_pairs(index, titles, rows["train"], rows["train"], settings(**changes))
    select = mine_pairs(index, titles, rows["select"], rows["train"], settings(**changes))
    assert not np.isin(rows["held_out"], np.union1d(pairs.positive, select.positive)).any()
    return train(images, pairs, select, settings(**changes), 7), images, subject, rows["held_out"]


def test_training_brings_unseen_works_of_one_subject_together():
    trained, images, subject, held_out = fitted()
    truth = Judge(subject[:, None] == subject[None, :], np.eye(120, dtype=bool))
    before = evaluate(cosine(images, held_out), truth, held_out, 10)["p10"].mean()
    after = evaluate(cosine(project(trained.net, images), held_out), truth, held_out, 10)["p10"].mean()
    assert after > before + 0.15


def test_training_twice_gives_the_same_bits():
    (one, images, *_), (two, *_) = fitted(epochs=3), fitted(epochs=3)
    assert one.history == two.history and one.best_epoch == two.best_epoch
    np.testing.assert_array_equal(project(one.net, images), project(two.net, images))


def test_history_starts_with_the_untouched_embedding_and_the_best_epoch_is_kept():
    trained, *_ = fitted(epochs=5)
    assert [line["epoch"] for line in trained.history] == list(range(6))
    select = [line["select"] for line in trained.history]
    assert trained.best_epoch == int(np.argmin(select)) > 0
    assert not trained.net.training


def test_where_training_only_harms_the_untouched_embedding_is_kept():
    """Select pairs that contradict the training pairs: what is positive there is negative here."""
    images = unit_rows(np.random.default_rng(0).normal(size=(8, 4)))
    images[1], images[5] = images[0], images[4]
    near, far = np.array([[0, 1], [4, 5]]), np.array([[0, 4], [1, 5]])

    def pairs(positive: np.ndarray, apart: np.ndarray) -> Pairs:
        negative = np.zeros((8, 8), dtype=bool)
        negative[apart[:, 0], apart[:, 1]] = negative[apart[:, 1], apart[:, 0]] = True
        return Pairs(positive, negative, 0.5)

    trained = train(images, pairs(far, near), pairs(near, far), settings(epochs=3), 0)
    assert trained.best_epoch == 0
    np.testing.assert_allclose(project(trained.net, images), images, atol=1e-6)


def test_loss_that_is_not_finite_stops_with_a_remedy():
    images, titles, index, _ = toy()
    rows = np.arange(120)
    pairs = mine_pairs(index, titles, rows, rows, settings())
    images[3] = np.nan
    with pytest.raises(ArtExtractError, match=r"not finite at epoch -?\d+") as caught:
        train(images, pairs, pairs, settings(), 0)
    assert caught.value.remedy
