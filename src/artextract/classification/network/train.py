"""One training from an index to a network: data loaded, checkpoints keyed, metrics gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.trainer import Report, Trainer, load_split
from artextract.core.compute import backend, device, set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import code_of
from artextract.core.folders import scratch
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.params.sections import Params


@dataclass(frozen=True)
class Trained:
    """Results of a training."""

    net: MultitaskNet
    backbone_sha256: str
    history: list[dict[str, float]]
    metrics: dict[str, Any]
    checkpoints: Path  # to be discarded once the network is saved


def _run_key(index: pd.DataFrame, weights: Mapping[str, Sequence[float]], params: Params) -> list[Any]:
    """Everything that a checkpoint depends on."""
    splits = [f"{task}_split" for task in TASKS]
    rows = index[["sha256", *TASKS, *splits]].astype("string").fillna("").values.tolist()
    knobs = [params.seed, params.lr, params.epochs, params.batch_size, params.train.model_dump()]
    return [rows, dict(weights), knobs, str(device()), code_of(__name__)]


def train(
    reader: ShardReader,
    index: pd.DataFrame,
    classes: Mapping[str, Sequence[str]],
    weights: Mapping[str, Sequence[float]],
    params: Params,
    report: Report | None = None,
) -> Trained:
    """Train on ``train`` rows, choose the epoch on ``select`` rows; validation rows are not touched.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        classes: Class names of each task.
        weights: Class weights of each task, in class-file order.
        params: seed, lr, epochs, batch_size and train are used.
        report: See ``Trainer.fit``.
    """
    set_threads()
    data, select = (load_split(reader, index, split, params) for split in ("train", "select"))
    if not len(data) or not len(select):
        raise ArtExtractError(
            f"{len(data)} training and {len(select)} selection rows", where="data/artgan/index.parquet",
            remedy="raise artgan.select_fraction, or give more images",
        )  # fmt: skip
    tensors = {task: torch.tensor(weights[task], dtype=torch.float32, device=device()) for task in TASKS}
    with scratch("train_multitask", *_run_key(index, weights, params)) as folder:
        trainer = Trainer(params, {task: len(classes[task]) for task in TASKS}, tensors, folder)
        trainer.fit(data, select, report)
    best = trainer.history[trainer.best["epoch"]]
    metrics = {
        "best_epoch": trainer.best["epoch"],
        **{name if name.endswith("_auc") else f"{name}_loss": v for name, v in best.items() if name != "epoch"},
        "train_images": len(data),
        "select_images": len(select),
        "parameters": sum(p.numel() for p in trainer.shown.parameters()),
        "backend": backend(params.train.precision),
        **{f"backbone_{name}": value for name, value in data.inputs.computed.items()},
    }
    return Trained(trainer.shown, data.inputs.backbone_sha256, trainer.history, metrics, folder)
