"""A trained network with its frozen networks as one module: pixels in, probabilities out.

In fp32 and without caches, for other runtimes. Predictions here go through ``classification/prediction``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from artextract.classification.network.augment import resize
from artextract.classification.network.backbones import make_backbone, preprocessing_of
from artextract.classification.network.frozen import Part, feature_part
from artextract.classification.network.inputs import evaluation_views
from artextract.classification.network.networks import load_part, networks_of
from artextract.classification.network.saved_network import Record, load_model
from artextract.core.compute import on_device
from artextract.core.fingerprint import content_key
from artextract.core.tasks import TASKS
from artextract.encoders.image import Preprocessing

Calibration = Mapping[str, Mapping[str, Any]]


class Whole(nn.Module):
    """Uint8 pixels (n, 3, s, s), one tensor for each way of framing an image, to probabilities (n, classes) per task.

    Attributes:
        framings: How an image becomes each of the inputs.
    """

    def __init__(
        self,
        record: Record,
        parts: Sequence[Part],
        framing: Preprocessing,
        net: nn.Module,
        calibration: Calibration,
    ):
        """Put the parts together.

        Args:
            record: Record of the trained network.
            parts: Its frozen networks; none where everything is trained.
            framing: How images are framed where there are no parts.
            net: The trained part, in eval mode.
            calibration: Temperature and threshold of each task, where they are known.
        """
        super().__init__()
        self.net = net
        # An image and its mirror image are averaged where the training saw both.
        self.views = evaluation_views(record.train) if parts else 1 + record.train.flip
        self.scaled = round(record.train.test_scale * framing.size) if not parts else 0
        self.parts = nn.ModuleList(nn.Sequential(*part.modules) for part in parts)
        every = [part.preprocessing for part in parts] or [framing]
        self.framings = list(dict.fromkeys(_pixels_of(one) for one in every))
        self._input = [self.framings.index(_pixels_of(one)) for one in every]
        for number, one in enumerate(every):
            self.register_buffer(f"mean_{number}", 255 * torch.tensor(one.mean).view(1, 3, 1, 1), persistent=False)
            self.register_buffer(f"std_{number}", 255 * torch.tensor(one.std).view(1, 3, 1, 1), persistent=False)
        self.temperatures = {task: float(calibration.get(task, {}).get("temperature") or 1) for task in TASKS}
        below = {task: calibration.get(task, {}).get("abstain_below") for task in TASKS}
        self.thresholds = {task: float(value) for task, value in below.items() if value is not None}

    @property
    def outputs(self) -> list[str]:
        """Names of what ``forward`` returns."""
        return [*TASKS, *(f"{task}_unsure" for task in self.thresholds)]

    def forward(self, *pixels: Tensor) -> tuple[Tensor, ...]:
        """Calibrated probabilities of style, genre and artist; then for each threshold, boolean (n,): unsure.

        A threshold is one of probabilities before the temperature.
        """
        seen = [
            (pixels[index].float() - getattr(self, f"mean_{number}")) / getattr(self, f"std_{number}")
            for number, index in enumerate(self._input)
        ]
        shown = [self._logits(seen)]
        if self.views == 2:
            shown.append(self._logits([images.flip(3) for images in seen]))
        logits = {task: torch.stack([one[task] for one in shown]).mean(0) for task in TASKS}
        calibrated = [(logits[task] / self.temperatures[task]).softmax(1) for task in TASKS]
        unsure = [logits[task].softmax(1).amax(1) < below for task, below in self.thresholds.items()]
        return (*calibrated, *unsure)

    def _logits(self, images: Sequence[Tensor]) -> dict[str, Tensor]:
        if not self.parts:
            return self.net(resize(images[0], self.scaled))
        return self.net(torch.cat([part(one) for part, one in zip(self.parts, images, strict=True)], dim=-1))


def _pixels_of(framing: Preprocessing) -> tuple[int, float | None, str]:
    """What of a preprocessing decides on the pixels."""
    return framing.size, framing.crop, framing.interpolation


def load_whole(folder: Path, record: Record, calibration: Calibration) -> Whole:
    """A trained network and its frozen networks.

    Args:
        folder: Folder of the network.
        record: Its record.
        calibration: Temperature and threshold of each task, where they are known.

    Raises:
        ArtExtractError: The frozen networks are not here, or are others than in the training.
    """
    p = record.train
    if p.frozen:
        grid = 1 if p.head == "linear" else p.token_grid
        parts = [load_part(network, p, grid) for network in networks_of(p)]
        framing = parts[0].preprocessing
    else:
        backbone = on_device(make_backbone(p).eval())
        framing = preprocessing_of(backbone)
        parts = [feature_part(backbone, framing, p.tuned_stages)] if p.tuned_stages else []
    shas = [part.sha256 for part in parts]
    net = load_model(folder, record, shas[0] if len(shas) == 1 else content_key(shas) if shas else "")
    return Whole(record, parts, framing, net, calibration).eval()
