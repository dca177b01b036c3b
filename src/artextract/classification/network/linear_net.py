"""The network of task 1 without recurrence: the stages of frozen networks, and a linear head for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from artextract.classification.network.linear import Linear, Scaling
from artextract.classification.network.network import mean_log_probability
from artextract.classification.network.standardise import Standardise
from artextract.core.tasks import TASKS

NEVER = -1e9  # logit of a class without training rows: -inf would turn a mean of log-probabilities into NaN


class LinearHeads(nn.Module):
    """Standardised mean tokens to logits of each task."""

    def __init__(self, dim: int, classes: Mapping[str, int]):
        """Zero weights; ``set`` gives the fitted ones."""
        super().__init__()
        self.standardise = Standardise(dim)
        self.heads = nn.ModuleDict({task: nn.Linear(dim, classes[task]) for task in TASKS})

    @torch.no_grad()
    def set(self, scaling: Scaling, heads: Mapping[str, Linear]) -> None:
        """Take fitted heads; a task without one keeps every class equally likely."""
        self.standardise.set(scaling.mean, scaling.spread)
        for task, layer in self.heads.items():
            assert isinstance(layer, nn.Linear)
            layer.weight.zero_()
            layer.bias.zero_()
            if task in heads:
                layer.weight.copy_(torch.from_numpy(heads[task].weight))
                layer.bias.copy_(torch.from_numpy(np.maximum(heads[task].bias, NEVER)))

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """(n, cells, dim) to logits (n, classes) of each task; in fp32, as they were fitted."""
        with torch.autocast(tokens.device.type, enabled=False):
            features = self.standardise(tokens.float().mean(1))
            return {task: layer(features) for task, layer in self.heads.items()}


class LinearNet(nn.Module):
    """Linear heads on parts of the tokens, averaged as log-probabilities: one part per network, or one with all."""

    def __init__(self, dims: Sequence[int], classes: Mapping[str, int]):
        """Zero weights.

        Args:
            dims: Channels of each part, in the order in which they follow each other in a token.
            classes: Number of classes of each task.
        """
        super().__init__()
        self.dims = list(dims)
        self.parts = nn.ModuleList(LinearHeads(dim, classes) for dim in dims)

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """(n, cells, sum of dims) to logits (n, classes) of each task."""
        pieces = tokens.split(self.dims, dim=-1)
        return mean_log_probability([part(piece) for part, piece in zip(self.parts, pieces, strict=True)])


def part_dims(widths: Sequence[Sequence[int]], combine: str) -> list[int]:
    """Channels of each part of a ``LinearNet``: one part for each network (averaged), or one for all (joined)."""
    sizes = [sum(blocks) for blocks in widths]
    return sizes if combine == "averaged" else [sum(sizes)]
