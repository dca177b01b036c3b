"""Baselines that the network has to beat: some do not look at the picture, others see only colours or frozen features.

Each baseline gives probabilities (validation rows, classes) for one task, which are scored by the same functions as
the network's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.classification.network.inputs import Inputs, load_inputs
from artextract.classification.network.predict import Predictions, rows_of
from artextract.core.cache import cached_rows
from artextract.core.fingerprint import code_of, libraries
from artextract.data.images.colours import colour_histogram
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import folder_of, painter_slug, title_key
from artextract.params.sections import Train

LEVELS, THUMB, BLOCK = 4, 64, 256
PROBE = "linear probe on frozen features"

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


def linear_probe(train: np.ndarray, y: np.ndarray, rows: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Logistic regression on standardised features, classes weighted inversely to their counts.

    Args:
        train: Features of training rows (m, d).
        y: Their labels.
        rows: Features to predict (n, d).
        classes: Number of classes; those without training rows get probability 0.
        seed: Seed of the solver.

    Returns:
        (n, classes), rows sum to 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=0.01, max_iter=300, class_weight="balanced", random_state=seed)
    probe = make_pipeline(StandardScaler(), model).fit(train, y)
    result = np.zeros((len(rows), classes))
    result[:, model.classes_] = probe.predict_proba(rows)
    return result


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


def _pooled(outputs: np.ndarray) -> np.ndarray:
    """The mean over an image's places: of tokens (n, cells, dim) or of feature maps (n, dim, h, w)."""
    return outputs.mean(axis=1) if outputs.ndim == 3 else outputs.mean(axis=(2, 3), dtype=np.float32)


@dataclass(frozen=True)
class Seen:
    """Information that baselines may use about a split, for the rows that are in it for any task.

    Attributes:
        rows: Rows of the index.
        colours: Their colour histograms, (rows, 64).
        inputs: Inputs of the network, row i = rows[i].
    """

    rows: Sequence[int]
    colours: np.ndarray
    inputs: Inputs


def look_at(reader: ShardReader, index: pd.DataFrame, params: Train, val: Predictions) -> dict[str, Seen]:
    """Gather the information that baselines may use about the splits train and val.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        params: Section ``train`` that the network was trained with.
        val: Predictions of the validation rows, whose inputs are at hand.
    """
    rows = rows_of(index, "train")
    inputs = {"train": (rows, load_inputs(reader, index, rows, params)), "val": (val.rows, val.inputs)}
    return {split: Seen(rows, histograms(reader, index, rows), inputs) for split, (rows, inputs) in inputs.items()}


def task_baselines(
    index: pd.DataFrame,
    task: str,
    classes: int,
    train: Seen,
    val: Seen,
    seed: int,
    *,
    probe: bool = True,
) -> dict[str, np.ndarray]:
    """Probabilities of every baseline for the validation rows of a task.

    Args:
        index: See stages/prepare_artgan.py.
        task: style, genre or artist.
        classes: Number of classes.
        train: Rows that are trained on in any task.
        val: Validation rows of any task.
        seed: Seed of the solvers.
        probe: Whether the logistic regression on frozen features is wanted.

    Returns:
        Name to (validation rows of this task in order of the index, classes).
    """
    labelled_train, labelled_val = (
        (index[f"{task}_split"].iloc[list(seen.rows)] == split).fillna(False).to_numpy(dtype=bool)
        for seen, split in ((train, "train"), (val, "val"))
    )
    fitted, scored = index.iloc[np.array(train.rows)[labelled_train]], index.iloc[np.array(val.rows)[labelled_val]]
    result = baselines_without_pixels(fitted, scored, task, classes)
    y = fitted[task].to_numpy(dtype=np.int64)
    if len(np.unique(y)) < 2 or not len(scored):
        return result
    colours = train.colours[labelled_train], val.colours[labelled_val]
    result["colour histogram"] = linear_probe(colours[0], y, colours[1], classes, seed)
    if probe and train.inputs.backbone_sha256:
        features = _pooled(train.inputs.array[labelled_train]), _pooled(val.inputs.array[labelled_val])
        result[PROBE] = linear_probe(features[0], y, features[1], classes, seed)
    return result
