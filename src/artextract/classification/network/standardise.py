"""Tokens in comparable units: every channel less its mean over the training images, divided by its spread."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

BLOCK = 256  # images read at a time
LEAST = 1e-6  # a channel that never changes is left at zero, and not divided by zero


class Tokens(Protocol):
    """An array (n, cells, dim), or what reads like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, cells, dim)."""
        ...

    def __len__(self) -> int:  # noqa: D105
        ...

    def __getitem__(self, key: Any, /) -> Any:  # noqa: D105
        ...


class Standardise(nn.Module):
    """Subtracts a mean and divides by a standard deviation; stages of a network differ in both by orders of size."""

    mean: Tensor
    spread: Tensor

    def __init__(self, dim: int):
        """Change nothing until ``set`` is called."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))

    def set(self, mean: np.ndarray, spread: np.ndarray) -> None:
        """Take mean and standard deviation of each channel, both (dim,)."""
        for name, values in (("mean", mean), ("spread", np.maximum(spread, LEAST))):
            getattr(self, name).copy_(torch.from_numpy(np.asarray(values, dtype=np.float32)))

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, cells, dim) to the same shape; float32."""
        return (tokens.float() - self.mean) / self.spread


def moments(tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel over all images and cells.

    Args:
        tokens: (n, cells, dim) of the training images, and of no others.

    Returns:
        Both float64 (dim,).
    """
    count, total, squares = 0, np.zeros(tokens.shape[-1]), np.zeros(tokens.shape[-1])
    for start in range(0, len(tokens), BLOCK):
        block = np.asarray(tokens[np.arange(start, min(start + BLOCK, len(tokens)))], dtype=np.float64)
        flat = block.reshape(-1, block.shape[-1])
        count, total, squares = count + len(flat), total + flat.sum(0), squares + (flat**2).sum(0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))
