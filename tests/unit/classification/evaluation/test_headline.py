"""The scores that are shown first, and what appears beside each of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from artextract.classification.evaluation.chance import baselines
from artextract.classification.evaluation.confidence import abstain, calibrate, fit_confidence
from artextract.classification.evaluation.headline import (
    COLUMNS,
    COUNTS,
    MAIN,
    auc_with_interval,
    headline,
    scores_table,
    with_interval,
)
from artextract.classification.evaluation.scores import Scores, score
from artextract.core.files import write_metrics
from artextract.core.tasks import TASKS
from tests.prediction_toys import EMPTY, PARAMS, predictions, random_predictions


def measured() -> Scores:
    """Flat scores of all tasks, with a temperature and a threshold."""
    metrics: Scores = {}
    task, kept_back = random_predictions(1, strata=True), random_predictions(2, n=300)
    params = PARAMS.model_copy(update={"abstain_error": 0.5})
    fitted = fit_confidence(kept_back, params, 0)
    scores = score(task, params, 0)[0] | baselines(task, task.y[:4] + 1, params, 0)
    scores |= calibrate(task, fitted.calibration, 0)[0] | abstain(task, fitted.threshold, params, 0)[0]
    scores["two_labels_rows"] = 0
    for name in TASKS:
        metrics |= {f"{name}.{key}": value for key, value in scores.items()}
    return metrics


def test_headline_holds_what_it_names_and_what_belongs_beside_it(tmp_path: Path) -> None:
    metrics = measured()
    short = headline(metrics)
    assert short.items() <= metrics.items() and len(short) < len(metrics)
    named = {key.split(".")[1] for key in short}
    assert {*COUNTS} <= named and {*MAIN} - named <= {"ece_calibrated"}
    for name in ("auc_ovo", "auc_ovo_stratified", "balanced_accuracy", "top1", "pr_auc", "macro_f1"):
        beside = {f"{name}_low", f"{name}_high", f"{name}_rows", f"{name}_units", f"{name}_ceiling"}
        assert beside | {f"chance_{name}{end}" for end in ("", "_low", "_high", "_p")} <= named
    assert {"ece_if_calibrated", "ece_if_calibrated_low", "ece_rows", "abstain_error_rows"} <= named
    write_metrics(tmp_path / "m.json", short)
    assert json.loads((tmp_path / "m.json").read_text()) == {key: round(value, 4) for key, value in short.items()}


def test_dvc_metrics_are_the_auc_and_half_its_interval_of_each_task_that_has_one() -> None:
    metrics = {
        "style.auc_ovo": 0.75, "style.auc_ovo_low": 0.7, "style.auc_ovo_high": 0.82, "style.top1": 0.5,
        "style.auc_ovo_stratified": 0.6, "artist.val_rows": 3, "genre.auc_ovo": 1.0,
    }  # fmt: skip
    assert auc_with_interval(metrics) == {"style.auc": 0.75, "style.ci": pytest.approx(0.06), "genre.auc": 1.0}
    unmeasured, _ = score(predictions([], EMPTY), PARAMS, 0)
    assert auc_with_interval({f"artist.{name}": value for name, value in unmeasured.items()}) == {}


def test_scores_table_puts_everything_beside_its_score() -> None:
    metrics = {
        "style.top1": 0.5, "style.top1_low": 0.4, "style.top1_high": 0.6, "style.top1_rows": 57, "style.top1_units": 52,
        "style.chance_top1": 0.2, "style.chance_top1_low": 0.1, "style.chance_top1_high": 0.3, "genre.val_rows": 7.0,
        "style.chance_top1_p": 0.002, "style.top1_ceiling": 1.0, "artist.auc_ovo": 0.7, "artist.auc_ovo_units": 8,
    }  # fmt: skip
    table = scores_table(metrics)
    assert table.columns.tolist() == COLUMNS
    assert table[["task", "score"]].values.tolist() == [["style", "top1"], ["genre", "val_rows"], ["artist", "auc_ovo"]]
    assert table.iloc[0].tolist() == ["style", "top1", 0.5, 0.4, 0.6, 57, 52, 0.2, 0.1, 0.3, 0.002, 1.0, "painter"]
    assert table.iloc[1, 3:].isna().all()
    assert table["unit"].tolist()[2] == "group"  # a painter is a class of the artist task


def test_every_score_is_in_the_table_once() -> None:
    metrics = measured()
    table = scores_table(metrics)
    assert not table.duplicated(["task", "score"]).any()
    values = table.drop(columns=["task", "score", "unit"]).notna().sum().sum()
    assert values == len(metrics)
    assert "temperature_rows" not in table["score"].tolist() or "temperature" not in table["score"].tolist()


def test_a_refused_temperature_leaves_nothing_that_is_called_calibrated() -> None:
    task, few = random_predictions(0), random_predictions(1, n=20)
    fitted = fit_confidence(few, PARAMS, 0)
    scores = calibrate(task, fitted.calibration, 0)[0] | abstain(task, fitted.threshold, PARAMS, 0)[0]
    assert set(scores) == {
        "temperature_rows", "ece", "ece_rows", "nll", "ece_if_calibrated", "ece_if_calibrated_low",
        "ece_if_calibrated_high", "abstain_threshold_rows",
    }  # fmt: skip
    assert set(headline({f"style.{name}": value for name, value in scores.items()})) == {
        "style.ece", "style.ece_rows", "style.ece_if_calibrated", "style.ece_if_calibrated_low",
        "style.ece_if_calibrated_high",
    }  # fmt: skip


def test_columns_and_text_of_a_score() -> None:
    assert COLUMNS == [
        "task", "score", "value", "low", "high", "rows", "units", "chance", "chance_low", "chance_high", "p", "ceiling",
        "unit",
    ]  # fmt: skip
    metrics = {"style.top1": 0.512, "style.top1_low": 0.4, "style.top1_high": 0.6, "artist.top1": 0.25}
    assert with_interval(metrics, "style.top1") == "0.51 (0.40 to 0.60)"
    assert with_interval(metrics, "artist.top1", 3) == "0.250 (no interval)"
