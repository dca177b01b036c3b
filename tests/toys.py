"""Small classification data for the tests of task 1: parameters of a quick run, and paintings in a single colour."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from artextract.classification.network.inputs import Inputs
from artextract.classification.network.training_rows import Data
from artextract.core.tasks import TASKS
from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.encoders.image import Preprocessing
from artextract.params.reading import read_params
from artextract.params.sections import Params, Train

COMMITTED = Path(__file__).resolve().parent.parent / "params.yaml"
COLOURS = np.array([[200, 40, 40], [40, 180, 60], [50, 60, 200], [210, 200, 60]])
NAMES = {"style": ["red", "green", "blue", "yellow"], "genre": ["warm", "cold"], "artist": ["a", "b", "c"]}
CLASSES = {task: len(names) for task, names in NAMES.items()}
EVEN = {task: torch.ones(n) for task, n in CLASSES.items()}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one thread in modules that import this: with tensors this small, two threads need 32 s instead of 7 s."""
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    torch.set_num_threads(1)


def toy_params(**changes: Any) -> Params:
    """The committed parameters with the reference network and a short run; ``changes`` may name keys of any level."""
    committed = read_params(COMMITTED)
    reference = {
        "backbone": "reference", "weights": "none", "weights_sha256": "", "frozen": False, "token_grid": 4,
        "token_dim": 0, "recurrence": "shared", "scan": "rows", "mean_token": False, "hidden": 32, "layers": [],
    }  # fmt: skip
    own = set(Train.model_fields) - set(Params.model_fields)  # `seed` is the key of that name at the top
    train = reference | {key: changes.pop(key) for key in list(changes) if key in own}
    top = {"epochs": 3, "batch_size": 8, "seed": 5} | changes
    return committed.model_copy(update=top | {"train": committed.train.model_copy(update=train)})


def toy_preprocessing(size: int = 16) -> Preprocessing:
    return Preprocessing(size, None, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def toy_data(n: int, seed: int, size: int = 16) -> Data:
    """Pixels and labels of n images in a single colour; every third image has no genre, and every fourth no artist."""
    rng = np.random.default_rng(seed)
    style = np.arange(n) % 4
    pixels = COLOURS[style][:, :, None, None] + rng.integers(-30, 30, (n, 3, size, size))
    labels = {
        "style": style,
        "genre": np.where(np.arange(n) % 3 == 0, -1, style % 2),
        "artist": np.where(np.arange(n) % 4 == 1, -1, style % 3),
    }
    tensors = {task: torch.tensor(values, dtype=torch.int64) for task, values in labels.items()}
    inputs = Inputs(pixels.clip(0, 255).astype(np.uint8), toy_preprocessing(size), "")
    return Data(inputs, tensors, [f"image-{seed}-{i}" for i in range(n)], None)


def painting(colour: int, seed: int, side: int = 32) -> bytes:
    """A JPEG in one colour with noise."""
    rng = np.random.default_rng(seed)
    pixels = COLOURS[colour] + rng.integers(-30, 30, (side, side, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def toy_collection(
    folder: Path, splits: Sequence[str], labels: Mapping[str, Sequence[int | None]] | None = None
) -> tuple[ShardReader, pd.DataFrame]:
    """Write paintings into a shard; the index has the columns of prepare_artgan.

    Args:
        folder: Folder that the shard is written to.
        splits: Split of each painting, the same for all tasks that label the painting.
        labels: Labels per task, None for a painting without a label. By default, style is the colour i % 4, genre its
            parity, and artist i % 3, where every third painting has no artist.
    """
    n = len(splits)
    colour = [i % 4 for i in range(n)]
    labels = labels or {
        "style": colour,
        "genre": [c % 2 for c in colour],
        "artist": [None if i % 3 == 0 else i % 3 for i in range(n)],
    }
    sources = [Source(f"p{i}", lambda i=i: painting(colour[i], i)) for i in range(n)]
    index = write_shards(sources, folder, max_side=64)
    for task in TASKS:
        index[task] = pd.array(list(labels[task]), dtype="Int64")
        split = [s if label is not None else None for s, label in zip(splits, labels[task], strict=True)]
        index[f"{task}_split"] = pd.array(split, dtype="string")
    index["group"] = np.arange(n)
    index["stratum"] = pd.array([None] * n, dtype="string")
    return ShardReader(folder, index), index


def damage(index: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    """Copy of the index in which the images of some splits have wrong offsets, so that reading one of them raises."""
    hit = index["style_split"].isin(list(splits)).to_numpy(dtype=bool)
    return index.assign(offset=np.where(hit, 0, index["offset"]))
