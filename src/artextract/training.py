"""Training of the multitask network: one loop, every random choice keyed by (seed, epoch), resumable after a kill."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from artextract.artgan import TASKS
from artextract.compute import device
from artextract.errors import ArtExtractError
from artextract.inputs import Inputs, labels_of, load_inputs, predict
from artextract.multitask import IGNORED, MultitaskNet, multitask_loss
from artextract.params import Params
from artextract.shards import ShardReader

WARM_UP = 0.1  # share of the steps
CLIP_NORM = 1.0


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then cosine to zero; ``step`` counts from 0 to ``steps`` - 1."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


@dataclass
class Data:
    """Inputs and labels of one split."""

    inputs: Inputs
    labels: dict[str, Tensor]
    ids: list[str]

    def __len__(self) -> int:  # noqa: D105
        return len(self.ids)


def load_split(reader: ShardReader, index: pd.DataFrame, split: str, params: Params) -> Data:
    """All rows that are in ``split`` of at least one task."""
    chosen = np.flatnonzero((index[[f"{task}_split" for task in TASKS]] == split).fillna(False).any(axis=1))
    rows = chosen.tolist()
    inputs = load_inputs(reader, index, rows, params.train)
    return Data(inputs, labels_of(index, rows, split), index["id"].iloc[rows].tolist())


def evaluate_loss(net: MultitaskNet, data: Data, weights: Mapping[str, Tensor], batch_size: int) -> dict[str, float]:
    """Weighted cross-entropy of each task over a whole split, without dropout or augmentation."""
    logits = predict(net, data.inputs, batch_size)
    _, losses = multitask_loss(logits, data.labels, weights)
    return {task: float(loss) for task, loss in losses.items()}


class Trainer:
    """State of one training: network, optimiser, history; saved after every epoch."""

    def __init__(self, params: Params, classes: Mapping[str, int], weights: Mapping[str, Tensor], folder: Path):
        """Start anew, or where the last finished epoch in ``folder`` ended.

        Args:
            params: seed, lr, epochs, batch_size and train are used.
            classes: Number of classes of each task.
            weights: Class weights of each task.
            folder: Scratch folder of checkpoints, keyed by everything that the run depends on.
        """
        self.params, self.weights = params, weights
        torch.manual_seed(params.seed)
        self.net = MultitaskNet(params.train, classes).to(device(), memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=params.lr, weight_decay=params.train.weight_decay)
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Any] = {"epoch": -1, "loss": math.inf, "state": {}}
        self._path = folder / "last.pt"
        if self._path.exists():
            saved = torch.load(self._path, map_location=device(), weights_only=True)
            self.net.load_state_dict(saved["net"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.history, self.best = saved["history"], saved["best"]

    def _save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "best": self.best,
        }
        temporary = self._path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self._path)

    def _train_epoch(self, epoch: int, data: Data) -> dict[str, float]:
        """One pass over the training rows; mean loss of each task over its batches."""
        torch.manual_seed(self.params.seed + 1_000_003 * (epoch + 1))  # dropout
        rng = np.random.default_rng([self.params.seed, epoch])
        order = rng.permutation(len(data))
        flips = rng.random(len(data)) < 0.5 if self.params.train.flip else np.zeros(len(data), dtype=bool)
        size = self.params.batch_size
        steps = math.ceil(len(data) / size)
        sums = {task: [0.0, 0.0] for task in TASKS}
        self.net.train()
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(epoch * steps + step, self.params.epochs * steps, self.params.lr)
            labels = {task: values[torch.from_numpy(rows)] for task, values in data.labels.items()}
            logits = self.net(data.inputs.batch(rows, flips[rows]))
            loss, losses = multitask_loss(logits, labels, self.weights, self.params.train.label_smoothing)
            if not torch.isfinite(loss):
                self._stop_on_nan(epoch, step, [data.ids[row] for row in rows])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
            self.optimizer.step()
            for task, value in losses.items():
                mass = float(self.weights[task][labels[task][labels[task] != IGNORED]].sum())
                sums[task][0] += float(value.detach()) * mass
                sums[task][1] += mass
        return {task: total / mass for task, (total, mass) in sums.items() if mass}

    def _stop_on_nan(self, epoch: int, step: int, ids: list[str]) -> None:
        raise ArtExtractError(
            f"the loss is not finite at epoch {epoch}, step {step}; images of the batch: {', '.join(ids)}",
            where="train_multitask",
            remedy=f"lower lr; the state after epoch {epoch - 1} is kept in {self._path.parent}",
        )

    def fit(self, train: Data, select: Data) -> None:
        """Train to the last epoch; ``best`` is the epoch with the lowest mean loss over tasks on ``select``."""
        from tqdm import tqdm

        epochs = self.params.epochs
        with tqdm(total=epochs, initial=len(self.history), desc="train", unit="epoch") as bar:
            for epoch in range(len(self.history), epochs):
                losses = {f"{task}_train": v for task, v in self._train_epoch(epoch, train).items()}
                selected = evaluate_loss(self.net, select, self.weights, self.params.batch_size)
                losses |= {f"{task}_select": v for task, v in selected.items()}
                self.history.append({"epoch": epoch} | losses)
                mean = float(np.mean(list(selected.values())))
                if mean < self.best["loss"]:
                    state = {key: tensor.detach().clone() for key, tensor in self.net.state_dict().items()}
                    self.best = {"epoch": epoch, "loss": mean, "state": state}
                self._save()
                bar.set_postfix(select=f"{mean:.3f}", best=f"{self.best['loss']:.3f}", refresh=False)
                bar.update(1)
        self.net.load_state_dict(self.best["state"])
