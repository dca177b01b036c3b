"""The frozen part of a network. Its output for each image is computed once and cached."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.classification.network.augment import Augmentation, apply, draw_view, shown
from artextract.classification.network.handed_out import Recipe, Shown, show
from artextract.classification.network.tokens import joined_tokens
from artextract.core.cache import RowView, cached_rows
from artextract.core.compute import backend, device
from artextract.core.executors.rows import require_same, rows_over
from artextract.core.files import read_json, write_metrics
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import dropped_unless_intact, make_kept
from artextract.data.images.shards import Images, ShardReader
from artextract.encoders.agreement import check
from artextract.encoders.backends import Backend, computed_by, fast_backend, reference_backend, whole
from artextract.encoders.batches import blocks, never_alone, pixels
from artextract.encoders.image import Preprocessing, pixel_batches
from artextract.encoders.parts import StageMaps, frozen_part, split_frozen, split_maps
from artextract.encoders.trial import try_sizes
from artextract.encoders.weights import weights_hash
from artextract.params.sections import Train

AGREEMENT = "agreement with fp32"
BATCH = 16
PAIR = 2  # torch computes one image alone in another way than two or more, and the last digits differ


class Tokens(nn.Module):
    """Feature maps of several depths to tokens (n, cells, dim), as a module."""

    def __init__(self, grid: int):
        """See ``joined_tokens``."""
        super().__init__()
        self.grid = grid

    def forward(self, maps: list[Tensor]) -> Tensor:
        """As ``joined_tokens``."""
        return joined_tokens(maps, self.grid)


@dataclass(frozen=True)
class Part:
    """The frozen part of one network, and what identifies its output.

    Attributes:
        modules: They follow each other; only the last one may be in bf16.
        preprocessing: How images are framed and normalised.
        sha256: Hash of the weights.
        kind: Folder of the cache: tokens, or features where trained stages follow.
        key: What else the output depends on.
        widths: Channels of each block of a token; () for a feature map.
    """

    modules: list[nn.Module]
    preprocessing: Preprocessing
    sha256: str
    kind: str
    key: tuple[Any, ...] = ()
    widths: tuple[int, ...] = ()


def token_part(
    model: nn.Module, preprocessing: Preprocessing, layers: Sequence[int], grid: int, name: str = "the network"
) -> Part:
    """All of a network as tokens of some of its stages and of its last feature map.

    Args:
        model: A timm model without classifier, in eval mode, on its device.
        preprocessing: How images are framed and normalised.
        layers: Numbers of the stages.
        grid: Rows and columns of tokens.
        name: Name of the network, for messages.

    Raises:
        ArtExtractError: The network cannot take images of that size, or its features are no map.
    """
    widths: tuple[int, ...] = ()

    def look(images: Tensor) -> None:
        nonlocal widths
        widths = tuple(features.shape[1] for features in StageMaps(model, layers)(images))

    remedy = "set its size to 0 for the size that it was trained with, or choose another network"
    try_sizes(name, look, [preprocessing.size], of=model, where="params.yaml: train", remedy=remedy)
    modules = split_maps(model, layers, Tokens(grid))
    return Part(modules, preprocessing, weights_hash(model), "tokens", (grid, sorted(set(layers))), widths)


def feature_part(backbone: nn.Module, preprocessing: Preprocessing, tuned: int) -> Part:
    """The stages of a backbone before its last ``tuned`` ones, as a feature map."""
    sha256 = weights_hash(frozen_part(backbone, tuned))
    return Part(split_frozen(backbone, tuned), preprocessing, sha256, "features")


class FrozenStages:
    """Outputs of the frozen part of a network: tokens, or feature maps for the stages that follow.

    In fp32, torch always runs full batches (the last one is padded), so an image's result does not depend on how many
    others are in its batch. The fast path uses the backend that suits the hardware, after a check against fp32 on
    images of the collection.
    """

    def __init__(self, part: Part, params: Train, name: str = "backbone", recipe: Recipe | None = None):
        """Take the part.

        Args:
            part: In eval mode and on its device.
            params: Section ``train``.
            name: For the progress bar.
            recipe: What other processes make the same stages from; None: they are for this process alone.
        """
        self.recipe = recipe
        self.part, self.preprocessing, self.params, self.name = part, part.preprocessing, params, name
        self.net = whole(part.modules)[0]
        self.dtype = np.float32 if part.kind == "tokens" else np.float16
        with torch.inference_mode():
            example = torch.zeros(1, 3, self.preprocessing.size, self.preprocessing.size, device=device())
            self.shape = tuple(self.net(example).shape[1:])
        self._backend: Backend | None = None
        self._record: Path | None = None
        self._agrees = False

    def outputs(self, reader: ShardReader, index: pd.DataFrame, rows: Sequence[int], view: int) -> RowView:
        """Outputs (len(rows), ...) for one view of each image, computed where the user's cache lacks them.

        Args:
            reader: Reader of all images of the index.
            index: With column sha256.
            rows: Rows wanted.
            view: See ``augment.draw_view``.

        Raises:
            ArtExtractError: A fast backend does not agree with fp32.
        """
        p = self.params
        part = self.part
        key = self._key(len(rows))
        if self._backend is not None:
            self._record = cache_folder() / "agreement" / f"{content_key(key, index['sha256'].tolist())}.json"
        identity = content_key(key)
        if view:
            key += [view, p.flip, p.crop if view > int(p.flip) else 0.0]
        key.append(index["sha256"].tolist())
        augmentation = draw_view(len(index), view, flip=p.flip, crop=p.crop) if view else None
        label = f"{self.name}, view {view}" if view else self.name

        def here(missing: list[int]) -> Iterator[np.ndarray]:
            return self._computed(reader, missing, augmentation, label)

        def shard(some: list[int]) -> Shown:
            assert self.recipe is not None
            seen = None if augmentation is None else augmentation.rows(np.array(some))
            name = content_key(key, some)
            return Shown(name, reader.part(some), self.recipe, seen, len(rows), identity)

        def compute(missing: list[int]) -> Iterator[np.ndarray]:
            if self._backend is not None:
                self._check(self._backend, reader)
            if self.recipe is None:
                return here(missing)
            folder = cache_folder() / part.kind / f"{identity}-handed-out"
            size = int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize
            return rows_over(missing, here, shard, show, folder=folder, row_bytes=size, describe=label)

        found = cached_rows(part.kind, key, len(index), self.shape, self.dtype, rows, compute)
        if self._backend is not None and self._record is not None:
            self._agrees = self._agrees or dropped_unless_intact(self._record, AGREEMENT)
            self._check(self._backend, reader)  # a record that was lost or damaged is made anew
        return found

    def direct(self, reader: Images, view: int = 0) -> np.ndarray:
        """Outputs (len(reader), ...) of images that are in no index, kept nowhere; the same as ``outputs`` gives.

        A fast backend is checked once per network and machine, on the first images that it gets.

        Args:
            reader: The images.
            view: 0 is the image as it is, 1 its mirror image (with ``flip``).
        """
        p, rows = self.params, range(len(reader))
        augmentation = draw_view(len(rows), view, flip=p.flip, crop=p.crop) if view else None
        if p.precision != "fast":
            batches = pixels(reader, rows, self.preprocessing, BATCH, scaled=False)
            return np.concatenate(list(self._run(batches, rows, augmentation, PAIR)))
        backend = self._checked(reader)
        batches = pixels(reader, rows, self.preprocessing, max(BATCH, backend.batch), scaled=True)
        seen = batches if augmentation is None else shown(batches, rows, augmentation)
        return np.concatenate(list(backend.outputs(seen))).astype(self.dtype)

    def _checked(self, reader: Images) -> Backend:
        """The fast backend, compared with fp32 on these images unless this machine has compared it before."""
        part = self.part
        identity = content_key(part.sha256, self.shape, list(part.key))
        if self._backend is None:
            self._backend = fast_backend(part.modules, self.preprocessing, identity, len(reader))
        if not self._agrees:
            key = (identity, self.preprocessing.describe(), self._backend.name, computed_by(__name__))
            self._record = cache_folder() / "agreement" / f"{content_key(key)}.json"
            self._agrees = dropped_unless_intact(self._record, AGREEMENT)
            self._check(self._backend, reader)
        return self._backend

    def _check(self, backend: Backend, reader: Images) -> None:
        """Compare the backend with fp32, once, and only if something is to be computed."""
        if not self._agrees:
            print(f"{self.name}: {backend.name}", *filter(None, [backend.hint]), sep="\n", file=sys.stderr, flush=True)
            reference = reference_backend(self.net, self.preprocessing, BATCH)
            agreed = check(backend, reference, reader, self.preprocessing, "train")
            assert self._record is not None
            # for runs that find everything in the cache
            make_kept(self._record, lambda new: write_metrics(new, agreed))
            self._agrees = True

    def describe(self) -> dict[str, Any]:
        """Name of the backend and, if it is a fast one, its agreement with fp32; to be called after ``outputs``."""
        if self._backend is None:
            return {"backend": backend("fp32")}
        known = self._record is not None and self._record.is_file()
        return {"backend": self._backend.name} | (read_json(self._record) if known and self._record else {})

    def _key(self, images: int) -> list[Any]:
        """Everything that an output depends on besides the image and its view; chooses the backend.

        Args:
            images: How many are wanted.
        """
        part = self.part
        key: list[Any] = [part.sha256, self.preprocessing.describe(), list(part.key), str(device())]
        key.append(computed_by(__name__))
        if self.params.precision == "fast":
            identity = content_key(part.sha256, self.shape, list(part.key))
            self._backend = self._backend or fast_backend(part.modules, self.preprocessing, identity, images)
            key.append(self._backend.name)
        return key

    def _computed(
        self, reader: ShardReader, rows: list[int], augmentation: Augmentation | None, label: str
    ) -> Iterator[np.ndarray]:
        """Outputs of some rows, block by block."""
        backend = self._backend
        if backend is None:
            batches = pixel_batches(reader, rows, self.preprocessing, BATCH, label)
            return self._run(batches, rows, augmentation, BATCH)
        # More than one image at a time, though a CPU's backend takes them singly: `shown` starts threads per batch.
        batch = max(BATCH, backend.batch)

        def outputs(given: list[int]) -> Iterator[np.ndarray]:
            batches = pixels(reader, given, self.preprocessing, batch, scaled=True)
            seen = batches if augmentation is None else shown(batches, given, augmentation)
            for block in blocks(backend.outputs(seen), len(given), len(given), label):
                yield block.astype(self.dtype)

        return never_alone(rows, batch, outputs)

    def elsewhere(self, part: Shown) -> np.ndarray:
        """Outputs of some images, for the process that has asked for them.

        Raises:
            ArtExtractError: This process would compute other digits.
        """
        found = content_key(self._key(part.images))
        require_same(part.key, found, self._backend.name if self._backend else backend("fp32"))
        rows = list(range(len(part.reader)))
        return np.concatenate(list(self._computed(part.reader, rows, part.augmentation, self.name)))

    def _run(
        self, batches: Iterable[Tensor], rows: Sequence[int], augmentation: Augmentation | None, least: int
    ) -> Iterator[np.ndarray]:
        """Outputs of batches of at most ``BATCH`` images in fp32; a smaller batch is filled up to ``least``."""
        done = 0
        with torch.inference_mode():
            for batch in batches:
                n = len(batch)
                images = self.preprocessing.normalise(batch.to(device()))
                if augmentation is not None:
                    images = apply(images, augmentation.rows(np.array(rows[done : done + n])))
                done += n
                filled = functional.pad(images, (0, 0, 0, 0, 0, 0, 0, max(0, least - n)))
                yield self.net(filled)[:n].float().cpu().numpy().astype(self.dtype)
