"""Training of the multitask network: one loop, every random choice keyed by (seed, epoch), resumable after a kill."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from artextract.classification.network.augment import SMALLER, draw, draw_views, mix, resize
from artextract.classification.network.inputs import Inputs, Rows, evaluation_views, labels_of, load_inputs, predict
from artextract.classification.network.network import IGNORED, MultitaskNet, multitask_loss
from artextract.classification.network.networks import networks_of
from artextract.classification.network.standardise import moments
from artextract.core.compute import autocast, device, on_device
from artextract.core.errors import ArtExtractError
from artextract.core.files import atomic
from artextract.core.kept import dropped_unless_intact, make_kept
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.measures import auc
from artextract.params.sections import Params

Report = Callable[[Sequence[Mapping[str, float]]], None]
WARM_UP = 0.1  # share of the steps
CLIP_NORM = 1.0
MIN_ROWS = 3  # select rows that a class needs to count in the AUC along the training


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then cosine to zero; ``step`` counts from 0 to ``steps`` - 1."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def make_optimizer(net: MultitaskNet, params: Params) -> torch.optim.Optimizer:
    """AdamW; biases and the scales of norms are not decayed, and a backbone has its own learning rate (``scale``)."""
    groups = []
    for part, scale in ((net.recurrent, 1.0), (net.backbone, params.train.backbone_lr)):
        found = [] if part is None else list(part.parameters())
        for decayed in (True, False):
            chosen = [p for p in found if (p.ndim > 1) == decayed]
            if chosen:
                decay = params.train.weight_decay if decayed else 0.0
                groups.append({"params": chosen, "weight_decay": decay, "scale": scale})
    return torch.optim.AdamW(groups, lr=params.lr, fused=True)


@dataclass
class Data:
    """Inputs and labels of one split."""

    inputs: Inputs
    labels: dict[str, Tensor]
    ids: list[str]
    strata: np.ndarray | None

    def __len__(self) -> int:  # noqa: D105
        return len(self.ids)


def rows_in(index: pd.DataFrame, split: str, min_side: int = 0) -> list[int]:
    """Rows that are in ``split`` of at least one task; in train, only those with a longer side of ``min_side``."""
    chosen = (index[[f"{task}_split" for task in TASKS]] == split).fillna(False).any(axis=1).to_numpy(dtype=bool)
    if split == "train" and min_side:
        chosen &= (index[["width", "height"]].max(axis=1) >= min_side).to_numpy(dtype=bool)
    return np.flatnonzero(chosen).tolist()


def data_of(index: pd.DataFrame, rows: list[int], split: str, inputs: Inputs) -> Data:
    """Rows with their inputs, as data of a split."""
    part = index.iloc[rows]
    strata = None if part["stratum"].isna().all() else part["stratum"].fillna("").to_numpy(dtype=str)
    return Data(inputs, labels_of(index, rows, split), part["id"].tolist(), strata)


def load_split(reader: ShardReader, index: pd.DataFrame, split: str, params: Params) -> Data:
    """All rows that are in ``split`` of at least one task, and large enough for every frozen network."""
    rows = rows_in(index, split, max(network.min_side for network in networks_of(params.train)))
    views = params.train.views if split == "train" else evaluation_views(params.train)
    return data_of(index, rows, split, load_inputs(reader, index, rows, params.train, views))


def evaluate(
    net: nn.Module, data: Data, weights: Mapping[str, Tensor], params: Params
) -> tuple[dict[str, float], dict[str, float]]:
    """Weighted cross-entropy and macro AUC of each task over a whole split, without dropout or augmentation.

    Returns:
        Loss of each task with labelled rows; and one-vs-one AUC, within strata where the data name them, of each task
        with two classes of at least ``MIN_ROWS`` rows.
    """
    logits = predict(net, data.inputs, params.batch_size, params.train)
    _, losses = multitask_loss(logits, data.labels, weights)
    aucs = {}
    for task in TASKS:
        value = select_auc(logits[task], data.labels[task], data.strata)
        if math.isfinite(value):
            aucs[task] = value
    return {task: float(loss) for task, loss in losses.items()}, aucs


def select_auc(logits: Tensor, labels: Tensor, strata: np.ndarray | None) -> float:
    """Macro one-vs-one AUC of one task over classes of at least ``MIN_ROWS`` rows; NaN where it is not defined.

    Args:
        logits: (n, classes).
        labels: int64 (n,); rows of ``IGNORED`` are left out.
        strata: Stratum of each row; only rows of one stratum are compared.
    """
    y = labels.cpu().numpy()
    known = y != IGNORED
    scores = logits.softmax(1)[torch.from_numpy(known)].double().cpu().numpy()
    chosen = auc.scored_classes(y[known], scores.shape[1], MIN_ROWS)
    within = None if strata is None else strata[known]
    return float(auc.macro_ovo(y[known], scores, chosen, auc.ones(int(known.sum())), within)[0])


class MovingAverage:
    """Exponential moving average of a network's weights and statistics, warmed up so that early epochs count little."""

    def __init__(self, net: MultitaskNet, decay: float):
        """Start from the network as it is; decay 0 keeps following it exactly."""
        self.decay, self.steps = decay, 0
        self.state = {key: tensor.detach().clone() for key, tensor in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: MultitaskNet) -> None:
        """Take in the network after a step."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        for key, tensor in net.state_dict().items():
            if tensor.dtype.is_floating_point:
                self.state[key].lerp_(tensor, 1 - decay)
            else:
                self.state[key].copy_(tensor)


class Trainer:
    """State of one training: network, optimiser, history; saved after every epoch."""

    def __init__(
        self,
        params: Params,
        classes: Mapping[str, int],
        weights: Mapping[str, Tensor],
        folder: Path,
        tokens: Rows | None = None,
        seed: int | None = None,
    ):
        """Start anew, or where the last finished epoch in ``folder`` ended.

        Args:
            params: seed, lr, epochs, batch_size and train are used.
            classes: Number of classes of each task.
            weights: Class weights of each task.
            folder: Scratch folder of checkpoints, keyed by everything that the run depends on.
            tokens: Those of the training images (n, cells, dim), where all networks are frozen.
            seed: Seed of weights, order and dropout; that of ``params`` where it is not given.
        """
        self.params, self.weights = params, weights
        self.seed = params.seed if seed is None else seed
        torch.manual_seed(self.seed)
        self.net = on_device(MultitaskNet(params.train, classes, 0 if tokens is None else tokens.shape[-1]))
        if self.net.standardise is not None and tokens is not None:
            self.net.standardise.set(*moments(tokens))
        self.shown = copy.deepcopy(self.net)  # what is evaluated: the moving average of the weights, or the weights
        self.optimizer = make_optimizer(self.net, params)
        self.average = MovingAverage(self.net, params.train.ema)
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Any] = {"epoch": -1, "cost": math.inf, "state": {}}
        self._path = folder / "last.pt"
        if dropped_unless_intact(self._path, "checkpoint"):
            saved = torch.load(self._path, map_location=device(), weights_only=True)
            self.net.load_state_dict(saved["net"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average.state, self.average.steps = saved["average"], saved["steps"]
            self.history, self.best = saved["history"], saved["best"]

    def _save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state,
            "steps": self.average.steps,
            "history": self.history,
            "best": self.best,
        }

        def write(new: Path) -> None:
            with atomic(new) as handle:
                torch.save(state, handle)  # type: ignore[arg-type]  # it only writes

        make_kept(self._path, write)

    def _train_epoch(self, epoch: int, data: Data) -> dict[str, float]:
        """One pass over the training rows; mean loss of each task over its batches."""
        train, size = self.params.train, self.params.batch_size
        torch.manual_seed(self.seed + 1_000_003 * (epoch + 1))  # dropout
        order = np.random.default_rng([self.seed, epoch]).permutation(len(data))
        shown = draw(len(data), flip=train.flip, crop=train.crop, seed=self.seed, epoch=epoch)
        views = draw_views(len(data), 1 + len(data.inputs.further), seed=self.seed, epoch=epoch)
        steps = math.ceil(len(data) / size)
        sums = {task: [0.0, 0.0] for task in TASKS}
        self.net.train()
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            for group in self.optimizer.param_groups:
                peak = self.params.lr * group["scale"]
                group["lr"] = learning_rate(epoch * steps + step, self.params.epochs * steps, peak)
            labels = {task: values[torch.from_numpy(rows)] for task, values in data.labels.items()}
            inputs = data.inputs.batch(rows, shown.rows(rows), views[rows])
            if epoch < train.progressive * self.params.epochs and not data.inputs.backbone_sha256:
                inputs = resize(inputs, round(SMALLER * inputs.shape[-1]))
            share, partner = self._mixing(epoch, step, len(rows), data)
            if share < 1:
                inputs = share * inputs + (1 - share) * inputs[partner]
            with autocast(train.precision):
                logits = self.net(inputs)
            loss, losses = multitask_loss(logits, labels, self.weights, train.label_smoothing, batch=True)
            if share < 1:
                others = {task: values[partner] for task, values in labels.items()}
                loss = share * loss + (1 - share) * self._loss(logits, others)
            if not torch.isfinite(loss):
                ids = ", ".join(data.ids[row] for row in rows)
                self._stop(epoch, f"the loss is not finite at epoch {epoch}, step {step}; images of the batch: {ids}")
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
            self.optimizer.step()
            self.average.update(self.net)
            for task, value in losses.items():
                known = labels[task][labels[task] != IGNORED]
                sums[task][0] += float(value.detach()) * len(known)
                sums[task][1] += float(self.weights[task][known].sum())
        return {task: total / mass for task, (total, mass) in sums.items() if mass}

    def _loss(self, logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
        return multitask_loss(logits, labels, self.weights, self.params.train.label_smoothing, batch=True)[0]

    def _mixing(self, epoch: int, step: int, n: int, data: Data) -> tuple[float, Tensor]:
        """Share of a batch's own images, and the partner of each; tokens of a frozen backbone are not mixed."""
        alpha = 0.0 if data.inputs.backbone_sha256 else self.params.train.mixup
        share, partner = mix(np.random.default_rng([self.seed, epoch, 4, step]), n, alpha)
        return share, torch.from_numpy(partner).to(device())

    def _stop(self, epoch: int, problem: str) -> NoReturn:
        kept = f"; the state after epoch {epoch - 1} is kept in {self._path.parent}" if epoch else ""
        raise ArtExtractError(problem, where="train_multitask", remedy=f"lower lr{kept}")

    def fit(self, train: Data, select: Data, report: Report | None = None) -> None:
        """Train to the last epoch; ``best`` is the one of lowest loss or highest mean AUC on ``select``.

        Args:
            train: Rows to learn from.
            select: Rows that choose the epoch.
            report: Called with the history of all finished epochs, at the start of a resumed run and after each epoch.
        """
        from tqdm import tqdm

        epochs = self.params.epochs
        if report and self.history:
            report(self.history)
        with tqdm(total=epochs, initial=len(self.history), desc="train", unit="epoch") as bar:
            for epoch in range(len(self.history), epochs):
                losses = {f"{task}_train": v for task, v in self._train_epoch(epoch, train).items()}
                self.shown.load_state_dict(self.average.state)
                selected, aucs = evaluate(self.shown, select, self.weights, self.params)
                losses |= {f"{task}_select": v for task, v in selected.items()}
                losses |= {f"{task}_select_auc": v for task, v in aucs.items()}
                cost = float(np.mean(list(selected.values())))
                if not math.isfinite(cost):  # before the checkpoint, which must stay one that training can go on from
                    self._stop(epoch, f"the selection loss is not finite after epoch {epoch}")
                if self.params.train.select_by == "auc":
                    cost = self._negative_auc(aucs)
                self.history.append({"epoch": epoch} | losses)
                if cost < self.best["cost"]:
                    state = {key: tensor.detach().clone() for key, tensor in self.shown.state_dict().items()}
                    self.best = {"epoch": epoch, "cost": cost, "state": state}
                self._save()
                if report:
                    report(self.history)
                bar.set_postfix(select=f"{cost:.3f}", best=f"{self.best['cost']:.3f}", refresh=False)
                bar.update(1)
        self.shown.load_state_dict(self.best["state"])

    @staticmethod
    def _negative_auc(aucs: Mapping[str, float]) -> float:
        if not aucs:
            raise ArtExtractError(
                f"no task has two classes with {MIN_ROWS} select rows: an AUC cannot choose the epoch",
                where="train.select_by",
                remedy="use train.select_by=loss, or raise artgan.select_fraction",
            )
        return -float(np.mean(list(aucs.values())))
