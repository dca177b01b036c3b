"""Predictions of a trained network on validation rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from artextract.artgan import TASKS
from artextract.compute import set_threads
from artextract.errors import ArtExtractError
from artextract.inputs import load_inputs, predict
from artextract.model_files import load_model, read_record
from artextract.shards import ShardReader


def predict_validation(
    reader: ShardReader, index: pd.DataFrame, model: Path, batch_size: int
) -> tuple[list[int], dict[str, np.ndarray], dict[str, list[str]]]:
    """Softmax of each task over all images that are validation in any task.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        model: Folder of the trained network.
        batch_size: Images at once.

    Returns:
        Rows of the index, probabilities (rows, classes) of each task, and the class names.
    """
    set_threads()
    is_val = (index[[f"{task}_split" for task in TASKS]] == "val").fillna(False).any(axis=1)
    rows = np.flatnonzero(is_val).tolist()
    if not rows:
        raise ArtExtractError("no validation rows", where="data/artgan/index.parquet", remedy="check the val lists")
    record = read_record(model)
    inputs = load_inputs(reader, index, rows, record.train)
    net = load_model(model, record, inputs.backbone_sha256)
    logits = predict(net, inputs, batch_size, record.train)
    return rows, {task: torch.softmax(logits[task], 1).double().cpu().numpy() for task in TASKS}, record.classes
