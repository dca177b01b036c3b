from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from artextract.classification.evaluation.label_noise import COLUMNS, label_noise, two_labels
from tests.prediction_toys import EMPTY, PARAMS, predictions


def test_names_with_two_labels_by_eye() -> None:
    ids = ["A/x.jpg", "B/x.jpg", "A/y.jpg", "C/y.jpg", "B/z.jpg", "C/x.jpg"]
    assert two_labels(ids, [0, 1, 0, 0, 1, 2]) == {"x.jpg": frozenset({0, 1, 2})}  # y has one label in both folders
    assert two_labels([], []) == {}


TWINS = {name: frozenset({0, 1}) for name in ("t.jpg", "u.jpg", "v.jpg")}


def test_choices_for_rows_with_two_labels_by_hand() -> None:
    """Three rows have the labels 0 and 1; three further rows of class 0, and one of class 2, have one label."""
    ids = ["A/t.jpg", "A/u.jpg", "B/v.jpg", "A/a.jpg", "A/b.jpg", "A/c.jpg", "C/d.jpg", "B/e.jpg"]
    y = [0, 0, 1, 0, 0, 0, 2, 1]
    choices = [(0, 1), (1, 0), (1, 2), (0, 1), (0, 2), (1, 2), (2, 1), (1, 0)]  # first and second
    p = np.array([[0.6 if c == one else 0.3 if c == two else 0.1 for c in range(3)] for one, two in choices])
    table, counts = label_noise(predictions(y, p), ids, TWINS, PARAMS, 0)
    assert counts == {"two_labels_names": 3, "two_labels_rows": 3}
    assert table.columns.tolist() == COLUMNS and table["rows"].tolist() == [3, 3, 3]
    by_figure = table.set_index("figure")
    assert by_figure["value"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    # class 0 without a twin: first choice 0, 0, 1, second 1, 2, 2; class 1: first 1, second 0. Rows: two of 0, one of 1
    label, other, second = by_figure["chance"].tolist()
    assert label == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert other == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)
    assert second == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)
    assert (by_figure["low"] < by_figure["value"]).all() and (by_figure["value"] < by_figure["high"]).all()


def test_rows_of_one_painter_are_one_unit() -> None:
    rng = np.random.default_rng(0)
    ids = [f"A/{'tuv'[i % 3]}.jpg" for i in range(30)]
    task = predictions([0] * 30, rng.dirichlet(np.ones(3), 30))
    apart, _ = label_noise(task, ids, TWINS, PARAMS, 0)
    whole, _ = label_noise(dataclasses.replace(task, unit=np.zeros(30, dtype=int)), ids, TWINS, PARAMS, 0)
    assert apart["low"].notna().all() and whole["low"].isna().all()
    assert apart["chance"].isna().all()  # every row has two labels


def test_without_such_rows_there_is_nothing_to_report() -> None:
    task = predictions([0, 1], np.full((2, 3), 1 / 3))
    for twins, ids, names in (({}, ["A/t.jpg", "B/w.jpg"], 0), (TWINS, ["A/a.jpg", "B/b.jpg"], 3)):
        table, counts = label_noise(task, ids, twins, PARAMS, 0)
        assert counts == {"two_labels_names": names, "two_labels_rows": 0}
        assert not len(table) and table.columns.tolist() == COLUMNS
    table, counts = label_noise(predictions([], EMPTY), [], TWINS, PARAMS, 0)
    assert not len(table) and counts["two_labels_rows"] == 0


def test_blocks_of_units_are_those_of_the_seed() -> None:
    rng = np.random.default_rng(0)
    task, ids = predictions([0] * 30, rng.dirichlet(np.ones(3), 30)), [f"A/{'tuv'[i % 3]}.jpg" for i in range(30)]
    few = PARAMS.model_copy(update={"blocks": 3})
    one, again, other = (label_noise(task, ids, TWINS, few, seed)[0] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert one["low"].tolist() != other["low"].tolist()
    assert one["figure"].tolist() == [
        "first choice is the label", "first choice is the other label", "second choice is the other label",
    ]  # fmt: skip
