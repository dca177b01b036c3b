"""One step of a training: a batch, or this process's share of it, and the optimiser's answer to its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from artextract.classification.network.augment import mix
from artextract.classification.network.group import Group
from artextract.classification.network.group_layers import Share, set_share
from artextract.classification.network.network import MultitaskNet, multitask_loss
from artextract.classification.network.schedule import MovingAverage
from artextract.classification.network.training_rows import Data
from artextract.core.compute import autocast, device
from artextract.params.sections import Params

CLIP_NORM = 1.0


@dataclass(frozen=True)
class Steps:
    """What a step moves, and what it depends on.

    Attributes:
        net: The network.
        optimizer: Its optimiser.
        average: The moving average of its weights.
        params: See ``Trainer``.
        weights: Class weights of each task.
        seed: Seed of the mixing.
        group: The processes that train together.
        stop: Ends the training, with the epoch and the problem.
    """

    net: MultitaskNet
    optimizer: torch.optim.Optimizer
    average: MovingAverage
    params: Params
    weights: Mapping[str, Tensor]
    seed: int
    group: Group
    stop: Callable[[int, str], NoReturn]

    def take(
        self,
        epoch: int,
        step: int,
        rows: np.ndarray,
        labels: Mapping[str, Tensor],
        inputs_of: Callable[[np.ndarray], Tensor],
        data: Data,
    ) -> dict[str, Tensor]:
        """One step of the optimiser; this process's part of the loss of each task.

        Args:
            epoch: Its number.
            step: Number of the step in the epoch.
            rows: Rows of the whole batch.
            labels: Their labels.
            inputs_of: Gives the network's input for some rows.
            data: The training rows.
        """
        part = self.group.part(len(rows))
        mine = slice(None) if part is None else part
        set_share(self.net, None if part is None else Share(part, len(rows)))
        share, partner = self._mixing(epoch, step, len(rows), data)
        if share < 1:
            inputs = inputs_of(rows)
            inputs = share * inputs[mine] + (1 - share) * inputs[partner[mine]]
        else:
            inputs = inputs_of(rows[mine])
        with autocast(self.params.train.precision):
            logits = self.net(inputs)
        loss, losses = self._loss(logits, labels, mine)
        if share < 1:
            others = {task: values[partner] for task, values in labels.items()}
            loss = share * loss + (1 - share) * self._loss(logits, others, mine)[0]
        whole = loss.detach() if part is None else self.group.total(loss.detach())
        if not torch.isfinite(whole):
            ids = ", ".join(data.ids[row] for row in rows)
            self.stop(epoch, f"the loss is not finite at epoch {epoch}, step {step}; images of the batch: {ids}")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if part is not None:
            self.group.add_gradients(self.net)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.average.update(self.net)
        counts = part is not None or self.group.leads  # all processes have computed the whole of a small batch
        return {task: loss.detach() if counts else torch.zeros(()) for task, loss in losses.items()}

    def _loss(
        self, logits: Mapping[str, Tensor], labels: Mapping[str, Tensor], mine: slice
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of this process's share of a batch with these labels, and that of each task."""
        own = {task: values[mine] for task, values in labels.items()}
        return multitask_loss(logits, own, self.weights, self.params.train.label_smoothing, batch=labels)

    def _mixing(self, epoch: int, step: int, n: int, data: Data) -> tuple[float, Tensor]:
        """Share of a batch's own images, and the partner of each; tokens of a frozen backbone are not mixed."""
        alpha = 0.0 if data.inputs.backbone_sha256 else self.params.train.mixup
        share, partner = mix(np.random.default_rng([self.seed, epoch, 4, step]), n, alpha)
        return share, torch.from_numpy(partner).to(device())
