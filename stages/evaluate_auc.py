"""Scores the trained network on validation rows only.

Reads: data/artgan/, data/model/.
Writes: data/evaluation/predictions.parquet (id, task, split, y_true, p_0 ... p_{K-1}, stratum, group),
    metrics/classification.json (the headline), plots/classification/: scores.csv (every score with its interval),
    classes_<task>.csv (AUC of each class), confusion_<task>.csv and .png, roc.csv (fpr, style, genre, artist), roc.png.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract import auc, evaluation
from artextract.artgan import TASKS
from artextract.class_weights import count_classes
from artextract.classification_figures import plot_confusion, plot_roc
from artextract.files import write_metrics, write_table
from artextract.params import load_params
from artextract.predicting import predict_validation
from artextract.runtime import run_stage
from artextract.shards import ShardReader

PLOTS, OUT = Path("plots/classification"), Path("data/evaluation")


def main() -> None:
    """Predict, score, and draw."""
    p = load_params("seed", "batch_size", "evaluate")
    source = Path("data/artgan")
    index = pd.read_parquet(source / "index.parquet")
    reader = ShardReader(source, index)
    rows, probabilities, classes = predict_validation(reader, index, Path("data/model"), p.batch_size)
    table = evaluation.predictions_table(index, rows, probabilities)
    write_table(OUT / "predictions.parquet", table)
    counts = count_classes(index, classes, "train")
    metrics: dict[str, float] = {}
    grid, curves = np.linspace(0, 1, 101), {}
    for task in TASKS:
        predictions = evaluation.of_task(table, task, classes[task])
        scores, per_class = evaluation.score(predictions, p.evaluate, p.seed)
        scores |= evaluation.baselines(predictions, counts[task], p.evaluate, p.seed)
        metrics |= {f"{task}.{name}": value for name, value in scores.items()}
        write_table(PLOTS / f"classes_{task}.csv", per_class)
        write_table(PLOTS / f"confusion_{task}.csv", evaluation.confusion_rows(predictions))
        plot_confusion(evaluation.confusion_matrix(predictions), classes[task], task, PLOTS / f"confusion_{task}.png")
        chosen = auc.scored_classes(predictions.y, len(classes[task]), p.evaluate.min_val_rows)
        curves[task] = evaluation.roc_curves(predictions, chosen, grid)
    write_table(PLOTS / "roc.csv", pd.DataFrame({"fpr": grid} | {task: curves[task]["macro"] for task in TASKS}))
    plot_roc(curves, metrics, PLOTS / "roc.png")
    write_table(PLOTS / "scores.csv", evaluation.scores_table(metrics))
    write_metrics(Path("metrics/classification.json"), evaluation.headline(metrics))


if __name__ == "__main__":
    run_stage(main)
