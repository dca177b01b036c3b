"""Judges and metrics in blocks equal those over whole matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.similarity.ranking import judging, retrieval
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.spaces import Space, cosine_space
from artextract.similarity.ranking.tables import evaluate_spaces, sampling
from tests.unit.similarity.ranking.dense_oracle import dense_metrics, dense_truths, queries_of
from tests.unit.similarity.ranking.test_judges import params

K = 10


def made_up(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """n works with gaps in every column, and title embeddings with equal and similar rows."""
    rng = np.random.default_rng(seed)

    def names(kinds: int, share: float) -> pd.Series:
        drawn = pd.Series([f"p{int(i)}" for i in kinds * rng.random(n) ** 2], dtype="string")
        return drawn.where(rng.random(n) < share)

    def lists(kinds: int, most: int) -> list[list[str]]:
        return [[f"t{int(i)}" for i in kinds * rng.random(rng.integers(0, most + 1)) ** 3] for _ in range(n)]

    words = np.array(["sea", "of", "hill", "dog", "boy", "old", "man", "red"])
    kind = rng.integers(0, 40, n)
    group = rng.integers(0, n, n)
    index = pd.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "title": [" ".join(words[[i % 8, i // 8]]) if i < 36 else "Untitled" for i in kind],
            "artist": names(n // 8 + 1, 0.7), "artist_qualified": names(n // 8 + 1, 0.2),
            "group": group, "object_group": group, "sibling_group": rng.integers(0, n // 2, n),
            "series": ["Hours"] * n, "themes": lists(12, 3), "styles": lists(8, 1), "schools": lists(6, 1),
            "techniques": lists(5, 2), "keywords": lists(n // 4 + 5, 6),
            "year": np.where(rng.random(n) < 0.8, rng.integers(1500, 1900, n), np.nan),
        }
    )  # fmt: skip
    titles = rng.normal(size=(40, 16))[kind] + 0.3 * rng.normal(size=(n, 16)) * (rng.random((n, 1)) < 0.7)
    return index, unit_rows(titles)


def compare(n: int, seed: int, dim: int) -> None:
    index, titles = made_up(n, seed)
    settings = params(period_years=25, terms_overlap=0.3)
    judges, unmeasured = all_judges(index, titles, settings)
    truths = dense_truths(index, titles, settings)
    assert set(judges) == set(truths) and set(unmeasured) == {"text_to_image", "same_object"}
    images = unit_rows(np.random.default_rng(seed + 1).normal(size=(n, dim)))
    images[::7] = images[0]  # equal similarities: the lower row comes first
    similarity = images @ images.T
    values = evaluate_spaces([Space("image", n, lambda rows: similarity[rows])], judges, K, 0)
    for key, judge in judges.items():
        dense = truths[key]
        assert judge.queries().tolist() == queries_of(dense).tolist(), key
        rows = np.random.default_rng(0).permutation(n)[:97]
        truth = judge.truth(rows)
        np.testing.assert_array_equal(truth.excluded, dense.excluded[rows], err_msg=key)
        np.testing.assert_array_equal(truth.found, dense.found[rows], err_msg=key)
        gain = dense.relevant if dense.grade is None else dense.grade
        assert (truth.grade is None) == (dense.grade is None)
        if truth.grade is not None:
            np.testing.assert_allclose(truth.grade, gain[rows], atol=1e-7, err_msg=key)
        np.testing.assert_allclose(
            values[key, "image"], dense_metrics(similarity, dense, K), atol=1e-9, rtol=0, err_msg=key
        )
        best = np.where(dense.excluded, -1, gain)
        np.testing.assert_allclose(
            values[key, "ceiling"], dense_metrics(best, dense, K), atol=1e-9, rtol=0, err_msg=key
        )


@pytest.mark.parametrize("block", [(1 << 24, 512, 1 << 22), (1 << 13, 17, 1 << 11)])
def test_equal_the_dense_ones(monkeypatch: pytest.MonkeyPatch, block: tuple[int, int, int]):
    """In one block, and in many small ones: no pair and no rank depends on the block."""
    monkeypatch.setattr(retrieval, "PAIRS", block[0])
    monkeypatch.setattr(retrieval, "QUERIES", block[1])
    monkeypatch.setattr(judging, "PAIRS", block[2])
    monkeypatch.setattr(judging, "WIDTH", 64)
    compare(300, 0, 8)


@pytest.mark.long
def test_equal_the_dense_ones_at_4000():
    compare(4000, 1, 32)


def test_a_sample_of_the_queries_scores_like_all_of_them():
    index, titles = made_up(300, 2)
    everyone, _ = all_judges(index, titles, params())
    most = min(len(judge.queries()) for judge in everyone.values())
    few, _ = all_judges(index, titles, params(max_queries=most))
    images = unit_rows(np.random.default_rng(3).normal(size=(300, 8)))
    space = cosine_space("image", images)
    values, drawn = evaluate_spaces([space], everyone, K, 0), evaluate_spaces([space], few, K, 1)
    stated = sampling(drawn, few, "image", "map")
    for key, judge in few.items():
        rows, total = judge.queries(), len(everyone[key].queries())
        assert set(rows.tolist()) <= set(everyone[key].queries().tolist())
        pd.testing.assert_frame_equal(drawn[key, "image"], values[key, "image"].loc[rows])
        if total == most:
            assert len(rows) == total and judge.total is None and f"{key}.queries_of" not in stated
            continue
        assert (len(rows), judge.total, stated[f"{key}.queries_of"]) == (most, total, total)
        error = 1.96 * np.sqrt(drawn[key, "image"]["map"].var() / most * (1 - most / total))
        assert stated[f"{key}.image.map_sampling"] == pytest.approx(error) and error > 0
    assert len([key for key in few if f"{key}.queries_of" not in stated]) == 1
    drawn_apart = [set(few[key].queries().tolist()) for key in ("theme", "period")]
    assert len(drawn_apart[0] & drawn_apart[1]) > most / 2  # judges mostly ask for the same works
    assert sampling(values, everyone, "image", "map") == {}


def test_the_stated_error_of_a_sample_holds_in_95_of_100():
    values = np.random.default_rng(0).random(400) ** 3
    rng, inside = np.random.default_rng(1), 0
    judge = replace(all_judges(*made_up(40, 0), params())[0]["theme"], total=400)
    for _ in range(400):
        part = pd.DataFrame({"map": rng.choice(values, 100, replace=False)})
        error = sampling({("theme", "image"): part}, {"theme": judge}, "image", "map")["theme.image.map_sampling"]
        inside += abs(part["map"].mean() - values.mean()) <= error
    assert 365 <= inside <= 394
