"""A pretrained network run fast, by the backend that the hardware calls for.

GPU: torch in bf16, channels last, compiled where many images make up for the minute that it takes. CPU: OpenVINO, in
bf16 where the processor multiplies it faster; torch where OpenVINO is not installed. The metrics record which one it
was. The path for GPUs is kept as simple as possible, since no test reaches it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.core.compute import autocast, backend, bf16_pays, device
from artextract.core.fingerprint import code_of, content_key, libraries
from artextract.core.folders import cache_folder
from artextract.core.kept import dropped_unless_intact, kept_file, locked, seal
from artextract.core.prefetch import prefetched
from artextract.core.runtime import threads
from artextract.encoders.image import Preprocessing
from artextract.encoders.weights import weights_hash

if TYPE_CHECKING:
    import torch
    from torch import nn

COMPILE_FROM = 4096  # images from which compiling for a GPU pays
GPU_BATCH, CPU_BATCH = 64, 8
LIBRARIES = ("torch", "torchvision", "timm", "pillow", "numpy")
HINT = "OpenVINO is not installed; it is faster: `pip install --no-deps -r requirements-openvino.txt`"


@dataclass(frozen=True)
class Backend:
    """Something that runs a network.

    Attributes:
        name: For the metrics, versions included where results depend on them.
        batch: Images at a time.
        outputs: From uint8 batches (b, 3, size, size) to float32 outputs (b, d), in order.
        hint: What would be faster; "" where nothing is known.
    """

    name: str
    batch: int
    outputs: Callable[[Iterable[torch.Tensor]], Iterator[np.ndarray]]
    hint: str = ""


def computed_by(module: str) -> list[Any]:
    """Code, libraries and threads that a network's outputs depend on: part of the key of a cache.

    Args:
        module: Name of the module that computes what is cached; it counts with everything that it imports.
    """
    return [code_of(module), libraries(*LIBRARIES), threads()]


def reference_backend(model: nn.Module, preprocessing: Preprocessing, batch: int) -> Backend:
    """Eager fp32 torch on the chosen device, which the others are compared with."""
    return _torch_backend([model], preprocessing, "fp32", batch)


def fast_backend(parts: list[nn.Module], preprocessing: Preprocessing, key: str, images: int) -> Backend:
    """The fastest backend that this machine has.

    Args:
        parts: A network in eval mode, from normalised images (b, 3, size, size) to (b, ...), as the modules that follow
            each other: only the last may be in bf16 (``split``).
        preprocessing: Its preprocessing; only sizes and colours are used.
        key: Identity of the network, which a converted model is cached by.
        images: How many are going to be embedded.
    """
    import torch

    if device().type != "cpu":
        compiled = images >= COMPILE_FROM
        ready: list[Any] = [torch.compile(part, dynamic=False) for part in parts] if compiled else parts
        return _torch_backend(ready, preprocessing, "fast", GPU_BATCH, ", compiled" if compiled else "")
    if openvino_version() is None:
        return _torch_backend(parts if bf16_pays() else whole(parts), preprocessing, "fast", CPU_BATCH, hint=HINT)
    return openvino_backend(parts, preprocessing, key)


def whole(parts: list[nn.Module]) -> list[nn.Module]:
    """The parts as one."""
    from torch import nn

    return parts if len(parts) == 1 else [nn.Sequential(*parts).eval()]


def _torch_backend(
    parts: list[nn.Module], preprocessing: Preprocessing, precision: str, batch: int, note: str = "", hint: str = ""
) -> Backend:
    import torch

    def outputs(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
        for pixels in batches:
            with torch.inference_mode():
                images = preprocessing.normalise(pixels.to(device(), non_blocking=True))
                for part in parts[:-1]:
                    images = part(images)
                with autocast(precision):
                    images = parts[-1](images)
                yield images.float().cpu().numpy()

    return Backend(_named(backend(precision), parts) + note, batch, outputs, hint)


def _named(name: str, parts: list[nn.Module]) -> str:
    return f"{name}, first stages fp32" if len(parts) > 1 else name


def openvino_version() -> str | None:
    """Version of the installed OpenVINO, or None."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None


def openvino_bf16() -> bool:
    """Whether OpenVINO multiplies bf16 faster than fp32 on this processor."""
    import openvino  # pyright: ignore[reportMissingImports]

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def openvino_backend(
    parts: list[nn.Module], preprocessing: Preprocessing, key: str, *, bf16: bool | None = None
) -> Backend:
    """A network in OpenVINO on the CPU, its last part in bf16 if ``bf16``; None: where the processor gains from it."""
    import torch

    bf16 = openvino_bf16() if bf16 is None else bf16
    parts = parts if bf16 else whole(parts)
    example = torch.zeros(1, 3, preprocessing.size, preprocessing.size)
    networks: list[tuple[Path, str]] = []
    for i, part in enumerate(parts):
        identity = f"{key}-{i}-of-{len(parts)}-{weights_hash(part)}"  # the weights tell where the network was cut
        network = converted(part, example, identity)
        networks.append((network, "bf16" if bf16 and i == len(parts) - 1 else "f32"))
        with torch.inference_mode():
            example = part(example)
    name = _named(f"openvino {openvino_version()} cpu {'bf16' if bf16 else 'fp32'}", parts)
    return backend_of_files(networks, preprocessing, name)


def backend_of_files(networks: list[tuple[Path, str]], preprocessing: Preprocessing, name: str) -> Backend:
    """OpenVINO on the CPU: ``threads()`` images at a time, each on one thread.

    What an image becomes thus does not depend on the number of threads.

    Args:
        networks: OpenVINO's files of networks that follow each other, each with its precision: f32 or bf16.
        preprocessing: Only size and colours are used.
        name: The backend's name.
    """
    import openvino  # pyright: ignore[reportMissingImports]

    core = openvino.Core()
    options = {
        "NUM_STREAMS": str(threads()),
        "INFERENCE_NUM_THREADS": str(threads()),
        "ENABLE_CPU_PINNING": "NO",  # networks, and others on this machine, would wait for the same core
    }
    ready = [_compiled(core, path, options | {"INFERENCE_PRECISION_HINT": hint}) for path, hint in networks]
    mean, std = (
        np.array(values, dtype=np.float32).reshape(1, 3, 1, 1) for values in (preprocessing.mean, preprocessing.std)
    )
    own = threading.local()

    def embed(image: torch.Tensor) -> np.ndarray:
        if not hasattr(own, "requests"):
            own.requests = [network.create_infer_request() for network in ready]
        values = (image.numpy() / np.float32(255) - mean) / std
        for request in own.requests:
            request.infer({0: values}, share_inputs=True)
            values = request.get_output_tensor().data
        return values.copy()

    def outputs(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
        images = (image for pixels in batches for image in pixels.split(1))
        return prefetched(embed, images, workers=threads(), ahead=2 * threads())

    return Backend(name, 1, outputs)


def converted(model: nn.Module, example: torch.Tensor, key: str) -> Path:
    """A network as an OpenVINO file, converted once and kept in the user's cache.

    Args:
        model: A network in eval mode.
        example: Its input (1, ...); other shapes are not taken.
        key: Identity of the network.
    """
    import openvino  # pyright: ignore[reportMissingImports]
    import torch

    def convert(folder: Path) -> None:
        folder.mkdir()
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Converting a tensor to a Python")  # shapes, and these never change
            found = openvino.convert_model(model, example_input=example.contiguous(), input=list(example.shape))
        openvino.save_model(found, folder / "network.xml", compress_to_fp16=False)

    versions = (openvino_version(), computed_by(__name__))
    folder = cache_folder() / "openvino" / content_key(key, list(example.shape), versions)
    return kept_file(folder, convert, "converted network") / "network.xml"


def _compiled(core: Any, network: Path, options: dict[str, str]) -> Any:
    """A network for the CPU; what OpenVINO keeps of its compilation is checked before OpenVINO believes it."""
    kept = network.parent.with_name(f"{network.parent.name}-compiled")
    with locked(kept):
        intact = dropped_unless_intact(kept, "compiled network")
        before = _states(kept)
        found = core.compile_model(network, "CPU", options | {"CACHE_DIR": str(kept)})
        if kept.is_dir() and not (intact and before == _states(kept)):
            seal(kept)
    return found


def _states(folder: Path) -> set[tuple[str, int, int]]:
    """Name, inode and time of each file: OpenVINO writes one anew where the network's file is another one."""
    return {(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("*")}
