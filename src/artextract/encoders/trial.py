"""Whether a network takes the images that will come, asked before anything is computed or trained.

timm has more than a thousand networks. Some take one size of images only, some have features that are no map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from artextract.core.errors import ArtExtractError
from artextract.core.words import in_words


def try_sizes(
    name: str,
    forward: Callable[[torch.Tensor], Any],
    sizes: Iterable[int],
    *,
    of: nn.Module | None = None,
    where: str = "params.yaml",
    remedy: str = "choose another network",
) -> None:
    """Run a network once for each size of the images, on one black image.

    Args:
        name: Name of the network, for the message.
        forward: Normalised images (1, 3, s, s) to whatever is needed of them.
        sizes: Sides in pixels.
        of: The network, whose device is used; the CPU where it is not given.
        where: File or parameter that names the network.
        remedy: What the user can do.

    Raises:
        ArtExtractError: The network cannot take such images, or its features are of an unknown form.
    """
    first = None if of is None else next(of.parameters(), None)
    with torch.inference_mode():
        for size in dict.fromkeys(sizes):
            images = torch.zeros(1, 3, size, size, device=None if first is None else first.device)
            try:
                forward(images)
            except ArtExtractError as error:
                raise ArtExtractError(f"{name}: {error.problem}", where=where, remedy=error.remedy or remedy) from error
            except Exception as error:  # each of timm's networks has its own way to refuse
                if (told := in_words(error)) is not None:  # memory
                    raise told from error
                said = (str(error).strip().splitlines() or [""])[0][:200]
                raise ArtExtractError(
                    f"{name} cannot be used with images of {size} x {size} pixels: {type(error).__name__}: {said}",
                    where=where,
                    remedy=remedy,
                ) from error
