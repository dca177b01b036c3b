"""Scores of task 1, by hand and against the functions of measures; confusions and curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.evaluation.confusion import confused_pairs, confusion_cells, confusion_matrix
from artextract.classification.evaluation.roc import roc_curves
from artextract.classification.evaluation.scores import CLASS_COLUMNS, baseline_table, score, without_variants
from artextract.measures import auc
from artextract.measures.intervals import estimate
from artextract.measures.units import without_blocks
from tests.prediction_toys import PARAMS, predictions, random_predictions

# --- scores


def test_scores_of_perfect_predictions() -> None:
    y = [0, 0, 1, 1, 2, 2]
    scores, table = score(predictions(y, np.eye(3)[y]), PARAMS, 0)
    for name in ("auc_ovo", "auc_ovr", "balanced_accuracy", "top1"):
        assert scores[name] == 1 and f"{name}_low" not in scores  # how far it may vary, these rows do not say
    assert (scores["val_rows"], scores["classes"], scores["classes_scored"]) == (6, 3, 3)
    assert scores["val_rows_of_scored_classes"] == 6
    assert table["class"].tolist() == ["class0", "class1", "class2"]
    assert table["auc_ovr"].tolist() == [1, 1, 1]
    assert "auc_ovo_stratified" not in scores and "pairs_comparable_in_strata" not in scores


def test_absent_and_small_classes_are_counted_and_left_out_of_the_auc() -> None:
    y = [0, 0, 0, 1, 1, 1, 3]  # class 2 is absent, class 3 has one row
    p = np.random.default_rng(0).dirichlet(np.ones(4), 7)
    found, table = score(predictions(y, p), PARAMS, 0)
    assert (found["classes"], found["classes_scored"]) == (4, 2)
    assert (found["val_rows"], found["val_rows_of_scored_classes"]) == (7, 6)
    without, _ = score(predictions(y[:6], p[:6]), PARAMS, 0)
    for name in ("auc_ovo", "auc_ovr", "balanced_accuracy"):
        assert found[name] == without[name]
    assert found["top1"] == np.mean(p.argmax(1) == y)  # top-1 is over all rows
    assert table["val_rows"].tolist() == [3, 3, 0, 1]
    assert table["scored"].tolist() == [True, True, False, False]
    assert table["auc_ovr"].isna().tolist() == [False, False, True, True]


def test_undefined_scores_are_left_out() -> None:
    """One class in the validation list: nothing is told apart, and 1.0 beside a top-1 of 0 would be no result."""
    over_classes = ("auc", "pr_auc", "balanced", "macro")
    for task in (predictions([1, 1, 1], np.full((3, 2), 0.5)), predictions([], np.zeros((0, 2)))):
        found, table = score(task, PARAMS, 0)
        assert not [name for name in found if name.startswith(over_classes) and not name.endswith(("_rows", "_units"))]
        assert found["classes_scored"] == 0
        assert all(np.isfinite(value) for value in found.values())
        assert table["auc_ovr"].isna().all()


def test_a_source_that_gives_the_class_away() -> None:
    y = [0] * 12 + [1] * 12
    strata = ["a"] * 9 + ["b"] * 3 + ["a"] * 3 + ["b"] * 9
    likely = np.where(np.array(strata) == "a", 0.8, 0.2)
    found, _ = score(predictions(y, np.stack([likely, 1 - likely], axis=1), strata), PARAMS, 0)
    assert found["auc_ovo"] == pytest.approx(0.75)
    assert (found["auc_ovo_stratified"], found["pairs_comparable_in_strata"], found["pairs"]) == (0.5, 1, 1)
    assert found["auc_ovo_same_pairs"] == found["auc_ovo"]
    assert (found["auc_ovo_stratified_low"], found["auc_ovo_stratified_high"]) == (0.5, 0.5)


def test_strata_that_cannot_be_compared() -> None:
    y = [0, 0, 0, 1, 1, 1]
    found, _ = score(predictions(y, np.eye(2)[y], ["a"] * 3 + ["b"] * 3), PARAMS, 0)
    assert found["pairs_comparable_in_strata"] == 0
    assert "auc_ovo_stratified" not in found and "auc_ovo_same_pairs" not in found


def test_the_stratified_auc_has_the_plain_one_of_its_own_pairs_beside_it() -> None:
    """Class 2 is alone in its stratum: of three pairs, one is comparable, and the easy pairs are left out of both."""
    y, strata = np.repeat([0, 1, 2], 4), np.repeat(["a", "a", "b"], 4)
    p = np.eye(3)[y] + 0.01
    p[:8] = np.random.default_rng(3).dirichlet(np.ones(3), 8)
    found, _ = score(predictions(y, p, strata), PARAMS, 0)
    assert (found["pairs"], found["pairs_comparable_in_strata"]) == (3, 1)
    assert found["auc_ovo_same_pairs"] == found["auc_ovo_stratified"] < found["auc_ovo"]


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_scores_lie_within_their_intervals_and_repeat(seed: int) -> None:
    task = random_predictions(seed, strata=True)
    found, table = score(task, PARAMS, seed)
    for name in ("auc_ovo", "auc_ovr", "balanced_accuracy", "top1", "auc_ovo_stratified"):
        assert 0 <= found[f"{name}_low"] < found[f"{name}_high"] <= 1
        assert found[f"{name}_low"] - 0.05 <= found[name] <= found[f"{name}_high"] + 0.05
    assert found["auc_ovr"] == pytest.approx(table["auc_ovr"].mean())
    again, same = score(task, PARAMS, seed)
    assert again == found
    pd.testing.assert_frame_equal(same, table)


def test_duplicated_rows_in_one_unit_do_not_narrow_an_interval() -> None:
    """Neither those of the scores, nor that of a class, nor that of the gain over a baseline."""
    task = random_predictions(3)
    twice = predictions([*task.y, *task.y], np.r_[task.p, task.p], unit=[*task.unit.tolist(), *task.unit.tolist()])
    (once, classes), (doubled, again) = score(task, PARAMS, 0), score(twice, PARAMS, 0)
    for name in ("top1", "balanced_accuracy", "auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_units"):
        assert doubled[name] == pytest.approx(once[name])
    assert doubled["auc_ovo_rows"] == 2 * once["auc_ovo_rows"] == 80
    ends = ["val_units", "auc_ovr_low", "auc_ovr_high"]
    pd.testing.assert_frame_equal(again[ends], classes[ends])
    noise = np.random.default_rng(1).random(task.p.shape)
    of_one, of_two = (
        baseline_table(t, {"noise": p}, PARAMS, 0) for t, p in ((task, noise), (twice, np.r_[noise, noise]))
    )
    pd.testing.assert_frame_equal(of_two, of_one)


def test_works_of_one_painter_widen_the_interval() -> None:
    task = random_predictions(3, n=120)
    hits = np.argsort(task.p.argmax(1) == task.y, kind="stable")  # painters that are all wrong, or all right
    unit = np.empty(120, dtype=int)
    unit[hits] = np.arange(120) // 10
    apart, by_painter = (score(dataclasses.replace(task, unit=u), PARAMS, 0)[0] for u in (np.arange(120), unit))
    assert by_painter["top1"] == apart["top1"] and by_painter["top1_units"] == 12
    width = by_painter["top1_high"] - by_painter["top1_low"]
    assert width > 2 * (apart["top1_high"] - apart["top1_low"])


def test_scores_say_on_how_many_rows_they_rest() -> None:
    """Classes with one row are in top-1 and not in the AUC."""
    task = predictions([0, 0, 1, 1, 2, 3], np.random.default_rng(0).dirichlet(np.ones(4), 6), unit=[0, 0, 1, 2, 3, 4])
    found, _ = score(task, PARAMS, 0)
    assert (found["auc_ovo_rows"], found["auc_ovo_units"]) == (4, 3)
    assert (found["top1_rows"], found["top1_units"]) == (6, 5)


def test_every_score_of_a_task_is_named() -> None:
    named = ("auc_ovo", "auc_ovr", "balanced_accuracy", "pr_auc", "macro_f1", "top1")
    for strata, more in ((False, ()), (True, ("auc_ovo_same_pairs", "auc_ovo_stratified"))):
        found, _ = score(random_predictions(2, classes=6, strata=strata), PARAMS, 0)
        expected = {f"{name}{end}" for name in (*named, *more) for end in ("", "_low", "_high", "_rows", "_units")}
        expected |= {"val_rows", "classes", "classes_scored", "val_rows_of_scored_classes", "top3", "top5"}
        assert set(found) == expected | ({"pairs", "pairs_comparable_in_strata"} if strata else set())
    found, _ = score(random_predictions(2, classes=5), PARAMS, 0)
    assert "top3" in found and "top5" not in found  # five of five are always right
    assert "top3" not in score(random_predictions(2, classes=3), PARAMS, 0)[0]


def test_the_blocks_of_the_scores_and_of_the_gains_are_those_of_the_seed() -> None:
    task, few = random_predictions(5, n=60), PARAMS.model_copy(update={"blocks": 5})
    one, again, other = (score(task, few, seed) for seed in (1, 1, 2))
    assert one[0] == again[0] and all(one[0][name] != other[0][name] for name in ("auc_ovo_low", "top1_low"))
    assert (one[1]["auc_ovr_low"] != other[1]["auc_ovr_low"]).all()
    noise = {"noise": np.random.default_rng(1).random(task.p.shape)}
    gains = [baseline_table(task, noise, few, seed)["gain_low"].iloc[1] for seed in (1, 1, 2)]
    assert gains[0] == gains[1] != gains[2]


def test_a_class_of_one_painter_has_no_interval() -> None:
    task = random_predictions(5, n=60)
    unit = np.where(task.y == 2, 1000, np.arange(60))
    _, table = score(dataclasses.replace(task, unit=unit), PARAMS, 0)
    assert table.columns.tolist() == CLASS_COLUMNS
    assert table["val_units"].tolist()[2] == 1 and table["auc_ovr"].notna().all()
    assert table["auc_ovr_low"].isna().tolist() == [False, False, True, False]


def test_intervals_are_those_of_the_scores_without_each_block() -> None:
    task = random_predictions(8, n=50)
    found, _ = score(task, PARAMS, 3)
    weights = without_blocks(task.unit, PARAMS.blocks, 3)
    plain = estimate(auc.macro_ovo(task.y, task.p, [0, 1, 2, 3], weights))
    assert (found["auc_ovo_low"], found["auc_ovo_high"]) == (plain.low, plain.high)
    precision = auc.macro_average_precision(task.y, task.p, [0, 1, 2, 3], weights)
    corrected = estimate(precision, bias_corrected=True)
    assert (found["pr_auc"], found["pr_auc_low"]) == (precision[0], corrected.low) != (corrected.low, precision[0])


# --- confusions and curves


def test_confusion_by_eye() -> None:
    p = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0], [0.1, 0.9, 0]])
    task = predictions([0, 0, 1, 1], p)
    assert confusion_matrix(task).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert confusion_cells(task).values.tolist() == [
        ["class0", "class0", 1, 0.5], ["class0", "class1", 1, 0.5], ["class0", "class2", 0, 0.0],
        ["class1", "class0", 1, 0.5], ["class1", "class1", 1, 0.5], ["class1", "class2", 0, 0.0],
        ["class2", "class0", 0, 0.0], ["class2", "class1", 0, 0.0], ["class2", "class2", 0, 0.0],
    ]  # fmt: skip


@given(st.integers(0, 2**32 - 1))
def test_confusion_cells_and_matrix_agree(seed: int) -> None:
    task = random_predictions(seed, n=15)
    cells, matrix = confusion_cells(task), confusion_matrix(task)
    k = len(task.classes)
    assert cells["actual"].tolist() == [name for name in task.classes for _ in range(k)]
    assert cells["predicted"].tolist() == list(task.classes) * k
    np.testing.assert_array_equal(cells["count"].to_numpy().reshape(k, k), matrix)
    by_class = cells.groupby("actual")["share"].sum()
    assert all(total == pytest.approx(1) or total == 0 for total in by_class)
    assert matrix.sum() == 15
    assert np.trace(matrix) / 15 == pytest.approx(auc.top1(task.y, task.p, auc.ones(15))[0])


def test_confused_pairs_by_eye() -> None:
    p = np.eye(3)[[0, 1, 1, 2, 0, 0]]
    table = confused_pairs(predictions([0, 0, 0, 0, 1, 2], p))
    assert table.values.tolist() == [
        ["class0", "class1", 2, 0.5], ["class0", "class2", 1, 0.25], ["class1", "class0", 1, 1.0],
        ["class2", "class0", 1, 1.0],
    ]  # fmt: skip
    assert len(confused_pairs(predictions([0, 0, 0, 0, 1, 2], p), most=1)) == 1
    assert len(confused_pairs(predictions([0], np.eye(3)[[0]]))) == 0


def test_baselines_go_through_the_same_functions() -> None:
    task = random_predictions(4)
    constant = np.tile([0.4, 0.3, 0.2, 0.1], (40, 1))
    table = baseline_table(task, {"majority": constant}, PARAMS, 0)
    assert table["baseline"].tolist() == ["this network", "majority"]
    scores, _ = score(task, PARAMS, 0)
    assert table[["auc_ovo", "auc_ovo_low", "top1"]].iloc[0].tolist() == [
        scores["auc_ovo"], scores["auc_ovo_low"], scores["top1"],
    ]  # fmt: skip
    assert table[["auc_ovo", "top1"]].iloc[1].tolist() == [0.5, np.mean(task.y == 0)]


def test_a_task_without_validation_rows_breaks_nothing() -> None:
    empty = predictions([], np.zeros((0, 3)))
    assert len(confused_pairs(empty)) == 0
    assert confusion_matrix(empty).tolist() == [[0, 0, 0]] * 3
    assert confusion_cells(empty)[["count", "share"]].to_numpy().tolist() == [[0, 0]] * 9
    curves = roc_curves(empty, [], np.linspace(0, 1, 5))
    assert curves.macro.isna().all() and len(curves.macro) == 5


def test_roc_curves_of_scored_classes() -> None:
    y = [0, 0, 1, 1, 2]
    task = predictions(y, np.eye(3)[y])
    grid = np.linspace(0, 1, 5)
    curves = roc_curves(task, [0, 1], grid)
    assert curves.classes.columns.tolist() == ["class0", "class1"]
    assert curves.classes.index.tolist() == grid.tolist()
    assert curves.macro.tolist() == [1] * 5
    assert roc_curves(task, [2], grid).macro.isna().all()  # one class alone has no rest


def test_the_mean_curve_is_that_of_the_classes_whatever_they_are_called() -> None:
    plain = random_predictions(5, classes=3)
    named = dataclasses.replace(plain, classes=["macro", "fpr", "0"])
    grid = np.linspace(0, 1, 11)
    expected, found = (roc_curves(task, [0, 1, 2], grid) for task in (plain, named))
    assert found.classes.columns.tolist() == ["macro", "fpr", "0"]
    np.testing.assert_array_equal(found.classes, expected.classes)
    np.testing.assert_array_equal(found.macro, expected.macro)
    np.testing.assert_allclose(found.macro, found.classes.to_numpy().mean(axis=1))
    assert (found.macro != found.classes["macro"]).any()


# --- further scores, and baselines beside the network


def test_newer_scores_are_those_of_auc() -> None:
    task = random_predictions(6, classes=6)
    found, _ = score(task, PARAMS, 0)
    every, plain = list(range(6)), auc.ones(len(task.y))
    assert found["pr_auc"] == auc.macro_average_precision(task.y, task.p, every, plain)[0]
    assert found["macro_f1"] == auc.macro_f1(task.y, task.p, every, plain)[0]
    assert [found["top3"], found["top5"]] == [auc.top_k(task.y, task.p, k, plain)[0] for k in (3, 5)]
    assert found["top1"] < found["top3"] < found["top5"] <= 1
    for name in ("pr_auc", "macro_f1"):
        assert 0 <= found[f"{name}_low"] < found[name] < found[f"{name}_high"] <= 1


def test_table_of_baselines_by_eye() -> None:
    y = [0] * 12 + [1] * 12
    strata = ["a"] * 9 + ["b"] * 3 + ["a"] * 3 + ["b"] * 9
    likely = np.where(np.array(strata) == "a", 0.8, 0.2)
    found = {"source": np.stack([likely, 1 - likely], axis=1), "majority": np.tile([0.6, 0.4], (24, 1))}
    table = baseline_table(predictions(y, np.eye(2)[y], strata), found, PARAMS, 0)
    assert table.columns.tolist() == [
        "baseline", "auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_same_pairs", "auc_ovo_stratified",
        "balanced_accuracy", "top1", "gain", "gain_low", "gain_high",
    ]  # fmt: skip
    assert table["gain"].tolist()[1:] == [0.5, 0.5]  # within strata, where the source is worth .5
    short = table.drop(columns=["auc_ovo_low", "auc_ovo_high", "gain", "gain_low", "gain_high"]).round(9)
    assert short.values.tolist() == [
        ["this network", 1, 1, 1, 1, 1], ["source", 0.75, 0.75, 0.5, 0.75, 0.75], ["majority", *[0.5] * 5],
    ]  # fmt: skip
    low, high = table[["auc_ovo_low", "auc_ovo_high"]].to_numpy()[1]
    assert low < 0.75 < high


def test_table_of_baselines_where_nothing_is_defined() -> None:
    empty = predictions([], np.zeros((0, 3)))
    table = baseline_table(empty, {"majority": np.zeros((0, 3))}, PARAMS, 0)
    assert table["baseline"].tolist() == ["this network", "majority"]
    assert table.drop(columns="baseline").isna().all(axis=None)
    plain = baseline_table(random_predictions(0), {}, PARAMS, 0)
    assert plain["auc_ovo"].notna().all() and plain["auc_ovo_stratified"].isna().all()  # no strata


@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_confused_pairs_are_the_greatest_cells_off_the_diagonal(seed: int, most: int) -> None:
    task = random_predictions(seed, n=30)
    table, matrix = confused_pairs(task, most), confusion_matrix(task)
    wrong = sorted((int(n) for (i, j), n in np.ndenumerate(matrix) if i != j and n), reverse=True)
    assert table["images"].tolist() == wrong[:most]
    for row in table.itertuples():
        i, j = task.classes.index(row.true), task.classes.index(row.predicted)
        assert i != j and matrix[i, j] == row.images
        assert row.share == pytest.approx(row.images / (task.y == i).sum())
    assert not table.duplicated(["true", "predicted"]).any()


# --- against baselines, and without title variants


@pytest.mark.parametrize("strata", [False, True])
def test_the_gain_over_a_baseline_is_paired(strata: bool) -> None:
    """Against itself the gain is exactly 0 in every draw; against a worse one it is the difference of the two AUCs."""
    task = random_predictions(3, n=120, strata=strata)
    noise = np.random.default_rng(1).random(task.p.shape)
    table = baseline_table(task, {"itself": task.p, "noise": noise}, PARAMS, 0)
    network, itself, worse = table[["gain", "gain_low", "gain_high"]].to_numpy(dtype=float)
    assert itself.tolist() == [0, 0, 0] and np.isnan(network).all()
    scores = table["auc_ovo_stratified" if strata else "auc_ovo"].to_numpy(dtype=float)
    gain, low, high = worse
    assert gain == pytest.approx(scores[0] - scores[2])
    assert 0 < low < gain < high


def test_scores_without_variants_are_those_of_the_other_rows() -> None:
    task = random_predictions(4, n=80)
    variant = np.arange(80) % 4 == 0
    kept = predictions(task.y[~variant].tolist(), task.p[~variant], None, task.unit[~variant].tolist())
    found = without_variants(task, variant, PARAMS, 0)
    expected, _ = score(kept, PARAMS, 0)
    assert found["title_variants"] == 20 and found["auc_ovo_no_variants"] == expected["auc_ovo"]
    names = ("auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_rows", "auc_ovo_units")
    assert found == {"title_variants": 20} | {
        name.replace("auc_ovo", "auc_ovo_no_variants"): expected[name] for name in names
    }
    within = dataclasses.replace(task, strata=np.array(["a", "b"] * 40))
    assert len(without_variants(within, variant, PARAMS, 0)) == 1 + 2 * len(names)
    few = PARAMS.model_copy(update={"blocks": 5})
    assert without_variants(task, variant, few, 1) != without_variants(task, variant, few, 2)
    assert without_variants(task, np.zeros(80, dtype=bool), PARAMS, 0) == {"title_variants": 0}
    assert without_variants(task, np.ones(80, dtype=bool), PARAMS, 0) == {"title_variants": 80}
