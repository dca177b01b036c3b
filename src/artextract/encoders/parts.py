"""How an image network comes apart: its stages, what may be in bf16, and features taken at several depths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.core.errors import ArtExtractError
from artextract.encoders.torchvision_cure import import_torchvision

FP32_STAGES = 2  # of an EfficientNet, after its stem


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


def stages_of(model: Any) -> tuple[list[nn.Module], list[nn.Module], list[nn.Module]]:
    """Stem, stages and what follows them, of the two families of timm models that are one chain of modules."""
    if all(hasattr(model, name) for name in ("conv_stem", "bn1", "blocks", "conv_head", "bn2")):  # EfficientNets
        return [model.conv_stem, model.bn1], list(model.blocks), [model.conv_head, model.bn2]
    if all(hasattr(model, name) for name in ("conv1", "bn1", "act1", "maxpool", "layer4")):  # ResNets
        stem = [model.conv1, model.bn1, model.act1, model.maxpool]
        return stem, [model.layer1, model.layer2, model.layer3, model.layer4], []
    raise ArtExtractError(
        f"{type(model).__name__} is no chain of stages that could be cut",
        where="train.tuned_stages",
        remedy="use an EfficientNet or a ResNet, or train.tuned_stages=0 (the whole backbone is tuned)",
    )


def split_stages(backbone: nn.Module, tuned: int) -> tuple[nn.Module | None, nn.Module]:
    """A backbone in two parts: what stays frozen, and the last ``tuned`` stages with what follows them.

    Args:
        backbone: Images (n, 3, s, s) to a feature map.
        tuned: 0 leaves the backbone whole: nothing is frozen.

    Raises:
        ArtExtractError: The architecture cannot be cut, or has no stage left to freeze.
    """
    if not tuned:
        return None, backbone
    stem, stages, rest = stages_of(getattr(backbone, "model", backbone))
    if tuned >= len(stages):
        raise ArtExtractError(
            f"the backbone has {len(stages)} stages, and {tuned} of them leave nothing to freeze",
            where="train.tuned_stages",
            remedy=f"use 1 to {len(stages) - 1}, or 0 to tune the whole backbone",
        )
    return nn.Sequential(*stem, *stages[:-tuned]), nn.Sequential(*stages[-tuned:], *rest)


def split(model: nn.Module) -> list[nn.Module]:
    """The part of a network that has to stay in fp32, if any, and the part that may be in bf16.

    EfficientNets: the channels that their stem gives lie far from zero, and the filters of the first stage take
    differences of them, which leaves little of what bf16 keeps. EfficientNet-Lite2 on photographs of paintings, mean
    cosine to fp32: .9966 all in bf16, .9993 with the stem and the first stage in fp32, .9997 with the second too.
    """
    import_torchvision()
    from timm.models.efficientnet import EfficientNet

    inner = model.model if isinstance(model, Layered) else model
    if not isinstance(inner, EfficientNet):
        return [model]
    net: Any = inner
    first = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:FP32_STAGES])
    if isinstance(model, Layered):
        early = any(layer < FP32_STAGES for layer in model.layers)
        return [model] if early else [first.eval(), LateStages(model, FP32_STAGES).eval()]
    rest = nn.Sequential(*net.blocks[FP32_STAGES:], net.conv_head, net.bn2, net.global_pool, net.classifier)
    return [first.eval(), rest.eval()]
