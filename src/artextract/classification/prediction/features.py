"""From images in memory to the inputs of a trained network, and to what its linear heads see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from artextract.classification.network.backbones import make_backbone, preprocessing_of
from artextract.classification.network.frozen import FrozenStages, feature_part
from artextract.classification.network.inputs import Inputs, evaluation_views
from artextract.classification.network.networks import load_part, networks_of
from artextract.core.compute import on_device
from artextract.core.fingerprint import content_key
from artextract.data.images.decode import Target, decode
from artextract.data.images.shards import Images
from artextract.encoders.batches import pixels
from artextract.params.sections import Train


class Stored:
    """Images as the bytes that shards would hold, decoded anew for each network."""

    def __init__(self, images: Sequence[bytes]):
        """Take the bytes."""
        self._images = images

    def __len__(self) -> int:  # noqa: D105
        return len(self._images)

    def image(self, row: int, target: Target | None = None) -> Image.Image:
        """See ``Images``."""
        return decode(self._images[row], target)


class Decoded:
    """Images that are decoded already."""

    def __init__(self, images: Sequence[Image.Image]):
        """Take the images, RGB."""
        self._images = images

    def __len__(self) -> int:  # noqa: D105
        return len(self._images)

    def image(self, row: int, target: Target | None = None) -> Image.Image:
        """See ``Images``."""
        return self._images[row]


class Extractor:
    """What comes before the trained part of a network: its frozen networks, loaded once, or the framing of pixels."""

    def __init__(self, params: Train):
        """Load the frozen networks that a training names; see ``weights.timm_model`` for errors."""
        self.params = params
        self.stages: list[FrozenStages] = []
        if params.frozen:
            grid = 1 if params.head == "linear" else params.token_grid
            parts = [(load_part(network, params, grid), network.name) for network in networks_of(params)]
            self.stages = [FrozenStages(part, params, name) for part, name in parts]
            self.preprocessing = self.stages[0].preprocessing
        else:
            backbone = on_device(make_backbone(params).eval())
            self.preprocessing = preprocessing_of(backbone)
            if params.tuned_stages:
                part = feature_part(backbone, self.preprocessing, params.tuned_stages)
                self.stages = [FrozenStages(part, params)]

    @property
    def sha256(self) -> str:
        """Identity of the frozen networks; "" where nothing is frozen."""
        shas = [one.part.sha256 for one in self.stages]
        return content_key(shas) if len(shas) > 1 else "".join(shas)

    def inputs(self, images: Images) -> Inputs:
        """The network's inputs for some images, kept in memory and nowhere else."""
        if not self.stages:
            batches = pixels(images, range(len(images)), self.preprocessing, 16, scaled=False)
            return Inputs(np.concatenate([batch.numpy() for batch in batches]), self.preprocessing, "")
        views = [self._view(images, view) for view in range(evaluation_views(self.params))]
        widths = tuple(one.part.widths for one in self.stages if self.params.frozen)
        return Inputs(views[0], self.preprocessing, self.sha256, tuple(views[1:]), widths=widths)

    def _view(self, images: Images, view: int) -> np.ndarray:
        parts = [one.direct(images, view) for one in self.stages]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


@contextmanager
def head_inputs(net: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the linear heads see while the network runs, each input once for all tasks that share it."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if not any(arguments[0] is one for one in seen):
            seen.append(arguments[0])

    heads = [head for module in net.modules() for head in _heads(module)]
    handles = [head.register_forward_pre_hook(keep) for head in heads]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _heads(module: nn.Module) -> list[nn.Module]:
    heads = getattr(module, "heads", None)
    return list(heads.values()) if isinstance(heads, nn.ModuleDict) else []


def joined(seen: Sequence[Tensor], views: int) -> np.ndarray:
    """What the heads saw of one batch, as float32 (n, d): next to each other, and averaged over the views.

    Args:
        seen: Inputs (n, d_i) in the order in which the network ran: all of the first view, then all of the next.
        views: How many times the network ran.
    """
    count = len(seen) // views
    parts = [torch.cat([one.float() for one in seen[v * count : (v + 1) * count]], dim=1) for v in range(views)]
    return torch.stack(parts).mean(0).cpu().numpy()
