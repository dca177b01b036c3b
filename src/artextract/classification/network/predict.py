"""Predictions of a trained network on the rows of one split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from artextract.classification.network.inputs import Inputs, evaluation_views, load_inputs, predict
from artextract.classification.network.saved_network import load_model, read_record
from artextract.classification.network.training_rows import rows_in
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader


@dataclass(frozen=True)
class Predictions:
    """Predictions of one split.

    Attributes:
        rows: Rows of the index, each once.
        inputs: What the network saw, row i = rows[i].
        probabilities: (rows, classes) of each task.
    """

    rows: list[int]
    inputs: Inputs
    probabilities: dict[str, np.ndarray]


def predict_split(reader: ShardReader, index: pd.DataFrame, split: str, model: Path, batch_size: int) -> Predictions:
    """Softmax of each task over all images that are in a split of any task.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        split: val or select.
        model: Folder of the trained network.
        batch_size: Images at once.
    """
    set_threads()
    rows = rows_in(index, split)
    if not rows:
        raise ArtExtractError(
            f"no {split} rows", where="data/artgan/index.parquet", remedy="check the lists, and `dvc repro`"
        )
    record = read_record(model)
    inputs = load_inputs(reader, index, rows, record.train, evaluation_views(record.train))
    net = load_model(model, record, inputs.backbone_sha256)
    logits = predict(net, inputs, batch_size, record.train)
    return Predictions(rows, inputs, {task: torch.softmax(logits[task], 1).double().cpu().numpy() for task in TASKS})
