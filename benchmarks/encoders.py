"""Time and memory that image encoders take, each measured in a fresh process.

Weights are random, since the cost does not depend on them. Memory is the peak of the process's private memory,
with everything that the process holds. What it takes to convert a network for OpenVINO is part of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from benchmarks import works
from benchmarks.machine import wait
from benchmarks.memory import PeakMemory

# name: timm's model, and the stages whose channel means are added to its pooled features
ENCODERS: dict[str, tuple[str, list[int]]] = {
    "lite2": ("tf_efficientnet_lite2", []),
    "lite2_layers": ("tf_efficientnet_lite2", [3, 4, 5]),
    "resnet50_layers": ("resnet50", [1, 2]),
    "convnext_tiny_layers": ("convnext_tiny", [1, 2]),
    "swin_tiny_layers": ("swin_tiny_patch4_window7_224", [1, 2]),
    "vit_b": ("vit_base_patch16_224", []),
    "vit_b_layers": ("vit_base_patch16_224", [5, 8]),
    "b7": ("tf_efficientnet_b7", []),
    "b7_layers": ("tf_efficientnet_b7", [3, 4, 5]),
}
TINY = ("test_efficientnet.r160_in1k", [2, 3])  # the network that timm ships for tests: 0.4 M parameters
IMAGES = {"tiny": 2, "quick": 2, "full": 6}
Precision = Literal["fp32", "fast"]


def measure(name: str, precision: Precision, size: str) -> dict[str, Any]:
    """Measure one encoder in this process: seconds per image, peak memory, number of outputs.

    Args:
        name: One of ``ENCODERS``.
        precision: As in section ``image_encoder``.
        size: tiny, quick or full.
    """
    import torch

    from artextract.core.compute import device, set_threads
    from artextract.encoders.backends import fast_backend, reference_backend
    from artextract.encoders.batches import pixels
    from artextract.encoders.image import load_encoder
    from artextract.encoders.parts import split
    from artextract.params.sections import ImageEncoder

    works.own_cache()
    set_threads()
    torch.manual_seed(0)
    timms, layers = TINY if size == "tiny" else ENCODERS[name]
    count = IMAGES[size]
    with PeakMemory() as memory:
        params = ImageEncoder(name=timms, weights="none", sha256="", layers=layers, batch_size=1, precision=precision)
        model, preprocessing = load_encoder(params)
        fast = precision == "fast"
        backend = (
            fast_backend(split(model), preprocessing, name, count) if fast
            else reference_backend(model, preprocessing, 1)
        )  # fmt: skip
        reader, _ = works.shards(count)
        images = torch.cat(list(pixels(reader, range(count), preprocessing, 1, scaled=False)))
        list(backend.outputs([images[: backend.batch]]))  # not measured: what is made at the first image
        wall, cpu = time.perf_counter(), time.process_time()
        rows = np.concatenate(list(backend.outputs(images.split(backend.batch))))
        wait()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "name": name,
        "network": timms,
        "layers": layers,
        "size": preprocessing.size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "outputs": rows.shape[1],
        "precision": precision,
        "backend": backend.name,
        "device": device().type,
        "images": count,
        "seconds_per_image": wall / count,
        "cpu_seconds_per_image": cpu / count,
        "private_memory_mib": memory.held / 2**20,
    }


def _in_a_process(name: str, precision: Precision, size: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.encoders", name, precision, size]
    done = subprocess.run(command, cwd=works.ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise ArtExtractError(
            f"encoder {name} in {precision} ended with exit status {done.returncode}", remedy="see its message above"
        )
    return json.loads(done.stdout.splitlines()[-1])


def measure_encoders(names: Sequence[str], size: str, tell: Callable[[str], object] = print) -> pd.DataFrame:
    """Measure encoders in fp32 and with the fast backend; one row per encoder and precision, columns as ``measure``.

    Args:
        names: Names of ``ENCODERS``.
        size: tiny, quick or full.
        tell: Function that is called with one line per measurement.

    Raises:
        ArtExtractError: A process failed; its own message was printed before.
    """
    rows = []
    for name in names:
        for precision in ("fp32", "fast"):
            row = _in_a_process(name, precision, size)
            rows.append(row | {"layers": " ".join(map(str, row["layers"]))})
            tell(
                f"{name}, {row['backend']}: {row['cpu_seconds_per_image']:.3g} core-seconds per image "
                f"(wall {row['seconds_per_image']:.3g} s), {row['private_memory_mib']:,.0f} MiB"
            )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    from artextract.core.runtime import keep_freed_memory

    keep_freed_memory()
    try:
        precision: Precision = "fast" if sys.argv[2] == "fast" else "fp32"
        print(json.dumps(measure(sys.argv[1], precision, sys.argv[3])))
    except ArtExtractError as error:
        print(f"\nbenchmarks: {error}", file=sys.stderr)
        sys.exit(2)
