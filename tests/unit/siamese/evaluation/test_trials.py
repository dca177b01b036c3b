"""What an attempt is compared with, what is corrected together, and what is kept of every query."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.siamese.evaluation.protocol import by_split
from artextract.siamese.evaluation.trials import (
    KEYS,
    TRIALS,
    attempt_names,
    headline,
    main_gain,
    strongest,
    train_gain,
    trials,
    values_table,
)
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import cosine_space
from artextract.similarity.ranking.tables import Values
from tests.unit.similarity.ranking.dense import dense_judge

N, PAINTER = 120, np.arange(120) // 4
SUBJECT, ROWS = np.arange(N) % 2, np.arange(N)
THEME = dense_judge(SUBJECT[:, None] == SUBJECT[None, :], np.eye(N, dtype=bool), fields=frozenset({"themes"}))


def values(rows: np.ndarray = ROWS, **vectors: np.ndarray) -> Values:
    return {("theme", name): evaluate(cosine_space(name, v), THEME, rows, 10) for name, v in vectors.items()}


def test_an_attempt_is_compared_with_the_strongest_post_processing():
    rng = np.random.default_rng(0)
    noise, good = unit_rows(rng.normal(size=(N, 4))), unit_rows(np.eye(2)[SUBJECT] + rng.normal(0, 0.4, (N, 2)))
    best = np.eye(2)[SUBJECT]
    limits = {"random": noise, "ceiling": best}
    found = values(image=noise, centred=good, csls=noise, siamese=best, shuffled_titles=noise, ridge=good, **limits)
    assert strongest(found, "theme", "p10") == "centred"
    table = trials({"s2": found}, ["p10", "ndcg10"], PAINTER, 200, 0)
    shown = table[table["metric"] == "p10"].to_dict("records")
    one: dict[tuple[str, str], Any] = {(r["attempt"], r["against"]): r for r in shown}
    assert set(one) == {
        ("siamese", "centred"), ("siamese", "ridge"), ("ridge", "centred"), ("shuffled_titles", "centred"),
    }  # fmt: skip
    gain = one["siamese", "centred"]
    assert gain["micro"] == pytest.approx(1 - found["theme", "centred"]["p10"].mean()) and gain["low"] > 0
    assert one["shuffled_titles", "centred"]["high"] < 0
    assert [one["ridge", "centred"][name] for name in ("micro", "low", "high")] == [0, 0, 0]
    assert all(r["p_holm"] >= r["p"] for r in one.values())
    assert min(r["p_holm"] for r in one.values()) == pytest.approx(4 * min(r["p"] for r in one.values()))
    numbers = headline(table, {"s2": found}, "p10")
    assert numbers["s2.theme.siamese.p10"] == 1 and numbers["s2.theme.gain.p10"] == gain["micro"]
    assert numbers["s2.theme.shuffled_gain.p10_high"] < 0
    assert numbers["s2.theme.chance.p10"] == pytest.approx(found["theme", "random"]["p10"].mean())
    assert numbers["s2.theme.best.p10"] == pytest.approx(found["theme", "centred"]["p10"].mean())
    assert numbers["s2.theme.ceiling.p10"] == 1
    half = (gain["high"] - gain["low"]) / 2
    assert main_gain(table, "p10") == ({"gain": gain["micro"], "gain.ci": half}, {"gain.judge": "theme"})
    renamed = table.replace({"judge": {"theme": "period"}})
    assert main_gain(renamed, "p10")[1] == {"gain.judge": "period"}
    assert main_gain(table.assign(split="s1"), "p10") == ({}, {})


def test_the_screen_shows_unseen_painters_and_of_unseen_works_the_gain_of_the_main_judges():
    noise, best = unit_rows(np.random.default_rng(0).normal(size=(N, 4))), np.eye(2)[SUBJECT]
    one = values(image=noise, siamese=best, shuffled_titles=noise, random=noise, ceiling=best)
    judges = ("theme", "theme_other_words", "period")
    found = {(judge, space): table for judge in judges for (_, space), table in one.items()}
    splits = {"s1": found, "s2": found, "s3": found}
    table = trials(splits, ["p10", "ndcg10"], PAINTER, 50, 0)
    numbers = headline(table, splits, "p10")
    gains = ("s1.theme", "s1.theme_other_words", "s2.theme", "s2.theme_other_words", "s2.period")
    expected = {f"{name}.gain.p10{end}" for name in gains for end in ("", "_low", "_high")}
    for judge in judges[:2]:
        expected |= {f"s2.{judge}.{name}.p10" for name in ("chance", "best", "siamese", "ceiling")}
        expected |= {f"s2.{judge}.shuffled_gain.p10_high"}
    expected |= {f"s2.theme.gain.p10_{name}" for name in ("p_holm", "p_least", "comparisons")}  # of one source: once
    assert set(numbers) == expected
    rows = table[(table["split"] == "s2") & (table["judge"] == "theme") & (table["metric"] == "p10")]
    row = rows.set_index("attempt").loc["siamese"]
    assert numbers["s2.theme.gain.p10_p_holm"] == row["p_holm"] and numbers["s2.theme.gain.p10_low"] == row["low"]
    assert numbers["s2.theme.shuffled_gain.p10_high"] == rows.set_index("attempt").loc["shuffled_titles", "high"]
    assert len(table) == 3 * 3 * 2 * 2  # splits, judges, attempts, metrics


def test_attempts_are_those_of_the_chosen_head():
    shared = {"siamese", "head_alone", "shuffled_titles", "random_projection", "pca"}
    assert set(attempt_names("closed_form")) == shared | {"trained", "trained_head"}
    assert set(attempt_names("trained")) == shared | {"ridge_beside", "ridge"}


def test_few_draws_are_raised_to_what_the_correction_needs():
    noise, best = unit_rows(np.random.default_rng(0).normal(size=(N, 4))), np.eye(2)[SUBJECT]
    few = trials({"s2": values(image=noise, siamese=best)}, ["p10"], PAINTER, 10, 0)
    assert few["p"].tolist() == [pytest.approx(2 / 10_001)]


def test_nothing_tried_is_an_empty_table():
    assert list(trials({}, ["p10"], PAINTER, 10, 0).columns) == TRIALS


def test_gain_on_seen_works_is_against_the_strongest_on_them():
    noise, best = unit_rows(np.random.default_rng(0).normal(size=(N, 4))), np.eye(2)[SUBJECT]
    seen = values(ROWS[:40], image=noise, centred=best, siamese=noise)
    gain = train_gain(seen, "p10")
    assert list(gain) == ["s1.theme.train_gain.p10"]
    assert gain["s1.theme.train_gain.p10"] == pytest.approx(seen["theme", "image"]["p10"].mean() - 1)
    assert train_gain(values(image=noise), "p10") == {}


def test_values_of_every_query_are_kept():
    ids, noise = pd.Series([f"w{i}" for i in range(N)]), unit_rows(np.random.default_rng(1).normal(size=(N, 4)))
    found = {"s1": values(ROWS[5:8], siamese=noise), "s2": values(image=noise, siamese=noise)}
    table = values_table(found, ids, PAINTER)
    assert table.columns.tolist() == [*KEYS, *found["s1"]["theme", "siamese"].columns]
    assert table.groupby(["split", "space"]).size().to_dict() == {
        ("s1", "siamese"): 3, ("s2", "image"): N, ("s2", "siamese"): N,
    }  # fmt: skip
    assert not table.duplicated(["split", "judge", "space", "id"]).any()
    first = table.iloc[1].to_dict()
    assert [first[key] for key in KEYS] == ["s1", "theme", "siamese", "w6", 1]
    assert first["map"] == found["s1"]["theme", "siamese"].loc[6, "map"]
    assert values_table({}, ids, PAINTER).columns.tolist() == KEYS


def test_intervals_of_gains_draw_painters_as_a_whole():
    noise, good = unit_rows(np.random.default_rng(0).normal(size=(2, N, 4)).reshape(-1, 4)).reshape(2, N, 4)
    found = {"s2": values(image=noise, siamese=good)}
    one, many = (trials(found, ["ndcg10"], of, 50, 0).iloc[0] for of in (np.zeros(N, dtype=int), PAINTER))
    assert one["low"] == pytest.approx(one["micro"]) == pytest.approx(one["high"])
    assert many["low"] < many["micro"] < many["high"]


def test_a_seed_gives_its_draws_again_in_the_tables_of_gains_and_of_scores():
    noise, good = unit_rows(np.random.default_rng(0).normal(size=(2, N, 4)).reshape(-1, 4)).reshape(2, N, 4)
    found = {"s2": values(image=noise, siamese=good)}
    for draw in (
        lambda seed: trials(found, ["ndcg10"], PAINTER, 50, seed),
        lambda seed: by_split(found, PAINTER, 50, seed),
    ):
        pd.testing.assert_frame_equal(draw(3), draw(3))
        assert draw(3)["low"].tolist() != draw(4)["low"].tolist()
