from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.classification.evaluation.confusion import confused_pairs, confusion_cells, confusion_matrix
from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.roc import roc_curves
from artextract.classification.evaluation.scores import (
    HEADLINE,
    auc_with_interval,
    baseline_table,
    baselines,
    calibrate,
    headline,
    score,
    scores_table,
    without_variants,
)
from artextract.core.files import write_metrics
from artextract.core.tasks import TASKS
from artextract.measures import auc, calibration
from artextract.params.sections import Evaluate

PARAMS = Evaluate(min_val_rows=2, bootstrap=200, probe=True)


def predictions(
    y: list[int], p: np.ndarray, strata: list[str] | None = None, group: list[int] | None = None
) -> TaskPredictions:
    names = [f"class{k}" for k in range(p.shape[1])]
    groups = np.array(group if group is not None else range(len(y)), dtype=np.int64)
    return TaskPredictions(np.array(y, dtype=np.int64), p, groups, None if strata is None else np.array(strata), names)


def random_predictions(seed: int, n: int = 40, classes: int = 4, strata: bool = False) -> TaskPredictions:
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), np.arange(classes), rng.integers(0, classes, n - 2 * classes)]
    logits = rng.normal(size=(n, classes)) + np.eye(classes)[y]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return predictions(y.tolist(), p, rng.choice(["a", "b"], n).tolist() if strata else None)


# --- scores


def test_scores_of_perfect_predictions() -> None:
    y = [0, 0, 1, 1, 2, 2]
    scores, table = score(predictions(y, np.eye(3)[y]), PARAMS, 0)
    for name in ("auc_ovo", "auc_ovr", "balanced_accuracy", "top1"):
        assert (scores[name], scores[f"{name}_low"], scores[f"{name}_high"]) == (1, 1, 1)
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
    for task in (predictions([1, 1, 1], np.full((3, 2), 0.5)), predictions([], np.zeros((0, 2)))):
        found, table = score(task, PARAMS, 0)
        assert not [name for name in found if name.startswith("auc")]
        assert all(np.isfinite(value) for value in found.values())
        assert table["auc_ovr"].isna().all()
        assert all(np.isfinite(value) for value in baselines(task, np.array([0, 0]), PARAMS, 0).values())


def test_a_source_that_gives_the_class_away() -> None:
    y = [0] * 12 + [1] * 12
    strata = ["a"] * 9 + ["b"] * 3 + ["a"] * 3 + ["b"] * 9
    likely = np.where(np.array(strata) == "a", 0.8, 0.2)
    found, _ = score(predictions(y, np.stack([likely, 1 - likely], axis=1), strata), PARAMS, 0)
    assert found["auc_ovo"] == pytest.approx(0.75)
    assert (found["auc_ovo_stratified"], found["pairs_comparable_in_strata"]) == (0.5, 1)
    assert (found["auc_ovo_stratified_low"], found["auc_ovo_stratified_high"]) == (0.5, 0.5)


def test_strata_that_cannot_be_compared() -> None:
    y = [0, 0, 0, 1, 1, 1]
    found, _ = score(predictions(y, np.eye(2)[y], ["a"] * 3 + ["b"] * 3), PARAMS, 0)
    assert found["pairs_comparable_in_strata"] == 0
    assert "auc_ovo_stratified" not in found


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


def test_duplicated_rows_in_one_group_do_not_narrow_the_interval() -> None:
    task = random_predictions(3)
    twice = predictions([*task.y, *task.y], np.r_[task.p, task.p], group=[*task.group.tolist(), *task.group.tolist()])
    once, doubled = score(task, PARAMS, 0)[0], score(twice, PARAMS, 0)[0]
    for name in ("top1", "balanced_accuracy", "auc_ovo", "auc_ovo_low", "auc_ovo_high"):
        assert doubled[name] == pytest.approx(once[name])


# --- baselines


def test_majority_baseline_by_hand() -> None:
    y = [0, 0, 1, 1, 1, 2]  # class 2 has too few rows to be scored
    found = baselines(predictions(y, np.full((6, 3), 1 / 3)), np.array([50, 20, 10]), PARAMS, 0)
    assert found["majority_top1"] == pytest.approx(2 / 6)  # everything is called class 0
    assert found["majority_balanced_accuracy"] == pytest.approx((1 + 0) / 2)
    assert found["majority_auc_ovo"] == 0.5
    unseen = baselines(predictions(y, np.full((6, 3), 1 / 3)), np.array([0, 0, 0]), PARAMS, 0)
    assert unseen["majority_top1"] == pytest.approx(2 / 6)


def test_chance_of_perfect_predictions_is_the_chance_of_a_match() -> None:
    y = [0] * 6 + [1] * 3 + [2] * 3
    found = baselines(predictions(y, np.eye(3)[y]), np.array([1, 1, 1]), PARAMS, 0)
    # one-hot scores handed out at random: P(match) = sum of squared shares
    assert found["chance_top1"] == pytest.approx(0.25 + 2 / 16, abs=0.03)
    assert found["chance_auc_ovo"] == pytest.approx(0.5, abs=0.03)
    assert found["chance_balanced_accuracy"] == pytest.approx(1 / 3, abs=0.03)


def test_chance_depends_on_the_labels_only_through_chance() -> None:
    """A network that always names the wrong class scores 0, and its chance stays where chance is."""
    y = np.arange(30) % 3
    wrong = predictions(y.tolist(), np.eye(3)[(y + 1) % 3])
    assert score(wrong, PARAMS, 0)[0]["top1"] == 0
    assert baselines(wrong, np.array([1, 1, 1]), PARAMS, 0)["chance_top1"] == pytest.approx(1 / 3, abs=0.03)


# --- what is shown


def test_headline_is_a_screen_and_holds_what_it_names(tmp_path: Path) -> None:
    metrics: dict[str, float] = {}
    for task in TASKS:
        found = random_predictions(1, strata=True)
        scores = score(found, PARAMS, 0)[0] | baselines(found, np.array([3, 2, 1, 1]), PARAMS, 0)
        scores |= calibrate(found, random_predictions(2))[0]
        metrics |= {f"{task}.{name}": value for name, value in scores.items()}
    short = headline(metrics)
    assert short.items() <= metrics.items()
    assert set(short) == {f"{task}.{name}" for task in TASKS for name in HEADLINE}
    assert len(short) <= 50 < len(metrics)
    write_metrics(tmp_path / "m.json", short)
    assert json.loads((tmp_path / "m.json").read_text()) == {key: round(value, 4) for key, value in short.items()}


def test_dvc_metrics_are_the_auc_and_half_its_interval_of_each_task_that_has_one() -> None:
    metrics = {
        "style.auc_ovo": 0.75, "style.auc_ovo_low": 0.7, "style.auc_ovo_high": 0.82, "style.top1": 0.5,
        "style.auc_ovo_stratified": 0.6, "artist.val_rows": 3, "genre.auc_ovo": 1.0, "genre.auc_ovo_low": 1.0,
        "genre.auc_ovo_high": 1.0,
    }  # fmt: skip
    expected = {"style.auc": 0.75, "style.ci": pytest.approx(0.06), "genre.auc": 1.0, "genre.ci": 0.0}
    assert auc_with_interval(metrics) == expected
    unmeasured, _ = score(predictions([0, 0, 1], np.eye(3)[[0, 0, 1]]), PARAMS, 0)
    assert auc_with_interval({f"artist.{name}": value for name, value in unmeasured.items()}) == {}


def test_scores_table_puts_intervals_beside_their_score() -> None:
    metrics = {"style.top1": 0.5, "style.top1_low": 0.4, "style.top1_high": 0.6, "genre.val_rows": 7.0}
    table = scores_table(metrics)
    assert table[["task", "score", "value"]].values.tolist() == [["style", "top1", 0.5], ["genre", "val_rows", 7]]
    assert table[["low", "high"]].values[0].tolist() == [0.4, 0.6]
    assert table[["low", "high"]].iloc[1].isna().all()


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


def test_the_temperature_comes_from_the_rows_kept_back_alone() -> None:
    """An overconfident network is cooled by what select rows say; the labels of val play no part in it."""
    sharp = random_predictions(0, n=200)
    hot = predictions(sharp.y.tolist(), sharp.p**4 / (sharp.p**4).sum(1, keepdims=True))
    kept_back = random_predictions(1, n=200)
    hot_back = predictions(kept_back.y.tolist(), kept_back.p**4 / (kept_back.p**4).sum(1, keepdims=True))
    scores, bins = calibrate(hot, hot_back)
    other = predictions(((sharp.y + 1) % 4).tolist(), hot.p)
    assert calibrate(other, hot_back)[0]["temperature"] == scores["temperature"] > 2
    assert scores["ece_calibrated"] < scores["ece"] and scores["nll_calibrated"] < scores["nll"]
    assert bins.groupby("calibrated")["rows"].sum().to_dict() == {"before": 200, "after": 200}
    empty = predictions([], np.zeros((0, 4)))
    assert calibrate(empty, hot_back)[0] == calibrate(hot, empty)[0] == {}


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


# --- the newer scores, calibration, and baselines beside the network


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


def test_calibration_is_that_of_the_fitted_temperature() -> None:
    task, kept_back = random_predictions(0), random_predictions(1)
    scores, points = calibrate(task, kept_back)
    temperature = calibration.fit_temperature(kept_back.y, kept_back.p)
    after = calibration.apply_temperature(task.p, temperature)
    assert scores == {
        "temperature": temperature,
        "temperature_rows": len(kept_back.y),
        "ece": calibration.expected_calibration_error(task.y, task.p),
        "nll": calibration.negative_log_likelihood(task.y, task.p),
        "ece_calibrated": calibration.expected_calibration_error(task.y, after),
        "nll_calibrated": calibration.negative_log_likelihood(task.y, after),
    }
    assert points.columns.tolist() == [*calibration.POINT, "calibrated"]
    for name, p in (("before", task.p), ("after", after)):
        part = points[points["calibrated"] == name].drop(columns="calibrated").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, calibration.reliability_points(task.y, p))


def test_a_temperature_of_few_rows_draws_no_points() -> None:
    task, few = random_predictions(0), random_predictions(1, n=calibration.ENOUGH - 1)
    scores, points = calibrate(task, few)
    assert scores["temperature_rows"] == calibration.ENOUGH - 1
    assert set(points["calibrated"]) == {"before"}


def test_rows_kept_back_that_are_the_task_itself_cannot_be_made_worse() -> None:
    for seed in range(5):
        task = random_predictions(seed)
        scores, _ = calibrate(task, task)
        assert scores["nll_calibrated"] <= scores["nll"] + 1e-9


def test_nothing_is_calibrated_without_rows() -> None:
    task, empty = random_predictions(0), predictions([], np.zeros((0, 4)))
    for pair in ((task, empty), (empty, task), (empty, empty)):
        scores, bins = calibrate(*pair)
        assert scores == {} and len(bins) == 0


def test_table_of_baselines_by_eye() -> None:
    y = [0] * 12 + [1] * 12
    strata = ["a"] * 9 + ["b"] * 3 + ["a"] * 3 + ["b"] * 9
    likely = np.where(np.array(strata) == "a", 0.8, 0.2)
    found = {"source": np.stack([likely, 1 - likely], axis=1), "majority": np.tile([0.6, 0.4], (24, 1))}
    table = baseline_table(predictions(y, np.eye(2)[y], strata), found, PARAMS, 0)
    assert table.columns.tolist() == [
        "baseline", "auc_ovo", "auc_ovo_low", "auc_ovo_high", "auc_ovo_stratified", "balanced_accuracy", "top1",
        "gain", "gain_low", "gain_high",
    ]  # fmt: skip
    assert table["gain"].tolist()[1:] == [0.5, 0.5]  # within strata, where the source is worth .5
    short = table.drop(columns=["auc_ovo_low", "auc_ovo_high", "gain", "gain_low", "gain_high"]).round(9)
    assert short.values.tolist() == [
        ["this network", 1, 1, 1, 1], ["source", 0.75, 0.5, 0.75, 0.75], ["majority", 0.5, 0.5, 0.5, 0.5],
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


def test_what_is_shown_of_calibration() -> None:
    metrics = {"style.ece": 0.1, "style.ece_calibrated": 0.05, "style.nll": 2.0, "style.temperature": 1.5}
    assert set(headline(metrics)) == {"style.ece", "style.ece_calibrated"}
    shown = scores_table(metrics)
    assert shown["score"].tolist() == ["ece", "ece_calibrated", "nll", "temperature"]
    assert shown[["low", "high"]].isna().all(axis=None)


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
    kept = predictions(task.y[~variant].tolist(), task.p[~variant], None, task.group[~variant].tolist())
    found = without_variants(task, variant, PARAMS, 0)
    expected, _ = score(kept, PARAMS, 0)
    assert found["title_variants"] == 20 and found["auc_ovo_no_variants"] == expected["auc_ovo"]
    assert found["auc_ovo_no_variants_low"] == expected["auc_ovo_low"]
    assert without_variants(task, np.zeros(80, dtype=bool), PARAMS, 0) == {"title_variants": 0}
    assert without_variants(task, np.ones(80, dtype=bool), PARAMS, 0) == {"title_variants": 80}
