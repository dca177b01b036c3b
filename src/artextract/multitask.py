"""The network of task 1: a convolutional backbone, a GRU over its tokens, and a linear head for each task."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.artgan import TASKS
from artextract.errors import ArtExtractError
from artextract.image_encoder import Preprocessing
from artextract.params import Train
from artextract.weights import timm_model

IGNORED = -1  # label of an image that a task does not label


class ReferenceBackbone(nn.Module):
    """Three convolution blocks, 16-32-64 channels, halving each time; 23,584 parameters."""

    dim = 64

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        channels = (3, 16, 32, self.dim)
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
                for i, o in itertools.pairwise(channels)
            )
        )

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) to a feature map (n, 64, h / 8, w / 8)."""
        return self.blocks(images)


def _conv(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    padding = size // 2
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm beside a shortcut (He et al. 2016; pooled shortcut: He et al. 2019)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        """A stride of 2 halves height and width."""
        super().__init__()
        self.first, self.second = _conv(inputs, outputs, stride), _conv(outputs, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs or stride != 1:
            self.shortcut = nn.Sequential(nn.AvgPool2d(stride), _conv(inputs, outputs, size=1))

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return functional.relu(self.second(functional.relu(self.first(features))) + self.shortcut(features))


class SmallBackbone(nn.Module):
    """A residual network for training from scratch at 128 px: nine convolutions, 0.77 M parameters."""

    dim = 176

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        self.stem = _conv(3, 32, 2)
        widths = (32, 32, 64, 128, self.dim)
        self.blocks = nn.Sequential(*(ResidualBlock(i, o, 1 if i == o else 2) for i, o in itertools.pairwise(widths)))

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) to a feature map (n, 176, h / 16, w / 16)."""
        return self.blocks(functional.relu(self.stem(images)))


class TimmBackbone(nn.Module):
    """Any timm model, CNN or transformer, as a feature map."""

    def __init__(self, name: str, weights: str, sha256: str):
        """Load the model by name; see ``weights.timm_model`` for errors."""
        super().__init__()
        self.model: Any = timm_model(name, weights, sha256, num_classes=0)
        self.dim = int(self.model.num_features)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) to a feature map (n, dim, rows, columns)."""
        return feature_map(self.model.forward_features(images), self.dim, getattr(self.model, "num_prefix_tokens", 0))


def feature_map(features: Tensor, dim: int, prefix_tokens: int) -> Tensor:
    """Whatever a timm model calls its features, as (n, dim, rows, columns).

    Args:
        features: (n, dim, r, c) of a CNN, (n, r, c, dim) of a Swin-like model, or (n, prefix + r * c, dim) of a
            ViT, whose prefix tokens (class, registers) are dropped and whose patches stand in row order.
        dim: The model's number of features.
        prefix_tokens: Tokens before the patches.
    """
    if features.ndim == 3:
        patches = features[:, prefix_tokens:]
        side = math.isqrt(patches.shape[1])
        if side * side != patches.shape[1]:
            raise ArtExtractError(f"{patches.shape[1]} patch tokens are no square grid", where="train.backbone")
        return patches.transpose(1, 2).reshape(len(features), dim, side, side)
    return features if features.shape[1] == dim else features.permute(0, 3, 1, 2)


def tokens_of(features: Tensor, grid: int) -> Tensor:
    """A feature map (n, dim, r, c) pooled to at most grid x grid cells, as tokens (n, cells, dim) in row order."""
    size = (min(grid, features.shape[2]), min(grid, features.shape[3]))
    return functional.adaptive_avg_pool2d(features, size).flatten(2).transpose(1, 2)


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
        """Build the network; a frozen backbone is not part of it, since its tokens are computed once.

        Args:
            params: Section ``train``.
            classes: Number of classes of each task.
        """
        super().__init__()
        backbone = make_backbone(params)
        self.grid = params.token_grid
        self.backbone = None if params.frozen else backbone
        self.recurrent = RecurrentHeads(backbone.dim, classes, params)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Normalised images (n, 3, s, s), or tokens (n, cells, dim) where the backbone is frozen, to logits."""
        if self.backbone is not None:
            inputs = tokens_of(self.backbone(inputs), self.grid)
        return self.recurrent(inputs)


def make_backbone(params: Train) -> ReferenceBackbone | SmallBackbone | TimmBackbone:
    """The backbone that params.yaml names."""
    if params.backbone == "reference":
        return ReferenceBackbone()
    if params.backbone == "small":
        return SmallBackbone()
    return TimmBackbone(params.backbone, params.weights, params.weights_sha256)


def preprocessing_of(backbone: nn.Module) -> Preprocessing:
    """128 px squashed for networks from scratch; timm's own configuration for a timm model."""
    if isinstance(backbone, TimmBackbone):
        return Preprocessing.of(backbone.model)
    return Preprocessing(128, None, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


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
