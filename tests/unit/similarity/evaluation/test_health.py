"""Health figures: by eye, and on an embedding with one hub."""

from __future__ import annotations

import numpy as np
import pytest

from artextract.core.compute import unit_rows
from artextract.similarity.evaluation.health import effective_rank, health, hubness, k_occurrence, mean_cosine
from artextract.similarity.ranking.spaces import Space, cosine_space

RNG = np.random.default_rng(0)


def test_k_occurrence_by_eye():
    similarity = np.array([[9, 5, 4, 1], [5, 9, 1, 2], [8, 1, 9, 2], [7, 3, 2, 9]], dtype=np.float32)
    space = Space("x", 4, lambda rows: similarity[rows])
    assert k_occurrence(space, np.arange(4), 1).tolist() == [3, 1, 0, 0]
    assert k_occurrence(space, np.array([0, 1, 0, 3]), 1).tolist() == [2, 1, 0, 1]  # 2 is of the group of 0
    assert k_occurrence(space, np.arange(4), 10).tolist() == [3, 3, 3, 3]
    assert k_occurrence(space, np.zeros(4), 2).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_figures_are_the_same_in_blocks_of_rows(monkeypatch: pytest.MonkeyPatch, rows: int):
    unit = unit_rows(RNG.normal(size=(40, 6)) + 0.5)
    values = np.sqrt(np.linalg.eigvalsh(unit.astype(np.float64).T @ unit))
    share = values / values.sum()
    off = (unit.astype(np.float64) @ unit.T)[~np.eye(40, dtype=bool)]
    monkeypatch.setattr("artextract.similarity.evaluation.health.ROWS", rows)
    assert mean_cosine(unit) == pytest.approx(off.mean(), abs=1e-9)
    assert effective_rank(unit) == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-6)


def test_hubness_by_hand():
    assert hubness(np.array([2, 2, 2])) == (0.0, 0.0)
    skewness, alone = hubness(np.array([0, 0, 0, 4]))
    assert skewness == pytest.approx(2 / 3**0.5) and alone == 0.75
    assert hubness(np.array([0, 1, 1, 1])) == (pytest.approx(-2 / 3**0.5), 0.25)  # a spread below one


def test_one_hub_is_caught():
    """A work that is near to everything, here the mean of all: the skewness leaps."""
    vectors = unit_rows(RNG.normal(size=(300, 200)) + 0.3)
    with_hub = vectors.copy()
    with_hub[7] = unit_rows(vectors.mean(axis=0)[None])[0]
    group = np.arange(300)
    plain, hub = (health(cosine_space("a", rows), group, 10)["hubness"] for rows in (vectors, with_hub))
    assert k_occurrence(cosine_space("b", with_hub), group, 10).argmax() == 7
    assert hub > plain + 10


def test_mean_cosine_equals_a_loop():
    unit = unit_rows(RNG.normal(0.3, 1, (9, 4)))
    pairs = [unit[i] @ unit[j] for i in range(9) for j in range(9) if i != j]
    assert mean_cosine(unit) == pytest.approx(np.mean(pairs), abs=1e-6)
    with np.errstate(all="raise"):
        assert np.isnan(mean_cosine(np.full((1, 4), 0.5)))
    assert mean_cosine(np.eye(2)) == 0


def test_effective_rank_counts_even_directions():
    assert effective_rank(np.eye(5)) == pytest.approx(5)
    assert effective_rank(np.repeat(np.eye(7)[:3], 4, axis=0)) == pytest.approx(3)
    assert effective_rank(np.ones((6, 3)) / 3**0.5) == pytest.approx(1)
    assert effective_rank(np.diag([1000.0, 5e-4])) == 1  # less than a millionth of the largest counts as zero
    assert effective_rank(np.diag([1000.0, 2e-3])) > 1 + 1e-5
    values = np.array([3.0, 1.0])
    share = values / 4
    assert effective_rank(np.diag(values)) == pytest.approx(np.exp(-(share * np.log(share)).sum()))


def test_cosines_are_looked_at_where_there_are_vectors():
    space = cosine_space("a", RNG.normal(size=(6, 4)))
    assert space.vectors is not None
    found, bare = (health(s, np.arange(6), 2) for s in (space, Space("a", 6, space.similarity)))
    counts = k_occurrence(space, np.arange(6), 2)
    assert bare == dict(zip(("hubness", "anti_hubs"), hubness(counts), strict=True))
    cosines = {"mean_cosine": mean_cosine(space.vectors), "effective_rank": effective_rank(space.vectors)}
    assert found == bare | cosines


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_works(n: int):
    found = health(cosine_space("a", RNG.normal(size=(n, 4))), np.arange(n), 10)
    assert all(np.isfinite(value) for value in found.values())
    assert set(found) == {"hubness", "anti_hubs"} | ({"mean_cosine", "effective_rank"} if n > 1 else set())
