"""Scores the trained network on validation rows only.

Reads: data/artgan/, data/model/.
Writes: data/evaluation/: predictions.parquet (id, task, split, y_true, p_0 ... p_{K-1}, stratum, group; split: val, and
    select for the temperature), linear_probe.parquet (the same of the logistic regression on frozen features; no rows
    where nothing is frozen, or without evaluate.probe); metrics/auc.json (the DVC metrics: AUC and half its interval);
    metrics/classification.json (the main scores of each task);
    plots/classification/: scores.csv (every score with its interval), classes_<task>.csv (AUC of each class),
    baselines_<task>.csv (with the network's paired gain over each), confused_<task>.csv (the most frequent
    confusions), confusion_<task>.csv and .png, roc.csv (fpr, style, genre, artist), roc.png, reliability.csv and .png.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract.classification.evaluation import scores as evaluation
from artextract.classification.evaluation.baselines import PROBE, has_variant, histograms, task_baselines
from artextract.classification.evaluation.figures import plot_confusion, plot_reliability, plot_roc
from artextract.classification.evaluation.prediction_table import of_task, predictions_table, with_probabilities
from artextract.classification.network.class_weights import count_classes
from artextract.classification.network.inputs import load_inputs
from artextract.classification.network.predict import predict_split, rows_of
from artextract.classification.network.saved_network import read_record
from artextract.core.files import write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.measures import auc
from artextract.params.reading import load_params

PLOTS, OUT = Path("plots/classification"), Path("data/evaluation")


def main() -> None:
    """Predict, score, and draw."""
    p = load_params("seed", "batch_size", "evaluate")
    source, model = Path("data/artgan"), Path("data/model")
    index = pd.read_parquet(source / "index.parquet")
    reader, record = ShardReader(source, index), read_record(model)
    found = {split: predict_split(reader, index, split, model, p.batch_size) for split in ("val", "select")}
    tables = [predictions_table(index, f.rows, f.probabilities, split) for split, f in found.items()]
    table = pd.concat(tables, ignore_index=True)
    write_table(OUT / "predictions.parquet", table)
    fitted, asked = rows_of(index, "train"), found["val"].rows
    train = (fitted, histograms(reader, index, fitted), load_inputs(reader, index, fitted, record.train))
    val = (asked, histograms(reader, index, asked), found["val"].inputs)
    counts = count_classes(index, record.classes, "train")
    metrics: dict[str, float] = {}
    grid, curves, reliability, probes = np.linspace(0, 1, 101), {}, [], []
    for task, names in record.classes.items():
        predictions = of_task(table, task, names)
        scores, per_class = evaluation.score(predictions, p.evaluate, p.seed)
        scores |= evaluation.baselines(predictions, counts[task], p.evaluate, p.seed)
        scores |= evaluation.without_variants(predictions, has_variant(index, table, task), p.evaluate, p.seed)
        calibrated, bins = evaluation.calibrate(predictions, of_task(table, task, names, "select"))
        reliability.append(bins.assign(task=task))
        metrics |= {f"{task}.{name}": value for name, value in (scores | calibrated).items()}
        baselines = task_baselines(index, task, len(names), train, val, p.seed, probe=p.evaluate.probe)
        probes.append(with_probabilities(table, task, baselines.get(PROBE)))
        write_table(
            PLOTS / f"baselines_{task}.csv", evaluation.baseline_table(predictions, baselines, p.evaluate, p.seed)
        )
        write_table(PLOTS / f"classes_{task}.csv", per_class)
        write_table(PLOTS / f"confused_{task}.csv", evaluation.confused_pairs(predictions))
        write_table(PLOTS / f"confusion_{task}.csv", evaluation.confusion_rows(predictions))
        plot_confusion(evaluation.confusion_matrix(predictions), names, task, PLOTS / f"confusion_{task}.png")
        chosen = auc.scored_classes(predictions.y, len(names), p.evaluate.min_val_rows)
        curves[task] = evaluation.roc_curves(predictions, chosen, grid)
    write_table(OUT / "linear_probe.parquet", pd.concat(probes, ignore_index=True))
    mean_curves = pd.DataFrame({task: curves[task].macro for task in TASKS}).rename_axis("fpr")
    write_table(PLOTS / "roc.csv", mean_curves.reset_index())
    plot_roc(curves, metrics, PLOTS / "roc.png")
    write_table(PLOTS / "reliability.csv", pd.concat(reliability, ignore_index=True))
    plot_reliability(pd.concat(reliability, ignore_index=True), metrics, PLOTS / "reliability.png")
    write_table(PLOTS / "scores.csv", evaluation.scores_table(metrics))
    write_metrics(Path("metrics/classification.json"), evaluation.headline(metrics))
    write_metrics(Path("metrics/auc.json"), evaluation.auc_with_interval(metrics))


if __name__ == "__main__":
    run_stage(main)
