"""Training of the multitask network: one loop, every random choice keyed by (seed, epoch), resumable after a kill.

Several processes may train it together (``group.py``): each sees its share of every batch, with the losses and the
random choices of the whole batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from artextract.classification.network.augment import SMALLER, draw, draw_views, resize
from artextract.classification.network.group import ALONE, Group
from artextract.classification.network.group_layers import require_shareable
from artextract.classification.network.inputs import Rows
from artextract.classification.network.network import IGNORED, MultitaskNet
from artextract.classification.network.schedule import MovingAverage, learning_rate, make_optimizer
from artextract.classification.network.selection import MIN_ROWS, evaluate, named
from artextract.classification.network.standardise import moments
from artextract.classification.network.steps import Steps
from artextract.classification.network.training_rows import Data
from artextract.core.compute import device, on_device
from artextract.core.errors import ArtExtractError
from artextract.core.files import atomic
from artextract.core.kept import dropped_unless_intact, make_kept
from artextract.core.tasks import TASKS
from artextract.params.sections import Params

Report = Callable[[Sequence[Mapping[str, float]]], None]


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
        group: Group = ALONE,
    ):
        """Start anew, or where the last finished epoch in ``folder`` ended.

        Args:
            params: seed, lr, epochs, batch_size and train are used.
            classes: Number of classes of each task.
            weights: Class weights of each task.
            folder: Scratch folder of checkpoints, keyed by everything that the run depends on. Only the leader of a
                group reads and writes there.
            tokens: Those of the training images (n, cells, dim), where all networks are frozen.
            seed: Seed of weights, order and dropout; that of ``params`` where it is not given.
            group: The processes that train together.
        """
        self.params, self.weights, self.group = params, weights, group
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
        self._steps = Steps(self.net, self.optimizer, self.average, params, weights, self.seed, group, self._stop)
        if saved := group.from_leader(self._saved):
            self._take(saved)

    def _saved(self) -> dict[str, Any] | None:
        if not dropped_unless_intact(self._path, "checkpoint"):
            return None
        return torch.load(self._path, map_location="cpu", weights_only=True)

    def _take(self, saved: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.net.load_state_dict(saved["net"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average.state = {key: tensor.to(device()) for key, tensor in saved["average"].items()}
        self.average.steps, self.history, self.best = saved["steps"], saved["history"], saved["best"]

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
        sums = torch.zeros(len(TASKS), 2, dtype=torch.float64)  # for each task: of losses, of the weights of its rows
        self.net.train()
        if self.group.size > 1:
            require_shareable(self.net)
            self.group.share_weights(self.net)
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            for group in self.optimizer.param_groups:
                peak = self.params.lr * group["scale"]
                group["lr"] = learning_rate(epoch * steps + step, self.params.epochs * steps, peak)

            def inputs_of(rows: np.ndarray) -> Tensor:
                inputs = data.inputs.batch(rows, shown.rows(rows), views[rows])
                if epoch < train.progressive * self.params.epochs and not data.inputs.backbone_sha256:
                    inputs = resize(inputs, round(SMALLER * inputs.shape[-1]))
                return inputs

            labels = {task: values[torch.from_numpy(rows)] for task, values in data.labels.items()}
            losses = self._steps.take(epoch, step, rows, labels, inputs_of, data)
            for number, task in enumerate(TASKS):
                known = labels[task][labels[task] != IGNORED]
                if task in losses:
                    sums[number, 0] += float(losses[task]) * len(known)
                    sums[number, 1] += float(self.weights[task][known].sum())
        totals = self.group.total(sums[:, 0].to(device()))
        masses = sums[:, 1].tolist()
        return {task: total / mass for task, total, mass in zip(TASKS, totals.tolist(), masses, strict=True) if mass}

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

        epochs, leads = self.params.epochs, self.group.leads
        if report and self.history and leads:
            report(self.history)
        with tqdm(total=epochs, initial=len(self.history), desc="train", unit="epoch", disable=not leads) as bar:
            for epoch in range(len(self.history), epochs):
                losses = {f"{task}_train": v for task, v in self._train_epoch(epoch, train).items()}
                self.shown.load_state_dict(self.average.state)
                cost, entry = self._judged(epoch, select)
                self.history.append({"epoch": epoch} | losses | entry)
                if cost < self.best["cost"]:
                    state = {key: tensor.detach().clone() for key, tensor in self.shown.state_dict().items()}
                    self.best = {"epoch": epoch, "cost": cost, "state": state}
                if leads:
                    self._save()
                    if report:
                        report(self.history)
                bar.set_postfix(select=f"{cost:.3f}", best=f"{self.best['cost']:.3f}", refresh=False)
                bar.update(1)
        self.shown.load_state_dict(self.best["state"])

    def _judged(self, epoch: int, select: Data) -> tuple[float, dict[str, float]]:
        """Cost of an epoch on the select rows, and what the history keeps of it; all processes use the leader's."""
        losses, aucs = self.group.from_leader(lambda: evaluate(self.shown, select, self.weights, self.params))
        cost = float(np.mean(list(losses.values())))
        if not math.isfinite(cost):  # before the checkpoint, which must stay one that training can go on from
            self._stop(epoch, f"the selection loss is not finite after epoch {epoch}")
        if self.params.train.select_by == "auc":
            cost = self._negative_auc(aucs)
        return cost, named(losses, aucs)

    @staticmethod
    def _negative_auc(aucs: Mapping[str, float]) -> float:
        if not aucs:
            raise ArtExtractError(
                f"no task has two classes with {MIN_ROWS} select rows: an AUC cannot choose the epoch",
                where="train.select_by",
                remedy="use train.select_by=loss, or raise artgan.select_fraction",
            )
        return -float(np.mean(list(aucs.values())))
