"""The knob: its ends are the two parts, and the table holds what was scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.siamese.evaluation.held_out import score
from artextract.siamese.evaluation.knob import SUBJECTS, knob_spaces, knob_table
from artextract.siamese.projection.heads import closed_form
from artextract.siamese.projection.projection import project_head
from artextract.similarity.ranking.spaces import cosine_space
from artextract.similarity.ranking.tables import Values
from tests.unit.siamese_toys import two_subjects
from tests.unit.similarity.ranking.dense import dense_judge

IMAGES, TITLES, _, SUBJECT = two_subjects()
ROWS, PAINTER = np.arange(len(IMAGES)), np.arange(len(IMAGES)) // 4
THEME = dense_judge(SUBJECT[:, None] == SUBJECT[None, :], np.eye(len(IMAGES), dtype=bool), fields=frozenset({"themes"}))
NET = closed_form(IMAGES, TITLES, penalty=1.0, subject=0.5)


@pytest.fixture(scope="module")
def values() -> Values:
    return score(list(knob_spaces(NET, IMAGES)), {"theme": THEME}, ROWS, 10, 0)


def test_the_ends_score_as_each_part_alone(values: Values):
    own, head = unit_rows(IMAGES - IMAGES.mean(axis=0)), project_head(NET, IMAGES)
    for end, alone in (("0.0", own), ("1.0", head)):
        expected = score([cosine_space("alone", alone)], {"theme": THEME}, ROWS, 10, 0)["theme", "alone"]
        pd.testing.assert_frame_equal(values["theme", end], expected)


def test_the_table_has_a_row_per_judge_and_weight(values: Values):
    table = knob_table(values, ["p10", "ndcg10"], PAINTER, 50, 0)
    assert table.columns.tolist() == [
        "judge", "subject", "queries", "p10", "p10_low", "p10_high", "ndcg10", "ndcg10_low", "ndcg10_high",
    ]  # fmt: skip
    assert table["subject"].tolist() == list(SUBJECTS) and set(table["judge"]) == {"theme"}
    assert (table["queries"] == len(IMAGES)).all()
    for line in table.to_dict("records"):
        assert line["p10"] == pytest.approx(values["theme", str(line["subject"])]["p10"].mean())
        assert line["p10_low"] <= line["p10"] <= line["p10_high"]


def test_nothing_scored_is_an_empty_table():
    table = knob_table({}, ["p10"], PAINTER, 50, 0)
    assert table.columns.tolist() == ["judge", "subject", "queries", "p10", "p10_low", "p10_high"] and not len(table)


def test_intervals_draw_painters_as_a_whole(values: Values):
    one = knob_table(values, ["p10"], np.zeros(len(ROWS), dtype=int), 20, 0)
    np.testing.assert_allclose(one[["p10_low", "p10_high"]], one[["p10", "p10"]])
