"""The network of task 1: a convolutional backbone, a GRU over its tokens, and a linear head for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.classification.network.backbones import make_backbone
from artextract.classification.network.group_layers import RowDropout
from artextract.classification.network.standardise import Standardise
from artextract.classification.network.tokens import snake_order, tokens_of
from artextract.core.tasks import TASKS
from artextract.encoders.parts import split_stages
from artextract.params.sections import Train

ROOT_FLOOR = 1e-6  # below it a square root has no gradient worth having
IGNORED = -1  # label of an image that a task does not label


class GRUSummary(nn.Module):
    """The last state of a bidirectional GRU over the tokens, both directions concatenated."""

    def __init__(self, width: int, hidden: int, scan: str):
        """Random weights; ``scan`` is the order of the tokens."""
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.dim, self.scan = 2 * hidden, scan

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, cells, width) to (n, 2 * hidden)."""
        if self.scan == "snake":
            tokens = tokens[:, snake_order(tokens.shape[1])]
        _, state = self.gru(tokens)
        return torch.cat([state[0], state[1]], dim=1)


class AttentionSummary(nn.Module):
    """A weighted mean of the tokens, the weights by a learned score of each token: no order, no recurrence."""

    def __init__(self, width: int):
        """Random weights."""
        super().__init__()
        self.score = nn.Linear(width, 1)
        self.dim = width

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, cells, width) to (n, width)."""
        return (self.score(tokens).softmax(dim=1) * tokens).sum(1)


class SecondOrderSummary(nn.Module):
    """Second moments of the tokens in a small learned space, signed square roots of them, scaled to length one.

    Correlations between feature maps distinguish painters and styles (Chu and Wu 2016); like a mean they have no order.
    """

    def __init__(self, width: int, hidden: int):
        """Random weights; the small space has ``hidden`` dimensions."""
        super().__init__()
        self.reduce = nn.Linear(width, hidden)
        rows, columns = torch.triu_indices(hidden, hidden)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)
        self.dim = len(rows)

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, cells, width) to (n, hidden * (hidden + 1) / 2)."""
        small = self.reduce(tokens)
        moments = (small.transpose(1, 2) @ small / small.shape[1])[:, self.rows, self.columns]
        return functional.normalize(moments.sign() * (moments.abs() + ROOT_FLOOR).sqrt(), dim=1)


def _summary(params: Train, width: int) -> GRUSummary | AttentionSummary | SecondOrderSummary | None:
    match params.recurrence:
        case "none":
            return None
        case "attention":
            return AttentionSummary(width)
        case "second_order":
            return SecondOrderSummary(width, params.hidden)
        case _:
            return GRUSummary(width, params.hidden, params.scan)


class RecurrentHeads(nn.Module):
    """Tokens to logits: an optional projection, a recurrent summary (one for all tasks or one each), linear heads.

    The mean token may be appended to the summary, so that what has no order need not pass through the GRU.
    """

    def __init__(self, dim: int, classes: Mapping[str, int], params: Train):
        """Random weights.

        Args:
            dim: Size of a token.
            classes: Number of classes of each task.
            params: token_dim, recurrence, scan, mean_token, hidden and dropout are used.
        """
        super().__init__()
        self.project = nn.Linear(dim, params.token_dim) if params.token_dim else None
        width = params.token_dim or dim
        self.mean_token, self.per_task = params.mean_token, params.recurrence == "per_task"
        names = TASKS if self.per_task else ("shared",)
        found = {name: _summary(params, width) for name in names}
        self.summaries = nn.ModuleDict({name: module for name, module in found.items() if module is not None})
        self.dropout = RowDropout(params.dropout)
        summary = next((module.dim for module in found.values() if module is not None), 0)
        size = summary + (width if params.mean_token else 0)
        self.heads = nn.ModuleDict({task: nn.Linear(size, classes[task]) for task in TASKS})

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """(n, cells, dim) to logits (n, classes) of each task; in fp32, since recurrences add up what bf16 rounds."""
        with torch.autocast(tokens.device.type, enabled=False):
            tokens = tokens.float()
            if self.project is not None:
                tokens = functional.gelu(self.project(self.dropout(tokens)))
            mean = [tokens.mean(1)] if self.mean_token else []
            summaries = {name: [module(tokens)] for name, module in self.summaries.items()}
            result = {}
            shared = None if self.per_task else self.dropout(torch.cat(summaries.get("shared", []) + mean, dim=1))
            for task, head in self.heads.items():
                own = self.dropout(torch.cat(summaries[task] + mean, dim=1)) if shared is None else shared
                result[task] = head(own)
            return result


class MultitaskNet(nn.Module):
    """Backbone, tokens, GRU and heads."""

    def __init__(self, params: Train, classes: Mapping[str, int], dim: int = 0):
        """Build the network without the frozen part of the backbone, whose output is computed once.

        Args:
            params: Section ``train``.
            classes: Number of classes of each task.
            dim: Size of a token where all networks are frozen.
        """
        super().__init__()
        backbone = None if params.frozen else make_backbone(params)
        self.grid = params.token_grid
        self.backbone = None if backbone is None else split_stages(backbone, params.tuned_stages)[1]
        self.standardise = Standardise(dim) if backbone is None else None
        self.recurrent = RecurrentHeads(dim if backbone is None else backbone.dim, classes, params)
        self._keeps_statistics = params.weights != "none"

    def train(self, mode: bool = True) -> MultitaskNet:
        """As usual, but the batch norms of a pretrained backbone keep their statistics.

        Statistics of the few paintings in a batch are worse than those of the photographs that it was trained on.
        """
        super().train(mode)
        if self.backbone is not None and self._keeps_statistics:
            for module in self.backbone.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Logits from the inputs of the trained part.

        Args:
            inputs: Normalised images (n, 3, s, s); feature maps (n, c, h, w) of the frozen stages where only the last
                ones are tuned; tokens (n, cells, dim) where the backbone is frozen.
        """
        if self.backbone is not None:
            inputs = tokens_of(self.backbone(inputs), self.grid)
        if self.standardise is not None:
            inputs = self.standardise(inputs)
        return self.recurrent(inputs)


class Ensemble(nn.Module):
    """Networks of several seeds: the mean of their log-probabilities."""

    def __init__(self, members: Sequence[nn.Module]):
        """Take the trained networks."""
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """As the members."""
        return mean_log_probability([member(inputs) for member in self.members])


def mean_log_probability(logits: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Several logits (n, classes) of each task as one: the geometric mean of their probabilities."""
    return {task: torch.stack([one[task].log_softmax(1) for one in logits]).mean(0) for task in logits[0]}


def multitask_loss(
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    class_weights: Mapping[str, Tensor],
    label_smoothing: float = 0.0,
    *,
    batch: Mapping[str, Tensor] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean over the tasks of weighted cross-entropy over the rows that a task labels.

    Over a whole split the weighted sum is divided by the sum of the weights. In a batch of a training it is divided by
    the number of rows, since the weights average to one over the training rows: a division by the weights that happen
    to be in the batch would make a rare class weigh less than it should (.46 of its share for a class with one row).

    Args:
        logits: (n, classes) of each task.
        labels: int64 (n,) of each task; ``IGNORED`` where a row has no label.
        class_weights: (classes,) of each task.
        label_smoothing: Share of the target spread over all classes.
        batch: Labels of the whole batch, if the rows are a batch of a training, or a process's share of one: the losses
            of all shares add up to that of the batch.

    Returns:
        The loss, and the loss of each task that has a labelled row of a class with weight; a batch without any
        gives 0.
    """
    losses = {}
    for task, scores in logits.items():
        known, whole = labels[task] != IGNORED, (labels if batch is None else batch)[task]
        if class_weights[task][whole[whole != IGNORED]].any():  # classes of weight 0 alone would give 0 / 0
            loss = functional.cross_entropy(
                scores[known],
                labels[task][known],
                weight=class_weights[task],
                label_smoothing=label_smoothing,
                reduction="mean" if batch is None else "sum",
            )
            losses[task] = loss if batch is None else loss / (whole != IGNORED).sum()
    if not losses:
        return sum(cast(Tensor, scores.sum()) for scores in logits.values()) * torch.zeros(()), {}
    return torch.stack(list(losses.values())).mean(), losses
