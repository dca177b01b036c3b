"""Paintings to unit vectors by a pretrained network, with the identity that the result depends on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from artextract.core.compute import on_device
from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import Target
from artextract.data.images.shards import ShardReader
from artextract.encoders.hub_weights import hub_file, is_hub
from artextract.encoders.no_compiler import no_compiler
from artextract.encoders.torchvision_cure import import_timm, import_torchvision
from artextract.encoders.weights import timm_model, weights_hash
from artextract.params.fields import is_path
from artextract.params.sections import ImageEncoder

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
        import_timm()
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

    @property
    def resized(self) -> int:
        """Shorter side in pixels that images are reduced to before a crop."""
        return self.size if self.crop is None else int(self.size / self.crop)

    @property
    def target(self) -> Target:
        """The same for a decoder that can reduce images itself."""
        return Target(self.resized, self.crop is None, Image.Resampling[self.interpolation.upper()])

    def pixels(self) -> Any:
        """A function from a PIL image to a uint8 tensor (3, size, size): resized and cropped, not yet normalised."""
        import_torchvision()
        with no_compiler():
            from torchvision.transforms import v2
            from torchvision.transforms.functional import InterpolationMode

        mode = InterpolationMode(self.interpolation)
        if self.crop is None:
            framing = [v2.Resize((self.size, self.size), mode, antialias=True)]
        else:
            framing = [v2.Resize(self.resized, mode, antialias=True), v2.CenterCrop(self.size)]
        return v2.Compose([*framing, to_tensor])

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
            framing = f"resize {self.resized} {self.interpolation}, centre crop {self.size}"
        return f"{framing}, mean {list(self.mean)}, std {list(self.std)}"


def to_tensor(image: Image.Image) -> torch.Tensor:
    """An RGB image as uint8 (3, height, width).

    By numpy: torch's own conversion starts a team of threads for every image, and in threads that decode side by side
    these teams cost more than the decoding.
    """
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)))


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


def load_encoder(params: ImageEncoder) -> tuple[nn.Module, Preprocessing]:
    """The pretrained network as an encoder, on the chosen device, and its preprocessing.

    Raises:
        ArtExtractError: See ``timm_model`` and ``Preprocessing.of``; or the network gives no vector for an image.
    """
    from artextract.encoders.trial import try_sizes

    model = on_device(timm_model(params.name, params.weights, params.sha256, num_classes=0).eval())
    preprocessing = Preprocessing.of(model)
    if params.layers:
        from artextract.encoders.parts import Layered

        model = Layered(model, params.layers).eval()
    where = "params.yaml: image_encoder"
    try_sizes(params.name, partial(_vector, model), [preprocessing.size], of=model, where=where)
    return model, preprocessing


def _vector(model: nn.Module, images: torch.Tensor) -> None:
    features = model(images)
    if getattr(features, "ndim", 0) != 2 or len(features) != len(images):
        shape = tuple(getattr(features, "shape", ())) or type(features).__name__
        raise ArtExtractError(f"gives no vector for an image, but {shape}")


def identity_of(model: nn.Module, preprocessing: Preprocessing, params: ImageEncoder) -> dict[str, Any]:
    """Identity of an encoder: everything that embeddings depend on, except the images and the arithmetic."""
    identity = {
        "name": params.name,
        "weights": params.weights,
        "weights_sha256": weights_hash(model),
        "preprocessing": preprocessing.describe(),
    }
    if is_path(params.weights):
        identity["file_sha256"] = params.sha256
    elif is_hub(params.weights) and (file := hub_file(params.name, params.weights)):
        identity |= {"file_sha256": file.sha256, "revision": file.revision}
    return identity | ({"layers": list(params.layers)} if params.layers else {})
