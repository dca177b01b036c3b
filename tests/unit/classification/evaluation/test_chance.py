"""Scores without learning: the majority, chance with its range, ceilings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.evaluation.chance import baselines, ceilings, chance
from artextract.classification.evaluation.scores import score
from tests.prediction_toys import PARAMS, predictions, random_predictions

MANY = PARAMS.model_copy(update={"permutations": 600})


def test_majority_baseline_by_hand() -> None:
    y = [0, 0, 1, 1, 1, 2]  # class 2 has too few rows to be scored
    found = baselines(predictions(y, np.full((6, 3), 1 / 3)), np.array([50, 20, 10]), PARAMS, 0)
    assert found["majority_top1"] == pytest.approx(2 / 6)  # everything is called class 0
    assert found["majority_balanced_accuracy"] == pytest.approx((1 + 0) / 2)
    assert found["majority_auc_ovo"] == 0.5
    unseen = baselines(predictions(y, np.full((6, 3), 1 / 3)), np.array([0, 0, 0]), PARAMS, 0)
    assert unseen["majority_top1"] == pytest.approx(2 / 6)
    assert unseen["majority_auc_ovo"] == 0.5


def test_the_majority_does_not_look_at_the_predictions() -> None:
    y, counts = [0, 0, 1, 1, 1, 2], np.array([50, 20, 10])
    perfect, useless = (baselines(predictions(y, p), counts, PARAMS, 0) for p in (np.eye(3)[y], np.full((6, 3), 1 / 3)))
    of_majority = [{k: v for k, v in found.items() if k.startswith("majority_")} for found in (perfect, useless)]
    assert of_majority[0] == of_majority[1] and of_majority[0]["majority_top1"] == pytest.approx(2 / 6)


def test_chance_of_perfect_predictions_is_the_chance_of_a_match() -> None:
    y = [0] * 6 + [1] * 3 + [2] * 3
    found = chance(predictions(y, np.eye(3)[y]), PARAMS, 0)
    # one-hot scores dealt out at random: P(match) = sum of squared shares
    assert found["chance_top1"] == pytest.approx(0.25 + 2 / 16)
    assert found["chance_auc_ovo"] == 0.5
    assert found["chance_balanced_accuracy"] == pytest.approx(1 / 3)
    assert found["chance_auc_ovo_p"] == found["chance_top1_p"] == pytest.approx(1 / 61)  # no deal does as well


def test_chance_depends_on_the_labels_only_through_chance() -> None:
    """A network that always names the wrong class scores 0, and its chance stays where chance is."""
    y = np.arange(30) % 3
    wrong = predictions(y.tolist(), np.eye(3)[(y + 1) % 3])
    assert score(wrong, PARAMS, 0)[0]["top1"] == 0
    found = chance(wrong, PARAMS, 0)
    assert found["chance_top1"] == pytest.approx(1 / 3) and found["chance_top1_p"] == 1


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_exact_expectations_are_the_means_of_deals(seed: int) -> None:
    task = random_predictions(seed, n=30, strata=True)
    rng, found = np.random.default_rng(seed), chance(task, PARAMS, seed)
    deals = [
        score(predictions(task.y.tolist(), task.p[rng.permutation(30)], task.strata), PARAMS, 0)[0] for _ in range(60)
    ]
    for name in ("top1", "balanced_accuracy", "auc_ovo", "auc_ovr", "auc_ovo_stratified"):
        drawn = [deal[name] for deal in deals]
        assert found[f"chance_{name}"] == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) / np.sqrt(60) + 1e-9)


@pytest.mark.parametrize("strata", [False, True])
def test_the_range_and_p_are_those_of_the_deals(strata: bool) -> None:
    """The deals are one permutation of the rows after another, all drawn from the seed."""
    task = random_predictions(3, n=30, strata=strata)
    rng, found = np.random.default_rng(7), chance(task, PARAMS, 7)
    dealt = [dataclasses.replace(task, p=task.p[rng.permutation(30)]) for _ in range(60)]
    deals, own = [score(deal, PARAMS, 0)[0] for deal in dealt], score(task, PARAMS, 0)[0]
    names = ["auc_ovo", "auc_ovr", "balanced_accuracy", "pr_auc", "macro_f1", "top1"]
    names += ["auc_ovo_same_pairs", "auc_ovo_stratified"] * strata
    ends = ("", "_low", "_high", "_p")
    assert set(found) == {"permutations", *(f"chance_{name}{end}" for name in names for end in ends)}
    assert found["permutations"] == 60
    for name in names:
        drawn = np.array([deal[name] for deal in deals])
        assert found[f"chance_{name}_low"] == pytest.approx(np.quantile(drawn, 0.025))
        assert found[f"chance_{name}_high"] == pytest.approx(np.quantile(drawn, 0.975))
        assert found[f"chance_{name}_p"] == pytest.approx((1 + sum(drawn > own[name] - 1e-9)) / 61)
    for name in ("pr_auc", "macro_f1"):  # those without an exact expectation
        assert found[f"chance_{name}"] == pytest.approx(np.mean([deal[name] for deal in deals]))


def test_a_network_that_gives_all_rows_the_same_is_as_good_as_any_deal() -> None:
    found = chance(predictions([0, 0, 1, 1, 2, 2, 2], np.tile([0.2, 0.5, 0.3], (7, 1))), PARAMS, 0)
    assert {value for name, value in found.items() if name.endswith("_p")} == {1.0}


def test_the_range_of_chance_is_wide_on_few_rows() -> None:
    """On eight rows of four classes, an AUC of .73 is within reach of luck; on 800 it is not."""
    rng = np.random.default_rng(0)
    few, many = (predictions(np.repeat(np.arange(4), n), rng.dirichlet(np.ones(4), 4 * n)) for n in (2, 200))
    narrow, wide = chance(many, PARAMS, 0), chance(few, MANY, 0)
    assert wide["chance_auc_ovo_low"] < 0.3 and wide["chance_auc_ovo_high"] > 0.7
    assert 0.45 < narrow["chance_auc_ovo_low"] < 0.5 < narrow["chance_auc_ovo_high"] < 0.55
    assert wide["chance_auc_ovo"] == narrow["chance_auc_ovo"] == 0.5  # the expectation, not the mean of some deals


@pytest.mark.slow
def test_p_values_of_networks_that_know_nothing_are_uniform() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(3), 6)
    p = [chance(predictions(y, rng.dirichlet(np.ones(3), 18)), PARAMS, s)["chance_auc_ovo_p"] for s in range(120)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.08)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.14)


def test_what_was_never_trained_on_cannot_be_reached() -> None:
    """Of three scored classes one has no training rows: a third of the recalls, and its two rows, are out of reach."""
    y = [0, 0, 0, 1, 1, 2, 2, 3]
    found = ceilings(random_predictions(0), np.array([5, 5, 5, 5]), PARAMS)
    assert set(found.values()) == {1.0} and "auc_ovo_ceiling" in found and "top1_ceiling" in found
    short = ceilings(predictions(y, np.full((8, 4), 0.25)), np.array([5, 5, 0, 0]), PARAMS)
    assert short["top1_ceiling"] == 5 / 8
    assert short["balanced_accuracy_ceiling"] == short["macro_f1_ceiling"] == pytest.approx(2 / 3)
    assert short["auc_ovo_ceiling"] == 1


def test_nothing_undefined_is_reported() -> None:
    for task in (predictions([1, 1, 1], np.full((3, 2), 0.5)), predictions([], np.zeros((0, 2)))):
        with np.errstate(all="raise"):
            found = baselines(task, np.array([0, 0]), PARAMS, 0)
        assert all(np.isfinite(value) for value in found.values())
        assert not [name for name in found if "auc" in name or "balanced" in name]
