"""Threads, device and unit vectors: what all numerical modules share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from artextract.runtime import threads

if TYPE_CHECKING:
    import torch


def unit_rows(array: np.ndarray) -> np.ndarray:
    """Rows scaled to length one, float32; a zero row stays zero."""
    norms = np.linalg.norm(array, axis=1, keepdims=True)
    return (array / np.where(norms == 0, 1, norms)).astype(np.float32)


def set_threads() -> None:
    """A fixed number of threads and deterministic kernels: the same commit gives the same numbers."""
    import torch

    torch.set_num_threads(threads())
    torch.use_deterministic_algorithms(True)


def device() -> torch.device:
    """``ARTEXTRACT_DEVICE`` where set, else the CPU: a GPU changes last digits and is chosen knowingly."""
    import torch

    return torch.device(os.environ.get("ARTEXTRACT_DEVICE", "cpu"))
