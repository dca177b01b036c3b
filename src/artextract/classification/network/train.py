"""One training from an index to a network: data loaded, checkpoints keyed, metrics gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from artextract.classification.network.group import choose_gpu, training_group
from artextract.classification.network.linear_training import train_linear
from artextract.classification.network.network import Ensemble
from artextract.classification.network.selection import evaluate, named
from artextract.classification.network.trainer import Report, Trainer
from artextract.classification.network.training_rows import Data, data_of, load_split, rows_in
from artextract.core.compute import backend, device, on_device, set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import code_of
from artextract.core.ranks import started_by_launcher
from artextract.core.scratch import scratch
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.params.sections import Params


@dataclass(frozen=True)
class Trained:
    """Results of a training.

    Attributes:
        net: The network that predicts; several seeds are one network.
        backbone_sha256: Identity of the frozen networks; "" where nothing is frozen.
        widths: Channels of each block of each frozen network, see ``Inputs.widths``.
        history: One entry per epoch of the first seed; of a linear head, one entry for the fit.
        metrics: For metrics/train.json.
        checkpoints: Folder to be discarded once the network is saved.
    """

    net: nn.Module
    backbone_sha256: str
    widths: tuple[tuple[int, ...], ...]
    history: list[dict[str, float]]
    metrics: dict[str, Any]
    checkpoints: Path


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
    """Train on ``train`` rows, choose on ``select`` rows; validation rows are not touched.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        classes: Class names of each task.
        weights: Class weights of each task, in class-file order.
        params: seed, lr, epochs, batch_size and train are used.
        report: See ``Trainer.fit``; a linear head is reported once.
    """
    set_threads()
    choose_gpu()
    counts = {split: len(rows_in(index, split)) for split in ("train", "select")}
    if not all(counts.values()):
        raise ArtExtractError(
            f"{counts['train']} training and {counts['select']} selection rows", where="data/artgan/index.parquet",
            remedy="raise artgan.select_fraction, or give more images",
        )  # fmt: skip
    tensors = {task: torch.tensor(weights[task], dtype=torch.float32, device=device()) for task in TASKS}
    sizes = {task: len(classes[task]) for task in TASKS}
    key = _run_key(index, weights, params)
    if params.train.head == "linear":
        if started_by_launcher():
            raise ArtExtractError(
                "a linear head is fitted by one process", where="params.yaml: train.head",
                remedy="start the stage without torchrun and its variables (RANK, WORLD_SIZE)",
            )  # fmt: skip
        return _linear(reader, index, sizes, tensors, params, report, key)
    return _by_epochs(reader, index, sizes, tensors, params, report, key)


def _linear(
    reader: ShardReader,
    index: pd.DataFrame,
    classes: Mapping[str, int],
    weights: Mapping[str, Tensor],
    params: Params,
    report: Report | None,
    key: Sequence[Any],
) -> Trained:
    with scratch("train_multitask", *key) as folder:
        net, select, chosen = train_linear(reader, index, classes, weights, params, folder)
    net = on_device(net)
    data = data_of(index, rows_in(index, "select"), "select", select)
    losses, aucs = evaluate(net, data, weights, params)
    line = {"epoch": 0.0} | named(losses, aucs)
    if report:
        report([line])
    metrics = _metrics(line, net, data, params) | chosen
    return Trained(net, select.backbone_sha256, select.widths, [line], metrics, folder)


def _by_epochs(
    reader: ShardReader,
    index: pd.DataFrame,
    classes: Mapping[str, int],
    weights: Mapping[str, Tensor],
    params: Params,
    report: Report | None,
    key: Sequence[Any],
) -> Trained:
    data, select = (load_split(reader, index, split, params) for split in ("train", "select"))
    tokens = data.inputs.array if params.train.frozen else None
    trainers = []
    with ExitStack() as stack:
        group = stack.enter_context(training_group())
        # Only the leader has checkpoints: the folder is held by one process at a time.
        folder = stack.enter_context(scratch("train_multitask", *key)) if group.leads else Path()
        for member in range(params.train.members):
            seed = params.seed + params.train.seed + member
            place = folder / f"seed-{seed}"
            if group.leads:
                place.mkdir(exist_ok=True)
            trainer = Trainer(params, classes, weights, place, tokens, seed, group)
            trainer.fit(data, select, None if member else report)
            trainers.append(trainer)
    first = trainers[0]
    net = first.shown if len(trainers) == 1 else Ensemble([trainer.shown for trainer in trainers])
    line = first.history[first.best["epoch"]]
    if len(trainers) > 1:
        losses, aucs = evaluate(net, select, weights, params)
        line = {"epoch": line["epoch"]} | named(losses, aucs)
    metrics = _metrics(line, net, select, params) | {"train_images": len(data)}
    if group.size > 1:
        metrics["backend"] = f"{metrics['backend']}, {group.size} processes"
    return Trained(net, data.inputs.backbone_sha256, data.inputs.widths, first.history, metrics, folder)


def _metrics(line: Mapping[str, float], net: nn.Module, select: Data, params: Params) -> dict[str, Any]:
    """Metrics of a training from the entry of its history that was kept."""
    return {
        "best_epoch": line["epoch"],
        **{name if name.endswith("_auc") else f"{name}_loss": v for name, v in line.items() if name != "epoch"},
        "select_images": len(select),
        "parameters": sum(p.numel() for p in net.parameters()),
        "backend": backend(params.train.precision),
        **{f"backbone_{name}": value for name, value in select.inputs.computed.items()},
    }
