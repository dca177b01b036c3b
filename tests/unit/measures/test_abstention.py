from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.measures.abstention import Threshold, choose_threshold, risk_coverage


def answers(confidence: list[float], right: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Two classes; class 0 is always predicted with the given confidence (above one half)."""
    p = np.array(confidence)
    return np.where(right, 0, 1), np.stack([p, 1 - p], axis=1)


def test_risk_and_coverage_by_eye() -> None:
    y, p = answers([0.9, 0.6, 0.8, 0.8, 0.7], [True, False, True, False, True])
    found = risk_coverage(y, p)
    assert found["confidence"].tolist() == [0.9, 0.8, 0.7, 0.6]  # one row for both works with .8
    assert found["answered"].tolist() == [1, 3, 4, 5]
    assert found["coverage"].tolist() == [0.2, 0.6, 0.8, 1.0]
    assert found["error"].tolist() == [0, pytest.approx(1 / 3), 0.25, 0.4]
    assert not len(risk_coverage(*answers([], [])))


@given(st.lists(st.tuples(st.sampled_from([0.55, 0.6, 0.7, 0.8, 0.9]), st.booleans()), min_size=1, max_size=30))
def test_every_row_of_the_curve_is_what_its_threshold_gives(rows: list[tuple[float, bool]]) -> None:
    confidence, right = [row[0] for row in rows], [row[1] for row in rows]
    found = risk_coverage(*answers(confidence, right))
    assert found["confidence"].tolist() == sorted(set(confidence), reverse=True)
    for least, answered, coverage, error in found.to_numpy():
        kept = [hit for c, hit in rows if c >= least]
        assert (answered, coverage) == (len(kept), pytest.approx(len(kept) / len(rows)))
        assert error == pytest.approx(1 - np.mean(kept))


def test_the_threshold_answers_most_rows_with_the_stated_error() -> None:
    confidence = np.linspace(0.99, 0.51, 100)
    right = np.ones(100, dtype=bool)
    right[40::2] = False  # the first 40 are right, then every second one
    y, p = answers(confidence.tolist(), right.tolist())
    chosen = choose_threshold(y, p, 0.2)
    most = max(k for k in range(1, 101) if (~right[:k]).mean() <= 0.2)
    assert 40 < most < 100 and chosen.confidence == confidence[most - 1]
    assert chosen.record() == {"abstain_below": chosen.confidence} and chosen.rows == 100
    assert choose_threshold(y, p, 0.6).confidence == pytest.approx(0.51)  # everything is answered


def test_a_threshold_is_refused_on_few_rows_and_where_none_keeps_the_error() -> None:
    y, p = answers([0.9] * 49, [True] * 49)
    few = choose_threshold(y, p, 0.2)
    assert few.confidence is None and few.refused is not None and "49 select rows" in few.refused
    assert few.record() == {"abstain_refused": few.refused}
    wrong = choose_threshold(*answers([0.9] * 19 + [0.8] * 41, [True] * 19 + [False] * 41), 0.2)
    assert wrong.confidence is None and "20" in str(wrong.refused)  # 19 right answers alone are too few
    assert isinstance(wrong, Threshold)


def test_twenty_answers_are_enough_and_a_refusal_says_on_how_many_rows_it_rests() -> None:
    enough = choose_threshold(*answers([0.9] * 20 + [0.8] * 40, [True] * 20 + [False] * 40), 0.2)
    assert (enough.confidence, enough.rows) == (0.9, 60)
    wrong = choose_threshold(*answers([0.9] * 60, [False] * 60), 0.2)
    assert wrong.confidence is None and wrong.rows == 60
