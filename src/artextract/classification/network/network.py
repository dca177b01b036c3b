"""The network of task 1: a convolutional backbone, a GRU over its tokens, and a linear head for each task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.classification.network.backbones import make_backbone, split_stages
from artextract.core.errors import ArtExtractError
from artextract.data.wikiart.lists import TASKS
from artextract.params.sections import Train

IGNORED = -1  # label of an image that a task does not label


def tokens_of(features: Tensor, grid: int) -> Tensor:
    """A feature map (n, dim, r, c) pooled to at most grid x grid cells, as tokens (n, cells, dim) in row order."""
    size = (min(grid, features.shape[2]), min(grid, features.shape[3]))
    pool = pooled_by_products if features.is_cuda else functional.adaptive_avg_pool2d
    return pool(features, size).flatten(2).transpose(1, 2)


def pooled_by_products(features: Tensor, size: tuple[int, int]) -> Tensor:
    """``adaptive_avg_pool2d`` as a product with two averaging matrices, which has a deterministic gradient on a GPU.

    Args:
        features: (n, dim, r, c).
        size: Rows and columns of the result, at most r and c.

    Returns:
        (n, dim, *size), in the type of ``features``; averaged in fp32 or better.
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    rows, columns = (
        _averages(cells, side).to(features.device, dtype) for cells, side in zip(size, features.shape[2:], strict=True)
    )
    with torch.autocast(features.device.type, enabled=False):
        return (rows @ features.to(dtype) @ columns.T).to(features.dtype)


def _averages(cells: int, side: int) -> Tensor:
    """(cells, side): row i averages the pixels that cell i touches, as ``adaptive_avg_pool2d`` cuts them."""
    matrix = torch.zeros(cells, side, dtype=torch.float64)
    for i in range(cells):
        start, end = i * side // cells, math.ceil((i + 1) * side / cells)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def snake_order(cells: int) -> list[int]:
    """Cells of a square grid in reading order, every second row backwards, so that neighbours follow each other."""
    side = math.isqrt(cells)
    if side * side != cells:
        raise ArtExtractError(f"{cells} tokens are no square grid", where="train.scan")
    rows = [list(range(r * side, (r + 1) * side)) for r in range(side)]
    return [cell for r, row in enumerate(rows) for cell in (row[::-1] if r % 2 else row)]


class GRUSummary(nn.Module):
    """The last state of a bidirectional GRU over the tokens, both directions side by side."""

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


def _summary(params: Train, width: int) -> GRUSummary | AttentionSummary | None:
    match params.recurrence:
        case "none":
            return None
        case "attention":
            return AttentionSummary(width)
        case _:
            return GRUSummary(width, params.hidden, params.scan)


class RecurrentHeads(nn.Module):
    """Tokens to logits: an optional projection, a recurrent summary (one for all tasks or one each), linear heads.

    The mean token may stand beside the summary, so that what needs no order does not have to pass through the GRU.
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
        self.dropout = nn.Dropout(params.dropout)
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

    def __init__(self, params: Train, classes: Mapping[str, int]):
        """Build the network; what is frozen is no part of it, since its output is computed once.

        Args:
            params: Section ``train``.
            classes: Number of classes of each task.
        """
        super().__init__()
        backbone = make_backbone(params)
        self.grid = params.token_grid
        self.backbone = None if params.frozen else split_stages(backbone, params.tuned_stages)[1]
        self.recurrent = RecurrentHeads(backbone.dim, classes, params)
        self._keeps_statistics = params.weights != "none"

    def train(self, mode: bool = True) -> MultitaskNet:
        """As usual, but the batch norms of a pretrained backbone keep their statistics.

        Those of a few paintings a batch are worse than those of the photographs that it was trained on.
        """
        super().train(mode)
        if self.backbone is not None and self._keeps_statistics:
            for module in self.backbone.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Logits from what the trained part takes.

        Args:
            inputs: Normalised images (n, 3, s, s); feature maps (n, c, h, w) of the frozen stages where only the last
                ones are tuned; tokens (n, cells, dim) where the backbone is frozen.
        """
        if self.backbone is not None:
            inputs = tokens_of(self.backbone(inputs), self.grid)
        return self.recurrent(inputs)


def multitask_loss(
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    class_weights: Mapping[str, Tensor],
    label_smoothing: float = 0.0,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean over the tasks of weighted cross-entropy over the rows that a task labels.

    Args:
        logits: (n, classes) of each task.
        labels: int64 (n,) of each task; ``IGNORED`` where a row has no label.
        class_weights: (classes,) of each task.
        label_smoothing: Share of the target spread over all classes.

    Returns:
        The loss, and the loss of each task that has a labelled row of a class with weight; a batch without any
        gives 0.
    """
    losses = {}
    for task, scores in logits.items():
        known = labels[task] != IGNORED
        if class_weights[task][labels[task][known]].any():  # classes of weight 0 alone would give 0 / 0
            losses[task] = functional.cross_entropy(
                scores[known], labels[task][known], weight=class_weights[task], label_smoothing=label_smoothing
            )
    if not losses:
        return sum(cast(Tensor, scores.sum()) for scores in logits.values()) * torch.zeros(()), {}
    return torch.stack(list(losses.values())).mean(), losses
