"""Trains the CNN + GRU shared by style, genre and artist.

Reads: data/artgan/, data/class_weights.json.
Writes: data/model/ (model.safetensors: the network, without a frozen backbone; model.json: what it needs to run),
    metrics/train.json, and after every epoch plots/training/: losses.csv (epoch, task, split, loss) and auc.csv (epoch,
    task, auc: one-vs-one on select rows; no rows of a task with too few of them).
Several processes may train together (classification/network/group.py); the first of them writes.
"""

from functools import partial
from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import read_json, write_metrics
from artextract.core.ranks import leads
from artextract.core.runtime import run_stage
from artextract.core.scratch import discard
from artextract.params.reading import load_params


def main() -> None:
    """Train, keep the best epoch by the select rows, and write losses."""
    p = load_params("seed", "lr", "epochs", "batch_size", "train")
    import pandas as pd

    from artextract.classification.network.curves import write_curves
    from artextract.classification.network.saved_network import save_model
    from artextract.classification.network.train import train
    from artextract.data.images.shards import ShardReader

    source = Path("data/artgan")
    index = pd.read_parquet(source / "index.parquet")
    classes = read_json(source / "labels.json")
    weights = read_json(Path("data/class_weights.json"))
    curves = partial(write_curves, Path("plots/training"))
    trained = train(ShardReader(source, index), index, classes, weights, p, curves)
    if not leads():
        return
    save_model(Path("data/model"), trained.net, classes, p.train, trained.backbone_sha256, trained.widths)
    write_metrics(Path("metrics/train.json"), trained.metrics)
    discard(trained.checkpoints)


if __name__ == "__main__":
    run_stage(main, helps=not leads())
