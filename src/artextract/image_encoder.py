"""Paintings to unit vectors by a pretrained network, with the identity that the result depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.compute import device, on_device, set_threads, unit_rows
from artextract.errors import ArtExtractError
from artextract.params import ImageEncoder
from artextract.shards import ShardReader
from artextract.torchvision_cure import import_torchvision
from artextract.weights import timm_model, weights_hash

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input of a network; timm's own configuration of the weights."""

    size: int  # pixels, square
    crop: float | None  # centre crop: share of the resized image that is kept; None: squashed to a square
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, model: nn.Module) -> Preprocessing:
        """The preprocessing that a timm model was trained with.

        Raises:
            ArtExtractError: The model frames images in a way that is not built here.
        """
        import_torchvision()
        from timm.data import resolve_data_config  # type: ignore[attr-defined]

        config: dict[str, Any] = resolve_data_config({}, model=model)
        height, width = config["input_size"][-2:]
        squashed = config["crop_mode"] == "squash" and config["crop_pct"] == 1
        if height != width or not (squashed or config["crop_mode"] == "center"):
            raise ArtExtractError(
                f"the model wants {width} x {height} pixels framed by {config['crop_mode']!r}, "
                f"crop {config['crop_pct']:g}; only centre crops and squashing to a square are built here",
                where="params.yaml",
                remedy="choose another model",
            )
        return cls(
            size=height,
            crop=None if squashed else config["crop_pct"],
            interpolation=config["interpolation"],
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
        )

    def pixels(self) -> Any:
        """A function from a PIL image to a uint8 tensor (3, size, size): resized and cropped, not yet normalised."""
        import_torchvision()
        from torchvision.transforms import v2
        from torchvision.transforms.functional import InterpolationMode

        mode = InterpolationMode(self.interpolation)
        if self.crop is None:
            framing = [v2.Resize((self.size, self.size), mode, antialias=True)]
        else:
            framing = [v2.Resize(int(self.size / self.crop), mode, antialias=True), v2.CenterCrop(self.size)]
        return v2.Compose([*framing, v2.PILToTensor()])

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """uint8 (n, 3, size, size) to normalised float32, channels last (convolutions are faster so)."""
        import torch

        mean, std = (torch.tensor(v, device=pixels.device).view(1, 3, 1, 1) for v in (self.mean, self.std))
        scaled = (pixels.float() / 255 - mean) / std
        return scaled.contiguous(memory_format=torch.channels_last)

    def describe(self) -> str:
        """One line for the metrics."""
        framing = f"resize {self.size} x {self.size} {self.interpolation}"
        if self.crop is not None:
            framing = f"resize {int(self.size / self.crop)} {self.interpolation}, centre crop {self.size}"
        return f"{framing}, mean {list(self.mean)}, std {list(self.std)}"


def pixel_batches(
    reader: ShardReader, rows: Sequence[int], preprocessing: Preprocessing, batch_size: int, describe: str
) -> Iterator[torch.Tensor]:
    """Batches of uint8 (b, 3, size, size) in the order of ``rows``, with progress; memory is one batch."""
    import torch
    from tqdm import tqdm

    transform = preprocessing.pixels()
    with tqdm(total=len(rows), desc=describe, unit="img", mininterval=1) as bar:
        for start in range(0, len(rows), batch_size):
            batch = torch.stack([transform(reader.image(row)) for row in rows[start : start + batch_size]])
            yield batch
            bar.update(len(batch))


def layered(model: nn.Module, layers: Sequence[int]) -> Callable[[torch.Tensor], torch.Tensor]:
    """The pooled features of a network, and beside them the channel means of some of its stages, each of length one.

    What is pooled at the end tells subjects apart; textures and colours, by which painters and styles are known, live
    in the stages before it.

    Args:
        model: A timm model without classifier; for ``layers``, one with ``blocks``.
        layers: Stages, from 0.

    Returns:
        A function from pixels (b, 3, size, size) to features (b, d).

    Raises:
        ArtExtractError: The model has no such stages.
    """
    import torch
    from torch.nn import functional

    if not layers:
        return model
    stages = getattr(model, "blocks", ())
    if unknown := [layer for layer in layers if layer >= len(stages)]:
        raise ArtExtractError(
            f"the network has {len(stages)} stages; there is none numbered {unknown[0]}",
            where="params.yaml",
            remedy="image_encoder.layers: [] takes the pooled features alone",
        )
    means: dict[int, torch.Tensor] = {}

    def keep(layer: int) -> Callable[..., None]:
        return lambda _module, _inputs, output: means.update({layer: output.mean(dim=(2, 3))})

    for layer in layers:
        stages[layer].register_forward_hook(keep(layer))

    def features(pixels: torch.Tensor) -> torch.Tensor:
        parts = [model(pixels), *(means[layer] for layer in layers)]
        return torch.cat([functional.normalize(part.float(), dim=1) for part in parts], dim=1)

    return features


def embed_images(reader: ShardReader, params: ImageEncoder) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit image embeddings: the pooled features of a pretrained network, and the stages that ``layers`` names.

    Args:
        reader: n images.
        params: Section ``image_encoder``.

    Returns:
        float32 (n, d), row i = image i; and the encoder's identity.
    """
    import torch

    set_threads()
    model = on_device(timm_model(params.name, params.weights, params.sha256, num_classes=0).eval())
    preprocessing, features = Preprocessing.of(model), layered(model, params.layers)
    parts = []
    with torch.inference_mode():
        for pixels in pixel_batches(reader, range(len(reader)), preprocessing, params.batch_size, "embed images"):
            parts.append(features(preprocessing.normalise(pixels.to(device()))).float().cpu().numpy())
    identity: dict[str, Any] = {
        "name": params.name,
        "weights": params.weights,
        "weights_sha256": weights_hash(model),
        "preprocessing": preprocessing.describe(),
        "backend": f"torch {device().type} {params.precision}",
    }
    if params.layers:
        identity["layers"] = list(params.layers)
    return unit_rows(np.concatenate(parts)), identity
