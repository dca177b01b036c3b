"""What moves the weights: the learning rate of each step, the optimiser, and the moving average of its results."""

from __future__ import annotations

import math

import torch

from artextract.classification.network.network import MultitaskNet
from artextract.core.adamw import AdamW
from artextract.params.sections import Params

WARM_UP = 0.1  # share of the steps


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
    return AdamW(groups, lr=params.lr, fused=True)


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
