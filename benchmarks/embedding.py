"""Image embedding: the network's forward pass by itself, and the whole way from JPEG files to vectors."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from artextract.core.compute import device, on_device, set_threads
from artextract.encoders.agreement import agreement
from artextract.encoders.backends import Backend, fast_backend
from artextract.encoders.batches import pixels
from artextract.encoders.image import Preprocessing
from artextract.encoders.parts import split
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.encoders.weights import timm_model, weights_hash
from benchmarks import works
from benchmarks.machine import on_gpu
from benchmarks.measure import Benchmark, Pair, Side, Size

GPU_IMAGES = 256  # fewest images at full size on a GPU, which computes 64 at a time
TINY = "test_efficientnet.r160_in1k"  # the network that timm ships for tests: 0.4 M parameters


def _network(name: str, weights: str, size: Size) -> tuple[torch.nn.Module, Preprocessing]:
    if size.name == "tiny":
        name, weights = TINY, "none"
    torch.manual_seed(0)
    model = timm_model(name, weights, "", num_classes=0).eval().to(device())
    return model, Preprocessing.of(model)


def flops_of(model: torch.nn.Module, example: torch.Tensor) -> float:
    """Floating-point operations of a forward pass; a multiplication with its addition counts as two."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(example.to(device()))
    return float(counter.get_total_flops())


def _agreement(naive: list[np.ndarray], ours: list[np.ndarray]) -> str:
    measures = agreement(np.concatenate(ours), np.concatenate(naive))
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items())


def _fast(model: torch.nn.Module, preprocessing: Preprocessing) -> tuple[Backend, Any]:
    own = on_device(copy.deepcopy(model))
    backend = fast_backend(split(own), preprocessing, weights_hash(own), 1)
    return backend, "bf16" if "bf16" in backend.name else "fp32"


def _alone(name: str, weights: str, per_size: dict[str, int]):
    """Benchmark of the forward pass alone, over paintings that are already decoded."""

    def make(size: Size) -> Pair:
        set_threads()
        model, preprocessing = _network(name, weights, size)
        least = GPU_IMAGES if on_gpu() and size.name == "full" else 0
        reader, _ = works.shards(max(per_size[size.name], least))
        images = torch.cat(list(pixels(reader, range(len(reader)), preprocessing, 1, scaled=False)))
        inputs = preprocessing.normalise(images).contiguous()
        backend, precision = _fast(model, preprocessing)
        results: dict[str, list[np.ndarray]] = {}

        def naive() -> None:
            with torch.inference_mode():
                results["naive"] = [model(image[None].to(device())).cpu().numpy() for image in inputs]

        def ours() -> None:
            results["ours"] = list(backend.outputs(images.split(backend.batch)))

        return Pair(
            Side(naive, len(images)),
            Side(ours, len(images)),
            lambda: _agreement(results["naive"], results["ours"]),
            flops_of(model, inputs[:1]),
            precision,
            backend.name,
            device().type,
        )

    return make


def _whole_way(size: Size) -> Pair:
    """The whole way: from JPEG files (naive) or shards (ours) to vectors."""
    import_torchvision()
    from timm.data import create_transform, resolve_data_config  # type: ignore[attr-defined]

    set_threads()
    model, preprocessing = _network("tf_efficientnet_lite2", "package", size)
    transform: Any = create_transform(**resolve_data_config({}, model=model))
    files = works.paths(size.images)
    reader, _ = works.shards(size.images)
    backend, precision = _fast(model, preprocessing)
    results: dict[str, list[np.ndarray]] = {}

    def shown(path: Path) -> torch.Tensor:
        return transform(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))

    def naive() -> None:
        with torch.inference_mode():
            results["naive"] = [model(shown(path).unsqueeze(0).to(device())).cpu().numpy() for path in files]

    def ours() -> None:
        batches = pixels(reader, range(len(reader)), preprocessing, backend.batch, scaled=True)
        results["ours"] = list(backend.outputs(batches))

    return Pair(
        Side(naive, len(files)),
        Side(ours, len(files)),
        lambda: _agreement(results["naive"], results["ours"]),
        flops_of(model, torch.zeros(1, 3, preprocessing.size, preprocessing.size)),
        precision,
        backend.name,
        device().type,
    )


_FIRST = "timm's manual: eager fp32, one image at a time"
_OURS = "artextract.encoders.backends, precision fast"
_MANY, _FEW = {"tiny": 2, "quick": 16, "full": 64}, {"tiny": 2, "quick": 2, "full": 8}
BENCHMARKS = [
    Benchmark(
        "network_lite2", "images", "EfficientNet-Lite2, 260 px, real weights", _FIRST, _OURS,
        _alone("tf_efficientnet_lite2", "package", _MANY),
    ),
    Benchmark(
        "network_resnet50", "images", "ResNet50, 224 px, random weights", _FIRST, _OURS,
        _alone("resnet50", "none", _MANY),
    ),
    Benchmark(
        "network_b7", "images", "EfficientNet-B7, 600 px, random weights", _FIRST, _OURS,
        _alone("tf_efficientnet_b7", "none", _FEW),
    ),
    Benchmark(
        "embed_lite2", "images", "from JPEG to vector, EfficientNet-Lite2, real weights",
        "timm's manual: Image.open, timm's transform, eager fp32, one image at a time",
        "embed_images, precision fast: threads decode while the network computes", _whole_way,
    ),
]  # fmt: skip
