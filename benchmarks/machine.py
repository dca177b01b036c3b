"""The machine that is measured on: its processor, and its roof in each precision. No name of the host."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")
SIDES = (1024, 2048)


@dataclass(frozen=True)
class Machine:
    """What the processor is."""

    processor: str
    cores: int
    flags: tuple[str, ...]
    threads: int
    memory_gib: float
    versions: dict[str, str]


def describe() -> Machine:
    """This machine, from /proc where it is Linux."""
    from importlib.metadata import PackageNotFoundError, version

    from artextract.runtime import threads

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
    return Machine(model, os.cpu_count() or 1, flags, threads(), memory, versions)


def roofs(seconds: float = 1.0) -> dict[str, float]:
    """GFLOP a second of processor time in a matrix product, the best of some sizes, for fp32 and bf16.

    Args:
        seconds: Of measuring for each size and precision, at least.
    """
    import torch

    from artextract.runtime import threads

    torch.set_num_threads(threads())
    found = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        best = 0.0
        for side in SIDES:
            a, b = (torch.randn(side, side).to(dtype) for _ in range(2))
            a @ b
            rates, end = [], time.perf_counter() + seconds
            while time.perf_counter() < end or not rates:
                start = time.process_time()
                a @ b
                rates.append(2 * side**3 / max(time.process_time() - start, 1e-9) / 1e9)
            best = max(best, *rates)  # a roof: what others do on the machine lowers a median
        found[name] = best
    return found
