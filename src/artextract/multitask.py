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

REFERENCE = "reference"
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


class RecurrentHeads(nn.Module):
    """Tokens to logits: an optional projection, a bidirectional GRU shared by the tasks, a linear head each.

    The summary of an image is the GRU's last state in both directions; with a projection, the mean token stands
    beside it, so that what needs no order does not have to pass through the recurrence.
    """

    def __init__(self, dim: int, classes: Mapping[str, int], params: Train):
        """Random weights.

        Args:
            dim: Size of a token.
            classes: Number of classes of each task.
            params: token_dim, hidden and dropout are used.
        """
        super().__init__()
        self.project = nn.Linear(dim, params.token_dim) if params.token_dim else None
        width = params.token_dim or dim
        self.gru = nn.GRU(width, params.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(params.dropout)
        summary = 2 * params.hidden + (width if self.project else 0)
        self.heads = nn.ModuleDict({task: nn.Linear(summary, classes[task]) for task in TASKS})

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """(n, cells, dim) to logits (n, classes) of each task."""
        if self.project is not None:
            tokens = functional.gelu(self.project(self.dropout(tokens)))
        _, state = self.gru(tokens)
        summary = torch.cat([state[0], state[1]], dim=1)
        if self.project is not None:
            summary = torch.cat([summary, tokens.mean(1)], dim=1)
        summary = self.dropout(summary)
        return {task: head(summary) for task, head in self.heads.items()}


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


def make_backbone(params: Train) -> ReferenceBackbone | TimmBackbone:
    """The backbone that params.yaml names."""
    if params.backbone == REFERENCE:
        return ReferenceBackbone()
    return TimmBackbone(params.backbone, params.weights, params.weights_sha256)


def preprocessing_of(backbone: nn.Module) -> Preprocessing:
    """128 px squashed for the reference; timm's own configuration for a timm model."""
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
        The loss, and the loss of each task that has a labelled row; a batch without any gives 0.
    """
    losses = {}
    for task, scores in logits.items():
        known = labels[task] != IGNORED
        if known.any():
            losses[task] = functional.cross_entropy(
                scores[known], labels[task][known], weight=class_weights[task], label_smoothing=label_smoothing
            )
    if not losses:
        return sum(cast(Tensor, scores.sum()) for scores in logits.values()) * torch.zeros(()), {}
    return torch.stack(list(losses.values())).mean(), losses
