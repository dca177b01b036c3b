"""Description of the machine that runs the benchmarks: processor, GPU if one is chosen, and the roof of each.

The name of the host is left out. A roof is the highest rate of a matrix product that the device reaches.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")
SIDES, GPU_SIDES = (1024, 2048), (4096, 8192)
GPU_PRODUCTS = 8  # products between two readings of the clock, so that the time to start them does not count


@dataclass(frozen=True)
class Machine:
    """Processor and GPU; ``gpu`` is "" if everything runs on the processor."""

    processor: str
    cores: int
    flags: tuple[str, ...]
    threads: int
    memory_gib: float
    versions: dict[str, str]
    gpu: str = ""


def on_gpu() -> bool:
    """Return True if ``ARTEXTRACT_DEVICE`` chooses a GPU."""
    from artextract.core.compute import device

    return device().type == "cuda"


def wait() -> None:
    """Wait until the GPU, if one is chosen, has finished everything that was started on it."""
    if on_gpu():
        import torch

        torch.cuda.synchronize()


def describe() -> Machine:
    """Describe this machine; on Linux the details come from /proc."""
    from importlib.metadata import PackageNotFoundError, version

    from artextract.core.runtime import threads

    model, flags = platform.processor() or platform.machine(), ()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":") for line in info.read_text().splitlines()]
        fields = {key.strip(): value.strip() for key, _, value in lines}
        model = fields.get("model name", model)
        known = set(fields.get("flags", "").split())
        flags = tuple(flag for flag in FLAGS if flag in known)
    versions = {}
    for name in ("torch", "timm", "openvino", "sentence-transformers", "numpy", "pillow", "faiss-cpu"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpu = ""
    if on_gpu():
        import torch

        gpu = torch.cuda.get_device_name()
    return Machine(model, os.cpu_count() or 1, flags, threads(), memory, versions, gpu)


def roofs(seconds: float = 1.0) -> dict[str, float]:
    """Measure the roof of each precision: GFLOP per second of a matrix product, the best of several sizes.

    Keys ``fp32`` and ``bf16`` are the processor's, per second of processor time. If a GPU is chosen, ``cuda fp32`` and
    ``cuda bf16`` are the GPU's, per second of wall time.

    Args:
        seconds: Least number of seconds to measure each size and precision for.
    """
    import torch

    from artextract.core.runtime import threads

    torch.set_num_threads(threads())
    precisions = {"fp32": torch.float32, "bf16": torch.bfloat16}
    rates = {name: _roof("cpu", dtype, SIDES, 1, time.process_time, seconds) for name, dtype in precisions.items()}
    if on_gpu():
        for name, dtype in precisions.items():
            rates[f"cuda {name}"] = _roof("cuda", dtype, GPU_SIDES, GPU_PRODUCTS, time.perf_counter, seconds)
    return rates


def _roof(
    where: str, dtype: Any, sides: tuple[int, ...], products: int, clock: Callable[[], float], seconds: float
) -> float:
    """Highest rate over all sizes and repeats: other programs on the machine would lower a median, but not this."""
    import torch

    best = 0.0
    for side in sides:
        a, b = (torch.randn(side, side, device=where).to(dtype) for _ in range(2))
        torch.mm(a, b)
        wait()
        end, first = time.perf_counter() + seconds, True
        while first or time.perf_counter() < end:
            first, start = False, clock()
            for _ in range(products):
                torch.mm(a, b)
            wait()
            best = max(best, products * 2 * side**3 / max(clock() - start, 1e-9) / 1e9)
    return best
