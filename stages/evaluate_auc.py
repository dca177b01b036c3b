"""Scores the trained network on validation rows only.

Reads: data/artgan/, data/class_weights.json, data/model/, metrics/train.json (the epoch that was kept),
    plots/training/.
Writes: data/evaluation/: predictions.parquet (id, task, split, y_true, p_0 ... p_{K-1}, stratum, group, painter; split:
    val, and select for the temperature and the threshold), linear_probe.parquet (the same of the linear head on the
    same features; no rows where the network is one itself, where nothing is frozen, or without evaluate.probe),
    calibration.json (for each task the number of select rows, the temperature or why it was refused, and the least
    confidence of an answer or why there is none); metrics/auc.json (the DVC metrics: AUC and half its interval);
    metrics/classification.json (the main scores of each task, with their evidence, chance and ceiling);
    plots/classification/: scores.csv (every score with the same beside it), classes_<task>.csv (AUC of each class),
    baselines_<task>.csv (with the network's paired gain over each), confused_<task>.csv (the most frequent confusions),
    confusion_<task>.csv (actual, predicted, count, share: one row per cell) and .png, roc.csv (task, fpr, tpr) and
    .png, reliability.csv (points of equally many images) and .png, risk_coverage.csv (error among the answered images
    for each threshold) and .png, label_noise.csv (images that the lists name under two styles), losses.png (of the
    training); beside each .png the same figure as .svg.
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import read_json, write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params

PLOTS, OUT = Path("plots/classification"), Path("data/evaluation")


def main() -> None:
    """Predict, score, and draw."""
    p = load_params("seed", "batch_size", "evaluate")
    import pandas as pd

    from artextract.classification.evaluation.baselines import look_at
    from artextract.classification.evaluation.headline import auc_with_interval, headline
    from artextract.classification.evaluation.prediction_table import predictions_of_splits
    from artextract.classification.evaluation.report import draw_training, flat_scores, write_report
    from artextract.classification.evaluation.task import evaluate_task
    from artextract.classification.network.predict import predict_split
    from artextract.classification.network.saved_network import read_record
    from artextract.data.images.shards import ShardReader

    source, model = Path("data/artgan"), Path("data/model")
    index = pd.read_parquet(source / "index.parquet")
    reader, record = ShardReader(source, index), read_record(model)
    predicted = {split: predict_split(reader, index, split, model, p.batch_size) for split in ("val", "select")}
    table = predictions_of_splits(index, predicted)
    write_table(OUT / "predictions.parquet", table)
    seen = look_at(reader, index, record.train, predicted, probe=p.evaluate.probe)
    weights = read_json(Path("data/class_weights.json"))
    evaluations = {
        task: evaluate_task(task, classes, table, index, seen, weights, record.train, p.evaluate, p.seed)
        for task, classes in record.classes.items()
    }
    probes = [evaluation.probe for evaluation in evaluations.values()]
    write_table(OUT / "linear_probe.parquet", pd.concat(probes, ignore_index=True))
    records = {task: evaluation.fitted.record() for task, evaluation in evaluations.items()}
    write_metrics(OUT / "calibration.json", records)
    write_report(PLOTS, evaluations)
    draw_training(Path("plots/training"), read_json(Path("metrics/train.json"))["best_epoch"], PLOTS / "losses.png")
    metrics = flat_scores(evaluations)
    write_metrics(Path("metrics/classification.json"), headline(metrics))
    write_metrics(Path("metrics/auc.json"), auc_with_interval(metrics))


if __name__ == "__main__":
    run_stage(main)
