"""Counts the training rows of each class and derives the weights of the loss.

Reads: data/artgan/index.parquet, data/artgan/labels.json.
Writes: data/class_weights.json (task -> weights in class-file order), metrics/class_weights.json,
    plots/classes/counts.csv (task, class, split, rows), plots/classes/counts.png and .svg.
"""

import json
from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import read_json, write_metrics, write_table, write_text
from artextract.core.runtime import run_stage
from artextract.core.tasks import TASKS
from artextract.params.reading import load_params


def main() -> None:
    """Compute weights on train rows alone; guarded, select and val rows do not count."""
    p = load_params("class_weights")
    import pandas as pd

    from artextract.classification.evaluation.class_counts import plot_class_counts
    from artextract.classification.network.class_weights import class_weights, count_classes

    index = pd.read_parquet("data/artgan/index.parquet")
    classes = read_json(Path("data/artgan/labels.json"))
    counts = count_classes(index, classes, "train")
    weights = {task: class_weights(counts[task], p.class_weights.scheme).tolist() for task in TASKS}
    write_text(Path("data/class_weights.json"), json.dumps(weights, indent=2) + "\n")
    metrics: dict[str, float] = {}
    for task in TASKS:
        metrics[f"{task}.train_rows"] = int(counts[task].sum())
        metrics[f"{task}.classes_without_training_rows"] = int((counts[task] == 0).sum())
        metrics[f"{task}.largest_weight"] = max(weights[task])
    write_metrics(Path("metrics/class_weights.json"), metrics)
    rows = [
        {"task": task, "class": name, "split": split, "rows": int(n)}
        for split in ("train", "select", "val")
        for task, values in count_classes(index, classes, split).items()
        for name, n in zip(classes[task], values, strict=True)
    ]
    table = pd.DataFrame(rows)
    write_table(Path("plots/classes/counts.csv"), table)
    plot_class_counts(table, Path("plots/classes/counts.png"))


if __name__ == "__main__":
    run_stage(main)
