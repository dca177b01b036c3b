"""Baselines that the network has to beat: some do not look at the picture, others see only colours or frozen features.

Each baseline gives probabilities (validation rows, classes) for one task, which are scored by the same functions as
the network's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from artextract.classification.network.inputs import Inputs, labels_of, load_inputs
from artextract.classification.network.linear import log_softmax
from artextract.classification.network.linear_training import Views, fit_heads
from artextract.classification.network.networks import networks_of
from artextract.classification.network.predict import Predictions
from artextract.classification.network.training_rows import rows_in
from artextract.core.cache import cached_rows
from artextract.core.fingerprint import code_of, libraries
from artextract.data.images.colours import colour_histogram
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import folder_of, painter_slug, title_key
from artextract.params.sections import Evaluate, Train

LEVELS, THUMB, BLOCK = 4, 64, 256
LARGE = 1e9  # a class without training rows has a log-probability of -inf, which has no mean
PROBE = "linear head on the same features"
LAST = "linear head on the last layer alone"

SMOOTHING = 1.0  # weight of the overall frequencies next to those of a value


def frequencies(y: np.ndarray, classes: int) -> np.ndarray:
    """Share of each class among training labels, (classes,)."""
    return np.bincount(y, minlength=classes) / max(1, len(y))


def by_value(train_values: Sequence[str], y: np.ndarray, values: Sequence[str], classes: int) -> np.ndarray:
    """Class frequencies given one word about the image: its painter's name, its folder, how its source framed it.

    Args:
        train_values: The word for each training row.
        y: Their labels.
        values: The word for each row to predict; unseen words get the overall frequencies.
        classes: Number of classes.

    Returns:
        (len(values), classes), rows sum to 1.
    """
    prior = frequencies(y, classes)
    counts: dict[str, np.ndarray] = {}
    for value, label in zip(train_values, y.tolist(), strict=True):
        counts.setdefault(value, np.zeros(classes))[label] += 1
    rows = []
    for value in values:
        seen = counts.get(value, np.zeros(classes))
        rows.append((seen + SMOOTHING * prior) / (seen.sum() + SMOOTHING))
    return np.array(rows).reshape(len(values), classes)


def baselines_without_pixels(train: pd.DataFrame, rows: pd.DataFrame, task: str, classes: int) -> dict[str, np.ndarray]:
    """Majority, painter's name, style folder (not for style: there it is the label) and source geometry.

    Args:
        train: Training rows of the task: id, stratum, and the task's label.
        rows: Rows to predict.
        task: style, genre or artist.
        classes: Number of classes.
    """
    y = train[task].to_numpy(dtype=np.int64)
    result = {"majority": np.tile(frequencies(y, classes), (len(rows), 1))}
    words = {"painter's name": painter_slug, "style folder": folder_of}
    for name, word in words.items():
        # The artist's label is the painter's name, and the style's is (nearly) the folder: no baselines there.
        if (task, name) not in {("artist", "painter's name"), ("style", "style folder")}:
            result[name] = by_value(train["id"].map(word).tolist(), y, rows["id"].map(word).tolist(), classes)
    if rows["stratum"].notna().any():
        strata = [part["stratum"].fillna("").tolist() for part in (train, rows)]
        result["source geometry"] = by_value(strata[0], y, strata[1], classes)
    return result


def histograms(reader: ShardReader, index: pd.DataFrame, rows: Sequence[int]) -> np.ndarray:
    """Colour histograms of some rows of an index, from images reduced to 64 x 64; float32 (rows, 64), cached."""

    def blocks(missing: list[int]) -> Iterator[np.ndarray]:
        for at in range(0, len(missing), BLOCK):
            images = [reader.image(row).resize((THUMB, THUMB)) for row in missing[at : at + BLOCK]]
            yield colour_histogram(np.stack([np.asarray(image).transpose(2, 0, 1) for image in images]), LEVELS)

    made_by = code_of("artextract.data.images.colours", "artextract.data.images.shards"), libraries("pillow", "numpy")
    key = (index["sha256"].tolist(), THUMB, LEVELS, made_by)
    return np.asarray(cached_rows("histograms", key, len(index), (LEVELS**3,), np.float32, rows, blocks))


def has_variant(index: pd.DataFrame, predictions: pd.DataFrame, task: str) -> np.ndarray:
    """True for each validation row of a task that has a title variant among its training rows; boolean (n,)."""
    trained = index.loc[(index[f"{task}_split"] == "train").fillna(False), "id"]
    known = set(trained.map(title_key))
    scored = predictions[(predictions["task"] == task) & (predictions["split"] == "val")]
    return scored["id"].map(title_key).isin(known).to_numpy(dtype=bool)


@dataclass(frozen=True)
class Seen:
    """Information that baselines may use about a split, for the rows that are in it for any task.

    Attributes:
        rows: Rows of the index.
        colours: Their colour histograms, (rows, 64).
        inputs: Inputs of the network, row i = input_rows[i]; None where no baseline looks at them.
        small: Rows whose images are too small for one of the networks: they have no inputs.
    """

    rows: Sequence[int]
    colours: np.ndarray
    inputs: Inputs | None
    small: frozenset[int] = frozenset()

    @property
    def input_rows(self) -> list[int]:
        """Rows of the index that have inputs."""
        return [row for row in self.rows if row not in self.small]


def look_at(
    reader: ShardReader, index: pd.DataFrame, params: Train, predicted: Mapping[str, Predictions], *, probe: bool
) -> dict[str, Seen]:
    """Gather the information that baselines may use about the splits train, select and val.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        params: Section ``train`` that the network was trained with.
        predicted: Predictions of the select and val rows, whose inputs are at hand.
        probe: Whether baselines look at the inputs of the training rows.
    """
    seen = {split: Seen(f.rows, histograms(reader, index, f.rows), f.inputs) for split, f in predicted.items()}
    rows = rows_in(index, "train")
    large = rows_in(index, "train", max(network.min_side for network in networks_of(params)))
    inputs = load_inputs(reader, index, large, params, params.views) if probe else None
    return seen | {"train": Seen(rows, histograms(reader, index, rows), inputs, frozenset(rows) - frozenset(large))}


def task_baselines(
    index: pd.DataFrame,
    task: str,
    seen: Mapping[str, Seen],
    weights: Mapping[str, Sequence[float]],
    train: Train,
    params: Evaluate,
    seed: int,
) -> dict[str, np.ndarray]:
    """Probabilities of every baseline for the validation rows of a task.

    The linear heads are tuned like the network: the same rows, views, class weights and layers, and a penalty chosen on
    the select rows by the same cost. Rows that are too small for one of the networks train the other baselines alone.

    Args:
        index: See stages/prepare_artgan.py.
        task: style, genre or artist.
        seen: What may be used of the rows that are in train, select and val of any task.
        weights: Class weights of each task.
        train: Section ``train`` that the network was trained with.
        params: Section ``evaluate``; probe is used.
        seed: Seed of the solvers.

    Returns:
        Name to (validation rows of this task in order of the index, classes).
    """
    labelled = {
        split: (index[f"{task}_split"].iloc[list(of.rows)] == split).fillna(False).to_numpy(dtype=bool)
        for split, of in seen.items()
    }
    fitted, scored = (index.iloc[np.array(seen[split].rows)[labelled[split]]] for split in ("train", "val"))
    result = baselines_without_pixels(fitted, scored, task, len(weights[task]))
    if fitted[task].nunique() < 2 or not len(scored):
        return result
    rival = _Rival(index, task, seen, weights, train.select_by, seed)
    colours = {split: [of.colours] for split, of in seen.items()}
    result["colour histogram"] = rival(colours, [seen["train"].colours.shape[1]])[labelled["val"]]
    inputs = {split: of.inputs for split, of in seen.items() if of.inputs is not None}
    if params.probe and inputs["train"].backbone_sha256:
        means = {split: _means(of) for split, of in inputs.items()}
        widths = inputs["train"].widths or ((means["train"][0].shape[1],),)
        blocks = [width for network in widths for width in network]
        if train.head != "linear":
            result[PROBE] = rival(means, blocks)[labelled["val"]]
        if len(blocks) > 1:
            last = slice(sum(widths[0][:-1]), sum(widths[0]))
            alone = {split: [features[:, last] for features in views] for split, views in means.items()}
            result[LAST] = rival(alone, [widths[0][-1]])[labelled["val"]]
    return result


def _means(inputs: Inputs) -> list[np.ndarray]:
    """Mean over an image's places in each view, float32 (n, dim): of tokens or of feature maps (n, dim, h, w)."""
    places = 1 if len(inputs.array.shape) == 3 else (2, 3)
    return [np.asarray(array, dtype=np.float32).mean(axis=places) for array in (inputs.array, *inputs.further)]


@dataclass(frozen=True)
class _Rival:
    """A linear head on any features, tuned like the network."""

    index: pd.DataFrame
    task: str
    seen: Mapping[str, Seen]
    weights: Mapping[str, Sequence[float]]
    select_by: str
    seed: int

    def __call__(self, features: Mapping[str, list[np.ndarray]], widths: Sequence[int]) -> np.ndarray:
        """Probabilities of all rows of val, the mean over their views.

        Args:
            features: (rows, d) of each view, for train, select and val.
            widths: Channels of each block.
        """
        train, select = (self._views(features[split], split) for split in ("train", "select"))
        weights = {self.task: torch.tensor(self.weights[self.task], dtype=torch.float32)}
        classes = {self.task: len(self.weights[self.task])}
        tuned = fit_heads(train, select, widths, classes, weights, self.select_by, self.seed, [self.task])
        found = [tuned.heads[self.task](tuned.scaling(view)) for view in features["val"]]
        return np.exp(log_softmax(np.maximum(np.mean(found, axis=0), -LARGE)))

    def _views(self, features: list[np.ndarray], split: str) -> Views:
        of = self.seen[split]
        rows = list(of.rows) if len(features[0]) == len(of.rows) else of.input_rows
        strata = self.index["stratum"].iloc[rows]
        within = None if strata.isna().all() else strata.fillna("").to_numpy(dtype=str)
        return Views(features, labels_of(self.index, rows, split), within)
