"""Tokens: the feature map of an image as a sequence, on a grid and in an order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from artextract.core.errors import ArtExtractError


def tokens_of(features: Tensor, grid: int) -> Tensor:
    """A feature map (n, dim, r, c) pooled to at most grid x grid cells, as tokens (n, cells, dim) in row order."""
    return _pooled(features, (min(grid, features.shape[2]), min(grid, features.shape[3])))


def joined_tokens(maps: Sequence[Tensor], grid: int) -> Tensor:
    """Feature maps (n, dim_i, r_i, c_i) of any size on one grid, joined cell by cell: (n, grid * grid, sum of dim_i).

    A map with fewer cells than the grid is repeated.
    """
    return torch.cat([_pooled(features, (grid, grid)).float() for features in maps], dim=2)


def _pooled(features: Tensor, size: tuple[int, int]) -> Tensor:
    pool = pooled_by_products if features.is_cuda else functional.adaptive_avg_pool2d
    return pool(features, size).flatten(2).transpose(1, 2)


def pooled_by_products(features: Tensor, size: tuple[int, int]) -> Tensor:
    """``adaptive_avg_pool2d`` as a product with two averaging matrices, which has a deterministic gradient on a GPU.

    Args:
        features: (n, dim, r, c).
        size: Rows and columns of the result, at most r and c.

    Returns:
        (n, dim, *size), in the type of ``features``; averaged in fp32 or better.
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    rows, columns = (
        _averages(cells, side).to(features.device, dtype) for cells, side in zip(size, features.shape[2:], strict=True)
    )
    with torch.autocast(features.device.type, enabled=False):
        return (rows @ features.to(dtype) @ columns.T).to(features.dtype)


def _averages(cells: int, side: int) -> Tensor:
    """(cells, side): row i averages the pixels that cell i touches, as ``adaptive_avg_pool2d`` cuts them."""
    matrix = torch.zeros(cells, side, dtype=torch.float64)
    for i in range(cells):
        start, end = i * side // cells, math.ceil((i + 1) * side / cells)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def snake_order(cells: int) -> list[int]:
    """Cells of a square grid in reading order, every second row backwards, so that neighbours follow each other."""
    side = math.isqrt(cells)
    if side * side != cells:
        raise ArtExtractError(f"{cells} tokens do not form a square grid", where="train.scan")
    rows = [list(range(r * side, (r + 1) * side)) for r in range(side)]
    return [cell for r, row in enumerate(rows) for cell in (row[::-1] if r % 2 else row)]
