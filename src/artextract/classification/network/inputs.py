"""Inputs of the network: decoded pixels, or the cached output of the frozen part of the backbone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from artextract.classification.network.augment import SMALLER, Augmentation, apply, resize
from artextract.classification.network.backbones import make_backbone, preprocessing_of
from artextract.classification.network.frozen import FrozenStages, feature_part
from artextract.classification.network.handed_out import Recipe
from artextract.classification.network.network import IGNORED
from artextract.classification.network.networks import load_part, networks_of
from artextract.core.cache import RowView, cached_rows
from artextract.core.compute import autocast, device, on_device
from artextract.core.fingerprint import content_key
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.encoders.backends import computed_by
from artextract.encoders.image import Preprocessing, pixel_batches
from artextract.encoders.trial import try_sizes
from artextract.params.sections import Network, Train

BATCH = 16


@dataclass(frozen=True)
class Joined:
    """Tokens of several networks next to each other, read only when they are looked at.

    Attributes:
        parts: (n, cells, dim_i) of each network.
    """

    parts: tuple[RowView, ...]

    def __len__(self) -> int:  # noqa: D105
        return len(self.parts[0])

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Tokens of some rows, (m, cells, sum of dim_i)."""
        return np.concatenate([part[rows] for part in self.parts], axis=-1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: D105
        return np.asarray(np.concatenate([np.asarray(part) for part in self.parts], axis=-1), dtype=dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, cells, sum of dim_i)."""
        return (*self.parts[0].shape[:-1], sum(part.shape[-1] for part in self.parts))

    @property
    def dtype(self) -> np.dtype:
        """Type of an element."""
        return self.parts[0].dtype


Rows = np.ndarray | RowView | Joined


@dataclass(frozen=True)
class Inputs:
    """Inputs of n images.

    Attributes:
        array: uint8 pixels (n, 3, s, s); or of frozen stages: float16 feature maps (n, c, h, w) where others follow
            that are tuned, float32 tokens (n, cells, dim) where all are frozen.
        preprocessing: How pixels are normalised; of several networks, that of the first.
        backbone_sha256: Identity of the frozen stages' weights; "" where nothing is frozen.
        further: The same of further views of the images, see ``augment.draw_view``.
        computed: What frozen stages were computed by, and how well it agrees with fp32: for the metrics.
        widths: Channels of each block (a stage, or the last feature map) of each network whose tokens these are.
    """

    array: Rows
    preprocessing: Preprocessing
    backbone_sha256: str
    further: tuple[Rows, ...] = ()
    computed: dict[str, Any] = field(default_factory=dict)
    widths: tuple[tuple[int, ...], ...] = ()

    def batch(
        self, rows: np.ndarray, augmentation: Augmentation | None = None, views: np.ndarray | None = None
    ) -> Tensor:
        """The network's input for some rows, on its device.

        Args:
            rows: Rows wanted.
            augmentation: How the pixels of these rows are shown; the output of frozen stages stays as it is.
            views: The view that is taken of each of these rows; view 0 of all where not given.
        """
        block = np.ascontiguousarray(self.array[rows])
        if views is not None:
            for view, array in enumerate(self.further, start=1):
                block[views == view] = array[rows[views == view]]
        inputs = torch.from_numpy(block).to(device())
        if self.backbone_sha256:
            inputs = inputs.float()
            return inputs if inputs.ndim == 3 else inputs.contiguous(memory_format=torch.channels_last)
        images = self.preprocessing.normalise(inputs)
        return images if augmentation is None else apply(images, augmentation)


def evaluation_views(params: Train) -> int:
    """Views that predictions are averaged over: the image, and its mirror image where training saw it."""
    return 2 if params.views > 1 and params.flip else 1


def load_inputs(reader: ShardReader, index: pd.DataFrame, rows: Sequence[int], params: Train, views: int = 1) -> Inputs:
    """Inputs for some rows of an index, computed once and then found in the user's cache.

    Args:
        reader: Reader of all images of the index.
        index: With column sha256, which the cache is keyed by.
        rows: Rows wanted; result row i is image rows[i].
        params: Section ``train``.
        views: How many views frozen stages see.
    """
    if params.frozen:
        return load_tokens(reader, index, rows, networks_of(params), params, views)
    backbone = on_device(make_backbone(params).eval())
    preprocessing = preprocessing_of(backbone)
    _try_backbone(backbone, preprocessing.size, params)
    if not params.tuned_stages:
        return Inputs(_pixels(reader, index, rows, preprocessing), preprocessing, "")
    part = feature_part(backbone, preprocessing, params.tuned_stages)
    stages = FrozenStages(part, params, recipe=Recipe(make_frozen, "", params.model_dump_json(), 0))
    arrays = [stages.outputs(reader, index, rows, view) for view in range(views)]
    return Inputs(arrays[0], preprocessing, stages.part.sha256, tuple(arrays[1:]), stages.describe())


def make_frozen(recipe: Recipe) -> FrozenStages:
    """Frozen stages as their recipe says, for a process that computes shards; see ``weights.timm_model`` for errors."""
    params = Train.model_validate_json(recipe.params)
    if recipe.network:
        network = Network.model_validate_json(recipe.network)
        return FrozenStages(load_part(network, params, recipe.grid), params, network.name, recipe)
    backbone = on_device(make_backbone(params).eval())
    part = feature_part(backbone, preprocessing_of(backbone), params.tuned_stages)
    return FrozenStages(part, params, recipe=recipe)


def _try_backbone(backbone: nn.Module, size: int, params: Train) -> None:
    """Refuse a backbone that cannot take the sizes of images that training and prediction will bring."""
    name, where = params.backbone, "params.yaml: train.backbone"
    try_sizes(name, backbone, [size], of=backbone, where=where)
    if params.tuned_stages:  # the stages before them see one size only
        return
    if params.progressive:
        remedy = "set train.progressive=0, or choose a backbone that takes images of any size"
        try_sizes(name, backbone, [round(SMALLER * size)], of=backbone, where=where, remedy=remedy)
    remedy = "set train.test_scale=1, or choose a backbone that takes images of any size"
    try_sizes(name, backbone, [round(params.test_scale * size)], of=backbone, where=where, remedy=remedy)


def load_tokens(
    reader: ShardReader,
    index: pd.DataFrame,
    rows: Sequence[int],
    networks: Sequence[Network],
    params: Train,
    views: int = 1,
) -> Inputs:
    """Tokens of some rows by frozen networks, each computed once and then found in the user's cache.

    A linear head sees the mean of each feature map, as one token.

    Args:
        reader: Reader of all images of the index.
        index: With column sha256.
        rows: Rows wanted.
        networks: Frozen networks.
        params: head, token_grid, framing, flip, crop and precision are used.
        views: How many views of each image.
    """
    grid = 1 if params.head == "linear" else params.token_grid
    stages, arrays = [], []
    for network in networks:
        recipe = Recipe(make_frozen, network.model_dump_json(), params.model_dump_json(), grid)
        one = FrozenStages(load_part(network, params, grid), params, network.name, recipe)
        arrays.append([one.outputs(reader, index, rows, view) for view in range(views)])
        stages.append(one)
    by_view = [parts[0] if len(parts) == 1 else Joined(parts) for parts in zip(*arrays, strict=True)]
    shas = [one.part.sha256 for one in stages]
    computed = stages[0].describe()
    for number, one in enumerate(stages[1:], start=1):
        computed |= {f"{number}_{name}": value for name, value in one.describe().items()}
    return Inputs(
        by_view[0],
        stages[0].preprocessing,
        shas[0] if len(shas) == 1 else content_key(shas),
        tuple(by_view[1:]),
        computed,
        tuple(one.part.widths for one in stages),
    )


def _pixels(reader: ShardReader, index: pd.DataFrame, rows: Sequence[int], preprocessing: Preprocessing) -> RowView:
    shape = (3, preprocessing.size, preprocessing.size)

    def pixels(missing: list[int]) -> Iterator[np.ndarray]:
        for batch in pixel_batches(reader, missing, preprocessing, BATCH, "decode images"):
            yield batch.numpy()

    key = (preprocessing.describe(), computed_by(__name__), index["sha256"].tolist())
    return cached_rows("pixels", key, len(index), shape, np.uint8, rows, pixels)


def labels_of(index: pd.DataFrame, rows: Sequence[int], split: str) -> dict[str, Tensor]:
    """Labels of some rows for each task, ``IGNORED`` where the row is not in ``split`` of that task; int64 (n,)."""
    part = index.iloc[list(rows)]
    return {
        task: torch.tensor(
            part[task].where(part[f"{task}_split"] == split).fillna(IGNORED).to_numpy(dtype=np.int64), device=device()
        )
        for task in TASKS
    }


def predict(net: nn.Module, inputs: Inputs, batch_size: int, params: Train) -> dict[str, Tensor]:
    """Logits (n, classes) of each task for all rows of ``inputs``.

    Where training mirrored images, the logits of both orientations are averaged. Pixels are enlarged by
    ``test_scale``: random crops showed training things larger than they are (Touvron et al. 2019).
    """
    net.eval()
    mirror = params.flip and not inputs.backbone_sha256
    views = range(evaluation_views(params) if inputs.further else 1)
    parts: dict[str, list[Tensor]] = {task: [] for task in TASKS}
    with torch.inference_mode(), autocast(params.precision):
        for start in range(0, len(inputs.array), batch_size):
            rows = np.arange(start, min(start + batch_size, len(inputs.array)))
            batches = [inputs.batch(rows, views=np.full(len(rows), view)) for view in views]
            if not inputs.backbone_sha256:
                batches = [resize(batches[0], round(params.test_scale * inputs.preprocessing.size))]
            if mirror:
                batches.append(batches[0].flip(3))
            logits = [net(batch) for batch in batches]
            for task in TASKS:
                parts[task].append(torch.stack([one[task] for one in logits]).mean(0))
    return {task: torch.cat(logits) for task, logits in parts.items()}
