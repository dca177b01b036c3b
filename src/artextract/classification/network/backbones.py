"""Convolutional backbones: two trained from scratch, any model of timm, and where a pretrained one is cut in two."""

from __future__ import annotations

import itertools
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from artextract.classification.network.group_layers import RowBatchNorm2d
from artextract.encoders.feature_maps import feature_map
from artextract.encoders.image import Preprocessing
from artextract.encoders.weights import timm_model
from artextract.params.sections import Train


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
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), RowBatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to a shortcut (He et al. 2016; pooled shortcut: He et al. 2019)."""

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
    """A residual network for training from scratch at 128 px: nine convolutions, 0.81 M parameters."""

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
        prefix = getattr(self.model, "num_prefix_tokens", 0)
        return feature_map(self.model.forward_features(images), self.dim, prefix)


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
