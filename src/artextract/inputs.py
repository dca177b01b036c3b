"""What the network is fed with: tokens of a frozen backbone, or pixels decoded once, for the rows of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from artextract.artgan import TASKS
from artextract.augment import Augmentation, apply
from artextract.compute import autocast, device, on_device
from artextract.image_encoder import Preprocessing, pixel_batches
from artextract.multitask import IGNORED, MultitaskNet, make_backbone, preprocessing_of, tokens_of
from artextract.params import Train
from artextract.rows import cached_rows
from artextract.shards import ShardReader
from artextract.weights import weights_hash

BATCH = 16


@dataclass(frozen=True)
class Inputs:
    """Inputs of n images.

    Attributes:
        array: float32 tokens (n, cells, dim), or uint8 pixels (n, 3, s, s).
        preprocessing: How pixels are normalised.
        backbone_sha256: Identity of a frozen backbone's weights; "" where the backbone is trained.
    """

    array: np.ndarray
    preprocessing: Preprocessing
    backbone_sha256: str

    def batch(self, rows: np.ndarray, augmentation: Augmentation | None = None) -> Tensor:
        """The network's input for some rows, on its device; pixels as ``augmentation`` (of these rows) shows them."""
        block = torch.from_numpy(np.ascontiguousarray(self.array[rows])).to(device())
        if self.backbone_sha256:
            return block
        images = self.preprocessing.normalise(block)
        return images if augmentation is None else apply(images, augmentation)


def load_inputs(reader: ShardReader, index: pd.DataFrame, rows: Sequence[int], params: Train) -> Inputs:
    """Inputs for some rows of an index, computed once and then found in the user's cache.

    Args:
        reader: Of the whole index.
        index: With column sha256, which the cache is keyed by.
        rows: Rows wanted; result row i is image rows[i].
        params: Section ``train``.
    """
    backbone = on_device(make_backbone(params).eval())
    preprocessing = preprocessing_of(backbone)
    images = index["sha256"].iloc[list(rows)].tolist()
    if not params.frozen:
        shape = (3, preprocessing.size, preprocessing.size)

        def pixels(start: int) -> Iterator[np.ndarray]:
            for batch in pixel_batches(reader, rows[start:], preprocessing, BATCH, "decode images"):
                yield batch.numpy()

        key = (preprocessing.describe(), images)
        return Inputs(cached_rows("pixels", key, len(rows), shape, np.uint8, pixels), preprocessing, "")

    def tokens(start: int) -> Iterator[np.ndarray]:
        with torch.inference_mode():
            for batch in pixel_batches(reader, rows[start:], preprocessing, BATCH, "backbone tokens"):
                features = backbone(preprocessing.normalise(batch.to(device())))
                yield tokens_of(features, params.token_grid).float().cpu().numpy()

    with torch.inference_mode():
        example = torch.zeros(1, 3, preprocessing.size, preprocessing.size, device=device())
        cells = tokens_of(backbone(example), params.token_grid).shape[1]
    sha256 = weights_hash(backbone)
    key = (sha256, preprocessing.describe(), params.token_grid, str(device()), images)
    array = cached_rows("tokens", key, len(rows), (cells, backbone.dim), np.float32, tokens)
    return Inputs(array, preprocessing, sha256)


def labels_of(index: pd.DataFrame, rows: Sequence[int], split: str) -> dict[str, Tensor]:
    """Labels of some rows for each task, ``IGNORED`` where the row is not in ``split`` of that task; int64 (n,)."""
    part = index.iloc[list(rows)]
    return {
        task: torch.tensor(
            part[task].where(part[f"{task}_split"] == split).fillna(IGNORED).to_numpy(dtype=np.int64), device=device()
        )
        for task in TASKS
    }


def predict(net: MultitaskNet, inputs: Inputs, batch_size: int, params: Train) -> dict[str, Tensor]:
    """Logits (n, classes) of each task for all rows of ``inputs``.

    Where training mirrored images, the logits of both orientations are averaged.
    """
    net.eval()
    mirror = params.flip and not inputs.backbone_sha256
    parts: dict[str, list[Tensor]] = {task: [] for task in TASKS}
    with torch.inference_mode(), autocast(params.precision):
        for start in range(0, len(inputs.array), batch_size):
            batch = inputs.batch(np.arange(start, min(start + batch_size, len(inputs.array))))
            views = [net(batch), net(batch.flip(3))] if mirror else [net(batch)]
            for task in TASKS:
                parts[task].append(torch.stack([view[task] for view in views]).mean(0))
    return {task: torch.cat(logits) for task, logits in parts.items()}
