"""What in a picture mattered for an answer: parts are covered one after the other, and the probability is watched.

A picture is divided into a grid of cells. A window of a few cells is covered with the picture's mean colour, at every
place in turn. The importance of a cell is the mean fall of the answer's log-probability over the windows that cover it
(Zeiler and Fergus 2014). A deletion test checks the result: cells are covered in the order of their importance, and in
random orders. The probability must fall faster in the first case, otherwise the importance explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from artextract.core.tasks import TASKS
from artextract.data.images.decode import Target

GRID, WINDOW = 8, 2  # cells of a side of the picture, and of a window
SHARES = (0.1, 0.2, 0.3, 0.5)  # of the cells that the deletion test covers
ORDERS = 5  # random ones
BATCH = 64  # covered pictures at a time

Probabilities = Callable[["Covered"], Mapping[str, np.ndarray]]  # of covered pictures, per task (n, classes)


class Covered:
    """Copies of a picture in which cells are covered with its mean colour; each is made when it is looked at."""

    def __init__(self, image: Image.Image, masks: np.ndarray):
        """Take a picture, RGB, and which cells are covered in each copy, boolean (n, rows, columns)."""
        self._pixels, self._masks = np.asarray(image), masks
        self._mean = self._pixels.mean((0, 1)).round().astype(np.uint8)
        self._edges = [np.linspace(0, side, GRID + 1).round().astype(int) for side in self._pixels.shape[:2]]

    def __len__(self) -> int:  # noqa: D105
        return len(self._masks)

    def image(self, row: int, target: Target | None = None) -> Image.Image:
        """See ``Images``."""
        pixels = self._pixels.copy()
        rows, columns = self._edges
        for i, j in np.argwhere(self._masks[row]):
            pixels[rows[i] : rows[i + 1], columns[j] : columns[j + 1]] = self._mean
        return Image.fromarray(pixels)


@dataclass(frozen=True)
class Why:
    """What mattered for the most probable class of one task.

    Attributes:
        answer: Number of the class.
        probability: Its probability for the whole picture.
        importance: Mean fall of its log-probability while a cell is covered, (GRID, GRID).
        falling: Its probability with ``SHARES`` of the cells covered, the most important first.
        at_random: The same in random order, (ORDERS, shares).
    """

    answer: int
    probability: float
    importance: np.ndarray
    falling: np.ndarray
    at_random: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether the probability falls faster than in random orders, by more than these differ from each other."""
        others = self.at_random.mean(axis=1)
        return bool(self.falling.mean() < others.mean() - others.std(ddof=1))


def explain(image: Image.Image, probabilities: Probabilities, seed: int = 0) -> dict[str, Why]:
    """What mattered for the most probable class of each task.

    Args:
        image: The picture as the network is shown it, RGB.
        probabilities: The network.
        seed: Seed of the random orders.
    """
    windows = window_masks()
    seen = _all(image, np.concatenate([np.zeros((1, GRID, GRID), dtype=bool), windows]), probabilities)
    answers = {task: int(p[0].argmax()) for task, p in seen.items()}
    importance = {task: importance_of(np.log(np.maximum(seen[task][:, answers[task]], 1e-12))) for task in seen}
    rng = np.random.default_rng(seed)
    orders = [np.argsort(-importance[task].ravel(), kind="stable") for task in TASKS]
    orders += [rng.permutation(GRID * GRID) for _ in range(ORDERS)]
    covered = _all(image, np.concatenate([_deletions(order) for order in orders]), probabilities)
    found = {}
    for number, task in enumerate(TASKS):
        falls = covered[task][:, answers[task]].reshape(len(orders), len(SHARES))
        found[task] = Why(
            answers[task],
            float(seen[task][0, answers[task]]),
            importance[task],
            falls[number],
            falls[len(TASKS) :],
        )
    return found


def window_masks() -> np.ndarray:
    """Every place of a window, boolean (n, GRID, GRID); at the edges it sticks out, so that all cells count alike."""
    places = range(1 - WINDOW, GRID)
    masks = np.zeros((len(places) ** 2, GRID, GRID), dtype=bool)
    for number, (i, j) in enumerate((i, j) for i in places for j in places):
        masks[number, max(0, i) : i + WINDOW, max(0, j) : j + WINDOW] = True
    return masks


def importance_of(log_p: np.ndarray) -> np.ndarray:
    """Importance of each cell, (GRID, GRID).

    Args:
        log_p: Log-probability of the answer for the whole picture, then for each of ``window_masks``.
    """
    masks = window_masks()
    falls = log_p[0] - log_p[1:]
    # a window that sticks out covers fewer cells, and says more of each of them
    shares = masks / masks.sum((1, 2), keepdims=True)
    return np.einsum("n,nij->ij", falls, shares) / shares.sum(0)


def _deletions(order: np.ndarray) -> np.ndarray:
    """Masks (shares, GRID, GRID) that cover the first cells of an order."""
    masks = np.zeros((len(SHARES), GRID * GRID), dtype=bool)
    for number, share in enumerate(SHARES):
        masks[number, order[: round(share * GRID * GRID)]] = True
    return masks.reshape(-1, GRID, GRID)


def _all(image: Image.Image, masks: np.ndarray, probabilities: Probabilities) -> dict[str, np.ndarray]:
    parts: Sequence[Mapping[str, np.ndarray]] = [
        probabilities(Covered(image, masks[start : start + BATCH])) for start in range(0, len(masks), BATCH)
    ]
    return {task: np.concatenate([part[task] for part in parts]) for task in TASKS}
