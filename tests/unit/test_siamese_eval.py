"""The evaluation: who is asked, what is pooled, what an attempt is compared with, and what no attempt may win by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from artextract import siamese_eval as evaluation
from artextract.compute import unit_rows
from artextract.relevance import Judge
from artextract.spaces import cosine_space, image_spaces
from tests.unit.siamese_toys import settings, two_subjects

IMAGES, TITLES, INDEX, SUBJECT = two_subjects()
N, PAINTER = len(INDEX), np.arange(120) // 4
OWN = np.eye(N, dtype=bool)
THEME = Judge(SUBJECT[:, None] == SUBJECT[None, :], OWN, fields=frozenset({"themes"}))
PROXY = Judge(THEME.relevant, OWN, fields=frozenset({"title"}))
ROWS = np.arange(N)


def values(**vectors: np.ndarray) -> evaluation.Values:
    spaces = [cosine_space(name, v) for name, v in vectors.items()]
    return evaluation.score(spaces, {"theme": THEME}, ROWS, 10, 0)


def test_every_work_is_asked_once_and_no_training_sees_its_painter():
    fold = PAINTER % 5
    parts = evaluation.by_fold(fold, PAINTER, 0.25, 0)
    assert np.sort(np.concatenate([part.queries for part in parts])).tolist() == ROWS.tolist()
    for part in parts:
        painters = [set(PAINTER[rows].tolist()) for rows in (part.train, part.select, part.queries)]
        assert not (painters[0] & painters[1] or painters[0] & painters[2] or painters[1] & painters[2])
        assert len(part.train) + len(part.select) + len(part.queries) == N
        assert len(painters[1]) == 6  # a quarter of 24
    again = evaluation.by_fold(fold, PAINTER, 0.25, 0)
    assert all((a.select == b.select).all() for a, b in zip(parts, again, strict=True))


def test_parts_of_a_column():
    held = evaluation.by_part(np.array(["train", "held_out", "select", "train"]))
    assert (held.train.tolist(), held.select.tolist(), held.queries.tolist()) == ([0, 3], [2], [1])


def test_the_title_proxy_may_not_judge():
    assert list(evaluation.scorable({"theme": THEME, "title_proxy": PROXY})) == ["theme"]


def test_pooled_folds_are_the_whole():
    whole = values(a=IMAGES)
    parts = [evaluation.score([cosine_space("a", IMAGES)], {"theme": THEME}, rows, 10, 0)
             for rows in (ROWS[60:], ROWS[:60])]  # fmt: skip
    pd.testing.assert_frame_equal(evaluation.pool(parts)["theme", "a"], whole["theme", "a"])


def test_raw_values_are_of_the_queries_that_were_asked():
    found = evaluation.score([cosine_space("siamese", IMAGES)], {"theme": THEME}, ROWS[:7], 10, 0)
    both = evaluation.with_raw(found, values(centred=IMAGES, whitened=IMAGES))
    assert {space for _, space in both} == {"siamese", "centred", "whitened"}
    assert all(table.index.tolist() == list(range(7)) for table in both.values())


def test_an_attempt_is_compared_with_the_strongest_post_processing():
    rng = np.random.default_rng(0)
    noise, good = unit_rows(rng.normal(size=(N, 4))), unit_rows(np.eye(2)[SUBJECT] + rng.normal(0, 0.4, (N, 2)))
    best = np.eye(2)[SUBJECT]
    found = values(image=noise, centred=good, csls=noise, siamese=best, shuffled_titles=noise, ridge=good)
    assert evaluation.strongest(found, "theme", "p10") == "centred"
    table = evaluation.trials({"s2": found}, ["p10", "ndcg10"], PAINTER, 200, 0)
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
    numbers = evaluation.headline(table, {"s2": found}, "p10")
    assert numbers["s2.theme.siamese.p10"] == 1 and numbers["s2.theme.gain.p10"] == gain["micro"]
    assert numbers["s2.theme.shuffled_gain.p10_high"] < 0


def test_nothing_tried_is_an_empty_table():
    assert list(evaluation.trials({}, ["p10"], PAINTER, 10, 0).columns) == evaluation.TRIALS


def test_siamese_gains_on_unseen_painters_and_shuffled_titles_do_not():
    """The whole way once, on works whose titles tell what their images show faintly."""
    params, raw = settings(), image_spaces(IMAGES, 8, 5)
    everyone = evaluation.score(raw, {"theme": THEME}, ROWS, 10, 0)
    parts, seen = [], []
    for held in evaluation.by_fold(PAINTER % 3, PAINTER, 0.15, 0):
        trained = evaluation.train_held(INDEX, IMAGES, TITLES, held, params, 0)
        spaces = evaluation.attempts(INDEX, IMAGES, TITLES, held, trained, params, 0)
        assert tuple(space.name for space in spaces) == evaluation.ATTEMPTS
        parts.append(evaluation.score(spaces, {"theme": THEME}, held.queries, 10, 0))
        seen.append(evaluation.score(spaces[:1], {"theme": THEME}, held.train, 10, 0))
    found = evaluation.with_raw(evaluation.pool(parts), everyone)
    table = evaluation.trials({"s2": found}, ["p10"], PAINTER, 200, 0)
    low: dict[str, Any] = {r["attempt"]: r["low"] for r in table.to_dict("records") if r["against"] in evaluation.RAW}
    assert low["siamese"] > 0.05
    assert all(low[control] <= 0 for control in ("shuffled_titles", "random_projection", "pca"))
    assert evaluation.train_gain(seen[0], everyone, "p10")["s1.theme.train_gain.p10"] > 0.05
