"""Scores of many deals at once, against the functions that score one."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.evaluation import deals as module
from artextract.classification.evaluation.deals import scores_of_deals
from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.scores import over_classes
from artextract.measures import auc
from tests.prediction_toys import predictions, random_predictions


def one_by_one(task: TaskPredictions, chosen: list[int], deals: np.ndarray) -> dict[str, np.ndarray]:
    once, found = auc.ones(len(task.y)), []
    for deal in deals:
        dealt = dataclasses.replace(task, p=task.p[deal])
        found.append(over_classes(dealt, chosen, once) | {"top1": auc.top1(task.y, dealt.p, once)})
    return {name: np.concatenate([scores[name] for scores in found]) for name in found[0]}


def same(task: TaskPredictions, chosen: list[int], seed: int = 0, count: int = 7) -> None:
    rng = np.random.default_rng(seed)
    deals = np.stack([rng.permutation(len(task.y)) for _ in range(count)])
    found, expected = scores_of_deals(task, chosen, deals), one_by_one(task, chosen, deals)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 4), st.integers(8, 40))
@settings(max_examples=40, deadline=None)
def test_the_scores_are_those_of_one_deal_after_another(seed: int, strata: bool, decimals: int, n: int) -> None:
    """With ties (few decimals), with classes that are not scored, with and without strata."""
    task = random_predictions(seed, n=n, classes=4, strata=strata)
    tied = dataclasses.replace(task, p=np.round(task.p, decimals))
    for chosen in ([0, 1, 2, 3], [1, 3]):
        same(tied, chosen, seed)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 1)  # one deal at a time
    same(random_predictions(0, strata=True), [0, 1, 2, 3])


def test_rows_that_share_no_stratum_have_no_stratified_score() -> None:
    y = [0, 0, 0, 1, 1, 1]
    task = predictions(y, np.eye(2)[y], strata=["a", "a", "a", "b", "b", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scores_of_deals(task, [0, 1], np.arange(6)[None])
    assert np.isnan(found["auc_ovo_stratified"]).all() and np.isnan(found["auc_ovo_same_pairs"]).all()
    assert found["auc_ovo"].tolist() == found["pr_auc"].tolist() == found["macro_f1"].tolist() == [1]


def test_a_deal_by_hand() -> None:
    """The two predictions change places: each row is then called what the other one is."""
    task = predictions([0, 1], np.array([[0.9, 0.1], [0.2, 0.8]]))
    found = scores_of_deals(task, [0, 1], np.array([[0, 1], [1, 0]]))
    assert found["top1"].tolist() == found["auc_ovo"].tolist() == found["balanced_accuracy"].tolist() == [1, 0]
    assert found["pr_auc"].tolist() == [1, 0.5]


def test_nothing_but_top1_where_no_class_is_scored() -> None:
    found = scores_of_deals(random_predictions(0), [], np.arange(40)[None])
    assert set(found) == {"top1"}
