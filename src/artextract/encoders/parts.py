"""How an image network comes apart: its stages, which of them have to stay in fp32, and features of several depths.

Only this module names the layers of a pretrained network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.core.errors import ArtExtractError
from artextract.encoders.feature_maps import feature_map


@dataclass(frozen=True)
class Family:
    """A family of timm models that are one chain of modules, by the names of their attributes.

    Attributes:
        name: Name for messages.
        stem: Modules before the stages.
        stages: The stages, or the one module that contains them.
        rest: Modules between the stages and the pooling.
        head: Pooling and what follows it.
        fp32_stages: How many stages have to stay in fp32, together with the stem; None: all may be in bf16.
    """

    name: str
    stem: tuple[str, ...]
    stages: tuple[str, ...]
    rest: tuple[str, ...]
    head: tuple[str, ...]
    fp32_stages: int | None

    def fits(self, model: nn.Module) -> bool:
        """Tell whether a model has all modules of the family."""
        return all(hasattr(model, name) for name in (*self.stem, *self.stages, *self.rest, *self.head))


# In EfficientNets the output channels of the stem have means far from zero, and the filters of the first stage take
# differences of them, of which bf16 keeps little. EfficientNet-Lite2 on photographs of paintings, mean cosine to fp32:
# .9966 all in bf16, .9993 with the stem and the first stage in fp32, .9997 with the second stage too.
FAMILIES = (
    Family(
        "EfficientNet", ("conv_stem", "bn1"), ("blocks",), ("conv_head", "bn2"), ("global_pool", "classifier"),
        fp32_stages=2,
    ),
    Family(
        "ResNet", ("conv1", "bn1", "act1", "maxpool"), ("layer1", "layer2", "layer3", "layer4"), (),
        ("global_pool", "fc"), fp32_stages=None,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """The modules of a network, in the order in which they follow each other; see ``Family`` for the fields."""

    stem: list[nn.Module]
    stages: list[nn.Module]
    rest: list[nn.Module]
    head: list[nn.Module]
    fp32_stages: int | None


def chain_of(model: nn.Module) -> Chain | None:
    """The modules of a timm model, or of a backbone that has one as ``model``; None if it is of no known family."""
    net: Any = getattr(model, "model", model)
    for family in FAMILIES:
        if family.fits(net):
            stem, stages, rest, head = (
                [getattr(net, name) for name in names]
                for names in (family.stem, family.stages, family.rest, family.head)
            )
            return Chain(stem, list(stages[0]) if len(stages) == 1 else stages, rest, head, family.fp32_stages)
    return None


def _cuttable(model: nn.Module, where: str, remedy: str) -> Chain:
    if (chain := chain_of(model)) is None:
        raise ArtExtractError(
            f"{type(getattr(model, 'model', model)).__name__} is not a chain of stages that can be taken apart",
            where=where,
            remedy=f"use a network of the family {' or '.join(family.name for family in FAMILIES)}, or {remedy}",
        )
    return chain


class StageMaps(nn.Module):
    """Feature maps of several depths of a network: those of some of its stages, and the last one.

    A network of a known family is taken apart; every other network of timm is asked by its ``forward_intermediates``,
    which also gives the patches of a vision transformer as a map, without its prefix tokens.
    """

    def __init__(self, model: nn.Module, layers: Sequence[int], first: int = 0, where: str = "train.layers"):
        """Wrap a timm model without classifier.

        Args:
            model: The network.
            layers: Numbers of the stages, from 0.
            first: Number of the stage whose input ``forward`` gets; 0: it gets images. For chains only.
            where: Parameter that names the layers, for messages.

        Raises:
            ArtExtractError: The model has no such stages, or cannot show them.
            ValueError: A stage before ``first`` is among the layers.
        """
        super().__init__()
        self.model: Any = model
        self.layers, self.first = tuple(sorted(set(layers))), first
        self.chain = chain_of(model)
        count = _stage_count(model, self.chain, where)
        if unknown := [layer for layer in self.layers if layer >= count]:
            raise ArtExtractError(
                f"{type(model).__name__} has {count} stages; there is no stage {unknown[0]}",
                where=where,
                remedy=f"use numbers from 0 to {count - 1}, or [] for the last features alone",
            )
        if any(layer < first for layer in self.layers):
            raise ValueError(f"stage {self.layers[0]} is before stage {first}")

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """Normalised images (n, 3, s, s), or the input of stage ``first``, to maps (n, c, h, w), the last map last."""
        maps, last = self.features(inputs)
        if self.chain is None:
            prefix = getattr(self.model, "num_prefix_tokens", 0)
            last = feature_map(last, int(self.model.num_features), prefix)
        return [*maps, last]

    def features(self, inputs: Tensor) -> tuple[list[Tensor], Tensor]:
        """The maps of the stages (n, c, h, w), and the last features in the form that ``pooled`` takes."""
        if self.chain is None:
            return self._by_timm(inputs)
        features = nn.Sequential(*self.chain.stem)(inputs) if self.first == 0 else inputs
        maps = []
        for number, stage in enumerate(self.chain.stages[self.first :], start=self.first):
            features = stage(features)
            if number in self.layers:
                maps.append(features)
        return maps, nn.Sequential(*self.chain.rest)(features)

    def _by_timm(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        if not self.layers:
            return [], self.model.forward_features(images)
        last, maps = self.model.forward_intermediates(images, indices=list(self.layers), output_fmt="NCHW")
        return maps, last

    def pooled(self, last: Tensor) -> Tensor:
        """The last features as the network pools them itself (n, d): a mean, a class token, or a pooling of its own."""
        return self.model.forward_head(last) if self.chain is None else nn.Sequential(*self.chain.head)(last)


class Layered(nn.Module):
    """The pooled features of a network next to the channel means of some of its stages, each scaled to length one.

    The pooled features at the end distinguish subjects; textures and colours, which distinguish painters and styles,
    are in the stages before it. Of a vision transformer, whose stages are its blocks, the means are those of the
    patches.
    """

    def __init__(self, model: nn.Module, layers: Sequence[int], first: int = 0):
        """Wrap a timm model without classifier.

        Args:
            model: The network.
            layers: Numbers of the stages, from 0.
            first: Number of the stage whose input ``forward`` gets; 0: it gets images. For chains only.

        Raises:
            ArtExtractError: See ``StageMaps``.
        """
        super().__init__()
        self.maps = StageMaps(model, layers, first, where="image_encoder.layers")

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalised images (b, 3, size, size), or the input of stage ``first``, to features (b, d)."""
        maps, last = self.maps.features(inputs)
        means = [stage.mean(dim=(2, 3)) for stage in maps]
        return torch.cat([functional.normalize(part.float(), dim=1) for part in (self.maps.pooled(last), *means)], 1)


def _stage_count(model: Any, chain: Chain | None, where: str) -> int:
    if chain is not None:
        return len(chain.stages)
    if not hasattr(model, "forward_intermediates") or not hasattr(model, "feature_info"):
        raise ArtExtractError(
            f"{type(model).__name__} does not show the outputs of its stages",
            where=where,
            remedy="use [] for the last features alone, or another network",
        )
    return len(model.feature_info)


def split_maps(
    model: nn.Module, layers: Sequence[int], *last: nn.Module, where: str = "train.layers"
) -> list[nn.Module]:
    """A network's ``StageMaps`` as modules that follow each other; only the last one may be in bf16.

    Args:
        model: A timm model without classifier.
        layers: Numbers of its stages.
        last: Modules that follow; the first of them takes the list of maps.
        where: Parameter that names the layers, for messages.

    Raises:
        ArtExtractError: See ``StageMaps``.
    """
    whole = StageMaps(model, layers, where=where)
    chain = whole.chain
    if chain is None or chain.fp32_stages is None or any(layer < chain.fp32_stages for layer in layers):
        return [nn.Sequential(whole, *last).eval()]
    early = nn.Sequential(*chain.stem, *chain.stages[: chain.fp32_stages])
    late = StageMaps(model, layers, chain.fp32_stages, where)
    return [early.eval(), nn.Sequential(late, *last).eval()]


def split_stages(backbone: nn.Module, tuned: int) -> tuple[nn.Module | None, nn.Module]:
    """A backbone in two parts: the frozen stages, and the last ``tuned`` stages with what follows them.

    Args:
        backbone: Images (n, 3, s, s) to a feature map.
        tuned: How many stages are trained; 0 leaves the backbone whole, and nothing is frozen.

    Raises:
        ArtExtractError: The architecture cannot be cut, or has no stage left to freeze.
    """
    if not tuned:
        return None, backbone
    chain = _cuttable(backbone, "train.tuned_stages", "train.tuned_stages=0 (the whole backbone is tuned)")
    count = len(chain.stages)
    if tuned >= count:
        raise ArtExtractError(
            f"the backbone has {count} stages, and {tuned} of them leave nothing to freeze",
            where="train.tuned_stages",
            remedy=f"use 1 to {count - 1}, or 0 to tune the whole backbone",
        )
    frozen = nn.Sequential(*chain.stem, *chain.stages[:-tuned])
    return frozen, nn.Sequential(*chain.stages[-tuned:], *chain.rest)


def frozen_part(backbone: nn.Module, tuned: int) -> nn.Module:
    """All of a backbone, or what comes before its last ``tuned`` stages.

    Raises:
        ArtExtractError: See ``split_stages``.
    """
    return split_stages(backbone, tuned)[0] or backbone


def split_frozen(backbone: nn.Module, tuned: int, *last: nn.Module) -> list[nn.Module]:
    """The frozen part of a backbone as modules that follow each other; only the last one may be in bf16.

    Args:
        backbone: Images (n, 3, s, s) to a feature map.
        tuned: How many of its last stages are trained; 0: all are frozen.
        last: Modules that follow the frozen part.

    Raises:
        ArtExtractError: See ``split_stages``.
    """
    frozen, chain = frozen_part(backbone, tuned), chain_of(backbone)
    if chain is not None and chain.fp32_stages is not None:
        stages, rest = (chain.stages[:-tuned], []) if tuned else (chain.stages, chain.rest)
        if late := [*stages[chain.fp32_stages :], *rest, *last]:
            first = nn.Sequential(*chain.stem, *stages[: chain.fp32_stages])
            return [first.eval(), nn.Sequential(*late).eval()]
    return [nn.Sequential(frozen, *last).eval()]


def split(model: nn.Module, least: int = 0) -> list[nn.Module]:
    """An encoder as modules that follow each other; only the last one may be in bf16 (see ``FAMILIES``).

    Args:
        model: The encoder.
        least: How many stages the first module has at least, whatever its family needs, with the stem.

    Returns:
        One module where the family needs no cut and ``least`` is 0, or where the network cannot be cut there.
    """
    layers = model.maps.layers if isinstance(model, Layered) else ()
    net = model.maps.model if isinstance(model, Layered) else model
    chain = chain_of(net)
    first = max(least, (chain.fp32_stages or 0) if chain else 0)
    if chain is None or not first or any(layer < first for layer in layers):
        return [model]
    early = nn.Sequential(*chain.stem, *chain.stages[:first])
    if isinstance(model, Layered):
        return [early.eval(), Layered(net, layers, first).eval()]
    late = nn.Sequential(*chain.stages[first:], *chain.rest, *chain.head)
    return [early.eval(), late.eval()]
