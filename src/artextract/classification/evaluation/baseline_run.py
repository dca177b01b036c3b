"""All baselines of one task: from words about the image, from its colours, from a plain probe on frozen features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from artextract.classification.evaluation.baselines import baselines_without_pixels, colour_histogram, linear_probe
from artextract.classification.network.inputs import Inputs
from artextract.core.cache import cached_rows
from artextract.core.files import code_fingerprint, libraries
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.names import title_key

LEVELS, THUMB, BLOCK = 4, 64, 256
PROBE = "linear probe on frozen features"


def histograms(reader: ShardReader, index: pd.DataFrame, rows: Sequence[int]) -> np.ndarray:
    """Colour histograms of some rows of an index, from images reduced to 64 x 64; float32 (rows, 64), cached."""

    def blocks(missing: list[int]) -> Iterator[np.ndarray]:
        for at in range(0, len(missing), BLOCK):
            images = [reader.image(row).resize((THUMB, THUMB)) for row in missing[at : at + BLOCK]]
            yield colour_histogram(np.stack([np.asarray(image).transpose(2, 0, 1) for image in images]), LEVELS)

    made_by = code_fingerprint("baseline_run", "baselines", "images", "shards"), libraries("pillow", "numpy")
    key = (index["sha256"].tolist(), THUMB, LEVELS, made_by)
    return np.asarray(cached_rows("histograms", key, len(index), (LEVELS**3,), np.float32, rows, blocks))


def has_variant(index: pd.DataFrame, predictions: pd.DataFrame, task: str) -> np.ndarray:
    """Whether training rows of a task hold a title variant of each of its validation rows; boolean (n,)."""
    trained = index.loc[(index[f"{task}_split"] == "train").fillna(False), "id"]
    known = set(trained.map(title_key))
    asked = predictions[(predictions["task"] == task) & (predictions["split"] == "val")]
    return asked["id"].map(title_key).isin(known).to_numpy(dtype=bool)


def _pooled(outputs: np.ndarray) -> np.ndarray:
    """The mean over an image's places: of tokens (n, cells, dim) or of feature maps (n, dim, h, w)."""
    return outputs.mean(axis=1) if outputs.ndim == 3 else outputs.mean(axis=(2, 3), dtype=np.float32)


def task_baselines(
    index: pd.DataFrame,
    task: str,
    classes: int,
    train: tuple[Sequence[int], np.ndarray, Inputs],
    val: tuple[Sequence[int], np.ndarray, Inputs],
    seed: int,
    *,
    probe: bool = True,
) -> dict[str, np.ndarray]:
    """Probabilities of every baseline for the validation rows of a task.

    Args:
        index: See stages/prepare_artgan.py.
        task: style, genre or artist.
        classes: Number of classes.
        train: Rows that are trained on in any task, their histograms, and what the network saw of them.
        val: The same of the validation rows.
        seed: Of the solvers.
        probe: Whether the logistic regression on frozen features is wanted.

    Returns:
        Name to (validation rows of this task in order of the index, classes).
    """
    (train_rows, train_colours, train_inputs), (val_rows, val_colours, val_inputs) = train, val
    fit = (index[f"{task}_split"].iloc[list(train_rows)] == "train").fillna(False).to_numpy(dtype=bool)
    ask = (index[f"{task}_split"].iloc[list(val_rows)] == "val").fillna(False).to_numpy(dtype=bool)
    fitted, asked = index.iloc[np.array(train_rows)[fit]], index.iloc[np.array(val_rows)[ask]]
    found = baselines_without_pixels(fitted, asked, task, classes)
    y = fitted[task].to_numpy(dtype=np.int64)
    if len(np.unique(y)) < 2 or not len(asked):
        return found
    found["colour histogram"] = linear_probe(train_colours[fit], y, val_colours[ask], classes, seed)
    if probe and train_inputs.backbone_sha256:
        features = [_pooled(i.array[chosen]) for i, chosen in ((train_inputs, fit), (val_inputs, ask))]
        found[PROBE] = linear_probe(features[0], y, features[1], classes, seed)
    return found
