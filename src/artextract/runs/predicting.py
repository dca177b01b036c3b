"""Predictions of a trained network for a folder of images that need not be on any list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from artextract.classification.network.inputs import evaluation_views, load_inputs, predict
from artextract.classification.network.saved_network import Record, load_model, read_record
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.fingerprint import code_of
from artextract.core.folders import scratch
from artextract.core.tasks import TASKS
from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.data.images.sources import open_images
from artextract.measures.calibration import apply_temperature

BATCH = 256


Confidence = Mapping[str, Mapping[str, Any]]  # per task: temperature, abstain_below, where they were not refused


def read_confidence(model: Path, evaluation: Path) -> Confidence:
    """The temperature and the threshold of each task that belong to a trained network.

    Args:
        model: Folder of the network, which may hold a calibration.json of its own.
        evaluation: Folder of the evaluation of the pipeline's network.

    Returns:
        What evaluate_auc has fitted on the select rows; nothing where neither folder has it.
    """
    for folder in (model, evaluation):
        if (folder / "calibration.json").is_file():
            return read_json(folder / "calibration.json")
    return {}


def predict_folder(
    folder: Path, model: Path, max_side: int, confidence: Confidence
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict style, genre and artist of every image in a folder.

    The images are stored and reduced as prepare_artgan does it, so that an image gets the probabilities that
    evaluate_auc would give it.

    Args:
        folder: A folder of images (nested folders too, so ArtGAN's layout as well), of tar shards, or a zip archive.
        model: Folder of the trained network.
        max_side: Images are reduced to this many pixels on the longer side, as for the training.
        confidence: See ``read_confidence``.

    Returns:
        One row per image: path; for each task its most probable class, that class's probability, ``<task> unsure``
        where a threshold is known (true below it), and the probability of every class as ``<task>: <class>``.
        And the images that could not be read: path, reason.

    Raises:
        ArtExtractError: There is no image, or the network cannot be loaded.
    """
    set_threads()
    record = read_record(model)
    source = open_images(folder)
    sizes = source.sizes()
    if not sizes:
        raise ArtExtractError("holds no image", where=str(folder), remedy="name a folder with .jpg or .png files")
    names = sorted(sizes)
    key = [str(folder.resolve()), [(name, sizes[name]) for name in names], max_side, code_of(__name__)]
    with scratch("predict", *key) as work:
        stored = write_shards([Source(n, lambda n=n: source.read(n)) for n in names], work, max_side=max_side)
        failed = stored["error"].notna()
        index = stored[~failed].reset_index(drop=True)
        table = _predicted(ShardReader(work, index), index, model, record, confidence) if len(index) else pd.DataFrame()
    unread = stored.loc[failed, ["id", "error"]].rename(columns={"id": "path", "error": "reason"})
    return table, unread.reset_index(drop=True)


def _predicted(
    reader: ShardReader, index: pd.DataFrame, model: Path, record: Record, confidence: Confidence
) -> pd.DataFrame:
    inputs = load_inputs(reader, index, range(len(index)), record.train, evaluation_views(record.train))
    net = load_model(model, record, inputs.backbone_sha256)
    logits = predict(net, inputs, BATCH, record.train)
    columns: dict[str, np.ndarray] = {"path": index["id"].to_numpy()}
    every: dict[str, np.ndarray] = {}
    for task in TASKS:
        p, names = torch.softmax(logits[task], 1).double().cpu().numpy(), record.classes[task]
        fitted = confidence.get(task, {})
        columns[task] = np.array(names)[p.argmax(1)]
        if fitted.get("abstain_below") is not None:  # the threshold is one of probabilities before the temperature
            columns[f"{task} unsure"] = p.max(1) < fitted["abstain_below"]
        if fitted.get("temperature") is not None:
            p = apply_temperature(p, fitted["temperature"])
        columns[f"{task} probability"] = p.max(1)
        every |= {f"{task}: {name}": p[:, k] for k, name in enumerate(names)}
    return pd.DataFrame(columns | every)
