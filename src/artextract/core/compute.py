"""Threads, device and unit vectors: what all numerical modules share."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from artextract.core.runtime import threads

if TYPE_CHECKING:
    import torch
    from torch import nn

Net = TypeVar("Net", bound="nn.Module")


ROWS = 1 << 12  # rows that are worked on at a time: what is copied on the way is small beside a large array


def unit_rows(array: np.ndarray) -> np.ndarray:
    """Rows scaled to length one, float32; a zero row stays zero. The array may be mapped from a file."""
    return unit_of(array.shape, lambda rows: array[rows])


def unit_of(shape: tuple[int, ...], made: Callable[[slice], np.ndarray]) -> np.ndarray:
    """``unit_rows`` of an array (n, d) that is made some thousands of rows at a time and never held as a whole.

    Args:
        shape: (n, d).
        made: From a slice of the rows to these rows (m, d).
    """
    unit = np.empty(shape, dtype=np.float32)
    for start in range(0, len(unit), ROWS):
        rows = made(slice(start, start + ROWS))
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        unit[start : start + ROWS] = rows / np.where(norms == 0, 1, norms)
    return unit


def set_threads() -> None:
    """A fixed number of threads and deterministic kernels: the same commit gives the same numbers."""
    import torch

    torch.set_num_threads(threads())
    # The same as use_deterministic_algorithms(True), which imports torch's compiler too: 1.5 s of every stage.
    torch.set_deterministic_debug_mode("error")


def bf16_pays() -> bool:
    """Whether the device multiplies bf16 faster than fp32."""
    import torch

    if device().type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def autocast(precision: str) -> AbstractContextManager[object]:
    """Convolutions and products in bf16 where ``precision`` is fast and the device gains from it."""
    import torch

    return torch.autocast(device().type, torch.bfloat16, enabled=precision == "fast" and bf16_pays())


def backend(precision: str) -> str:
    """Name of the device and the precision that numbers are computed with, for the metrics."""
    return f"torch {device().type} {'bf16' if precision == 'fast' and bf16_pays() else 'fp32'}"


def device() -> torch.device:
    """``ARTEXTRACT_DEVICE`` where set, else the CPU: a GPU changes last digits and is chosen knowingly."""
    import torch

    return torch.device(os.environ.get("ARTEXTRACT_DEVICE", "cpu"))


def on_device(net: Net) -> Net:
    """The network on ``device()``, channels last (convolutions are faster so)."""
    import torch

    move: Any = net.to  # torch's annotations do not know memory_format
    return move(device(), memory_format=torch.channels_last)
