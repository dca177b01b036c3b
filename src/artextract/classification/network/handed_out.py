"""Outputs of frozen stages that another process computes: what it is told, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from artextract.classification.network.augment import Augmentation
from artextract.core.compute import set_threads
from artextract.core.executors.job import Tick
from artextract.data.images.shards import ShardReader


class Stages(Protocol):
    """Frozen stages, see ``network.frozen``."""

    def elsewhere(self, part: Shown, /) -> np.ndarray:
        """Outputs of some images, for the process that has asked for them."""
        ...


@dataclass(frozen=True)
class Recipe:
    """What frozen stages are made from, so that another process can make them too.

    Attributes:
        make: A function of a module that makes them.
        network: A network of ``train.networks`` as JSON; "" for the first stages of a backbone whose last are tuned.
        params: Section ``train`` as JSON.
        grid: Rows and columns of tokens.
    """

    make: Callable[[Recipe], Stages]
    network: str
    params: str
    grid: int


@dataclass(frozen=True)
class Shown:
    """Images that another process takes through frozen stages: see ``core.executors.job.Shard``.

    Attributes:
        name: By all that the outputs depend on.
        reader: The images.
        recipe: Of the stages.
        augmentation: How each of them is shown; None for the image as it is.
        images: How many are wanted in all.
        key: Of the stages, the code, the libraries and the threads.
    """

    name: str
    reader: ShardReader
    recipe: Recipe
    augmentation: Augmentation | None
    images: int
    key: str

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.reader)


def show(part: Shown, tick: Tick) -> np.ndarray:
    """Outputs (n, ...) of frozen stages for some images; see ``FrozenStages.elsewhere``."""
    return _made(part.recipe).elsewhere(part)


@lru_cache(maxsize=1)
def _made(recipe: Recipe) -> Stages:
    """The stages of a process that computes shards, once for all of them."""
    set_threads()
    return recipe.make(recipe)
