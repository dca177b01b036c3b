"""An image network whose features are taken at several depths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.core.errors import ArtExtractError


class Layered(nn.Module):
    """The pooled features of an EfficientNet, and beside them the channel means of some stages, each of length one.

    What is pooled at the end tells subjects apart; textures and colours, by which painters and styles are known, live
    in the stages before it.
    """

    def __init__(self, model: nn.Module, layers: Sequence[int]):
        """Wrap a timm model without classifier.

        Args:
            model: Of the EfficientNet family.
            layers: Stages, from 0.

        Raises:
            ArtExtractError: The model has no such stages.
        """
        super().__init__()
        self.model: Any = model
        self.layers = tuple(layers)
        stages = model.blocks if all(hasattr(model, name) for name in ("conv_stem", "blocks", "conv_head")) else ()
        if unknown := [layer for layer in layers if layer >= len(cast(Any, stages))]:
            raise ArtExtractError(
                f"the network has {len(cast(Any, stages))} stages; there is none numbered {unknown[0]}",
                where="params.yaml",
                remedy="image_encoder.layers: [] takes the pooled features alone",
            )

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised images (b, 3, size, size) to features (b, d)."""
        return self.from_stage(self.model.bn1(self.model.conv_stem(pixels)), 0)

    def from_stage(self, features: Tensor, first: int) -> Tensor:
        """The input of stage ``first`` (b, c, h, w) to features (b, d); no stage before it is among ``layers``."""
        model, means = self.model, []
        for number, stage in enumerate(model.blocks[first:], start=first):
            features = stage(features)
            if number in self.layers:
                means.append(features.mean(dim=(2, 3)))
        pooled = model.forward_head(model.bn2(model.conv_head(features)))
        return torch.cat([functional.normalize(part.float(), dim=1) for part in (pooled, *means)], dim=1)


class LateStages(nn.Module):
    """What a layered network does from a stage on."""

    def __init__(self, network: Layered, first: int):
        """Share the stages of ``network``.

        Raises:
            ValueError: A stage before ``first`` is among its layers.
        """
        super().__init__()
        if any(layer < first for layer in network.layers):
            raise ValueError(f"stage {min(network.layers)} lies before {first}")
        self.network, self.first = network, first

    def forward(self, features: Tensor) -> Tensor:
        """The input of the first of these stages (b, c, h, w) to features (b, d)."""
        return self.network.from_stage(features, self.first)
