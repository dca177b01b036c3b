"""Augmentation keyed by (seed, epoch, row): the same run for any number of workers and after any resumption."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SMALLER = 0.75  # side of the images in the first epochs of a progressive training


@dataclass(frozen=True)
class Augmentation:
    """The changes to each of n images in one epoch.

    Attributes:
        flip: Mirrored left to right, boolean (n,).
        scale: Share of height and width that is seen, (n, 2).
        shift: Position of the visible part, -1 to 1 of the room that is left, (n, 2).
    """

    flip: np.ndarray
    scale: np.ndarray
    shift: np.ndarray

    def rows(self, rows: np.ndarray) -> Augmentation:
        """That of some rows."""
        return Augmentation(self.flip[rows], self.scale[rows], self.shift[rows])


def draw(n: int, *, flip: bool, crop: float, seed: int, epoch: int) -> Augmentation:
    """Draw one epoch's augmentation for all rows at once.

    Args:
        n: Number of rows.
        flip: Whether images may be mirrored.
        crop: Up to this share of height and of width, each for itself, is cut away; 0 shows the whole image.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.
    """
    # A generator each: what one row gets depends neither on how many rows follow nor on the other choices.
    mirror, scale, shift = (np.random.default_rng([seed, epoch, stream]) for stream in (1, 2, 3))
    mirrored = mirror.random(n) < 0.5 if flip else np.zeros(n, dtype=bool)
    return Augmentation(mirrored, 1 - crop * scale.random((n, 2)), 2 * shift.random((n, 2)) - 1)


def draw_view(n: int, view: int, *, flip: bool, crop: float) -> Augmentation:
    """The look of all images in one of the views that frozen stages see, the same for every run.

    Args:
        n: Number of rows.
        view: 0 is the image as it is, 1 its mirror image (with ``flip``), the others are random crops, every second
            one mirrored.
        flip: Whether images may be mirrored.
        crop: As in ``draw``.
    """
    mirrored = flip and view % 2 == 1
    plain = view <= int(flip)
    drawn = draw(n, flip=False, crop=0.0 if plain else crop, seed=0, epoch=view)
    return dataclasses.replace(drawn, flip=np.full(n, mirrored))


def draw_views(n: int, views: int, *, seed: int, epoch: int) -> np.ndarray:
    """The view of each row that an epoch shows; int64 (n,)."""
    return np.random.default_rng([seed, epoch, 5]).integers(views, size=n)


def resize(images: Tensor, size: int) -> Tensor:
    """float (n, 3, s, s) to (n, 3, size, size), bilinear with antialiasing, channels last."""
    if images.shape[-1] == size:
        return images
    smaller = functional.interpolate(images.contiguous(), (size, size), mode="bilinear", antialias=True)
    return smaller.contiguous(memory_format=torch.channels_last)


def apply(images: Tensor, augmentation: Augmentation) -> Tensor:
    """Images as the network sees them in this epoch, resampled bilinearly.

    Args:
        images: float (n, 3, s, s).
        augmentation: Augmentation of these n images.
    """
    scale, shift = (torch.as_tensor(v, dtype=images.dtype) for v in (augmentation.scale, augmentation.shift))
    direction = torch.where(torch.as_tensor(augmentation.flip), -1.0, 1.0).to(images.dtype)
    if bool((scale == 1).all()):
        flip = torch.as_tensor(augmentation.flip, device=images.device)[:, None, None, None]
        return torch.where(flip, images.flip(3), images)
    theta = torch.zeros(len(images), 2, 3, dtype=images.dtype)
    theta[:, 0, 0], theta[:, 1, 1] = scale[:, 1] * direction, scale[:, 0]
    theta[:, 0, 2], theta[:, 1, 2] = (shift * (1 - scale)).flip(1).T
    grid = functional.affine_grid(theta.to(images.device), list(images.shape), align_corners=False)
    seen = functional.grid_sample(images.contiguous(), grid, padding_mode="reflection", align_corners=False)
    return seen.contiguous(memory_format=torch.channels_last)


def mix(rng: np.random.Generator, n: int, alpha: float) -> tuple[float, np.ndarray]:
    """Mixup (Zhang et al. 2018): the weight of a batch's own images, and the partner of each.

    Args:
        rng: Keyed by the step.
        n: Size of the batch.
        alpha: Parameter of the Beta distribution; 0 mixes nothing.
    """
    if not alpha:
        return 1.0, np.arange(n)
    return float(rng.beta(alpha, alpha)), rng.permutation(n)


def shown(batches: Iterable[Tensor], rows: Sequence[int], augmentation: Augmentation) -> Iterator[Tensor]:
    """Batches of uint8 pixels as a view shows them.

    Args:
        batches: (b, 3, s, s), in the order of ``rows``.
        rows: Their rows in the index.
        augmentation: Augmentation of all rows of the index.
    """
    done = 0
    for batch in batches:
        seen = apply(batch.float(), augmentation.rows(np.array(rows[done : done + len(batch)])))
        done += len(batch)
        yield seen.round().clamp(0, 255).to(torch.uint8).contiguous()
