"""Images of a collection in batches for a network, and its outputs in blocks with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from artextract.core.prefetch import prefetched
from artextract.core.runtime import threads
from artextract.data.images.shards import Images
from artextract.encoders.image import Preprocessing
from artextract.encoders.quick_pixels import quick_pixels

if TYPE_CHECKING:
    import torch

BLOCK = 64  # rows that a kill may cost


def pixels(
    reader: Images, rows: Iterable[int], preprocessing: Preprocessing, batch: int, *, scaled: bool
) -> Iterator[torch.Tensor]:
    """Batches of uint8 (b, 3, size, size), decoded ahead.

    Args:
        reader: The images.
        rows: Rows wanted.
        preprocessing: How images are framed.
        batch: Images at a time.
        scaled: Large JPEGs are decoded smaller, and torch reduces images (``quick_pixels``): in half the time, and
            not quite the same pixels.
    """
    import torch

    transform = quick_pixels(preprocessing) if scaled else preprocessing.pixels()
    target = preprocessing.target if scaled else None
    waiting: list[torch.Tensor] = []
    ahead = 2 * max(batch, threads())
    for image in prefetched(lambda row: transform(reader.image(row, target)), rows, workers=threads(), ahead=ahead):
        waiting.append(image)
        if len(waiting) == batch:
            yield torch.stack(waiting) if batch > 1 else image[None]
            waiting = []
    if waiting:
        yield torch.stack(waiting)


def never_alone(
    missing: list[int], batch: int, compute: Callable[[list[int]], Iterator[np.ndarray]]
) -> Iterator[np.ndarray]:
    """Blocks of outputs, where no image is in a batch of its own unless all are.

    An image gives the same bits in every batch of two images or more, and others alone (seen with torch in fp32 on a
    CPU). So the last one is given twice where it would be alone, and an embedding does not depend on what was in the
    cache already.
    """
    alone = batch > 1 and len(missing) % batch == 1
    left = len(missing)
    for block in compute([*missing, missing[-1]] if alone else missing):
        yield block[:left]
        left -= len(block[:left])


def blocks(outputs: Iterable[np.ndarray], missing: int, total: int, describe: str) -> Iterator[np.ndarray]:
    """Outputs some batches at a time, with progress, rate and time left.

    Args:
        outputs: Batches of the missing rows.
        missing: How many rows these are.
        total: How many rows there are; the others are there already.
        describe: Label of the progress bar.
    """
    from tqdm import tqdm

    parts, held, done = [], 0, 0
    with tqdm(total=total, initial=total - missing, desc=describe, unit="img", mininterval=1) as bar:
        for part in outputs:
            parts.append(part)
            held += len(part)
            bar.update(len(part))
            if held >= BLOCK or done + held == missing:
                yield np.concatenate(parts)
                done, parts, held = done + held, [], 0
