"""Trains the CNN + GRU shared by style, genre and artist.

Reads: data/artgan/, data/class_weights.json.
Writes: data/model/ (model.safetensors: the network, without a frozen backbone; model.json: what it needs to run),
    metrics/train.json, plots/training/: losses.csv (epoch, <task>_train, <task>_select), auc.csv (epoch, style, genre,
    artist: one-vs-one on select rows; empty where a task has too few of them), losses.png.
"""

from pathlib import Path

import pandas as pd

import stages  # noqa: F401
from artextract.classification.evaluation.figures import plot_losses
from artextract.classification.network.saved_network import save_model
from artextract.classification.network.train import train
from artextract.core.files import read_json, write_metrics, write_table
from artextract.core.folders import discard
from artextract.core.runtime import run_stage
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.params.reading import load_params


def main() -> None:
    """Train, keep the best epoch by the select rows, and write losses."""
    p = load_params("seed", "lr", "epochs", "batch_size", "train")
    source = Path("data/artgan")
    index = pd.read_parquet(source / "index.parquet")
    classes = read_json(source / "labels.json")
    weights = read_json(Path("data/class_weights.json"))
    trained = train(ShardReader(source, index), index, classes, weights, p)
    save_model(Path("data/model"), trained.net, classes, p.train, trained.backbone_sha256)
    history = pd.DataFrame(trained.history)
    aucs = {task: history.get(f"{task}_select_auc") for task in TASKS}
    losses = history.drop(columns=[name for name in history if str(name).endswith("_auc")])
    write_table(Path("plots/training/losses.csv"), losses)
    write_table(Path("plots/training/auc.csv"), pd.DataFrame({"epoch": history["epoch"]} | aucs))
    plot_losses(history, trained.metrics["best_epoch"], Path("plots/training/losses.png"))
    write_metrics(Path("metrics/train.json"), trained.metrics)
    discard(trained.checkpoints)


if __name__ == "__main__":
    run_stage(main)
