"""Whatever a timm model calls its features, as a map."""

from __future__ import annotations

import math

from torch import Tensor

from artextract.core.errors import ArtExtractError


def feature_map(features: Tensor, dim: int, prefix_tokens: int) -> Tensor:
    """Whatever a timm model calls its features, as (n, dim, rows, columns).

    Args:
        features: (n, dim, r, c) of a CNN, (n, r, c, dim) of a Swin-like model, or (n, prefix + r * c, dim) of a
            ViT, whose prefix tokens (class, registers) are dropped and whose patches are in row order.
        dim: The model's number of features.
        prefix_tokens: Tokens before the patches.

    Raises:
        ArtExtractError: The features are of another form: several at once, a single vector, or no square of patches.
    """
    if not isinstance(features, Tensor):
        raise _no_map(f"gives {type(features).__name__} of {len(features)} parts in place of one map of features")
    shape = " x ".join(map(str, features.shape[1:]))
    if features.ndim == 3 and features.shape[2] == dim:
        patches = features[:, prefix_tokens:]
        side = math.isqrt(patches.shape[1])
        if side * side != patches.shape[1] or patches.shape[1] < 2:
            raise _no_map(f"{patches.shape[1]} patch tokens do not form a square grid")
        return patches.transpose(1, 2).reshape(len(features), dim, side, side)
    if features.ndim == 4 and features.shape[1] == dim:
        return features
    if features.ndim == 4 and features.shape[3] == dim:
        return features.permute(0, 3, 1, 2)
    raise _no_map(f"gives features of the form {shape}, which are no map of {dim} channels")


def _no_map(problem: str) -> ArtExtractError:
    return ArtExtractError(problem, where="params.yaml", remedy="choose another network")
