"""Rows of an index that a training learns from or chooses by: their inputs, labels and strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from artextract.classification.network.inputs import Inputs, evaluation_views, labels_of, load_inputs
from artextract.classification.network.networks import networks_of
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.params.sections import Params


@dataclass
class Data:
    """Inputs and labels of one split."""

    inputs: Inputs
    labels: dict[str, Tensor]
    ids: list[str]
    strata: np.ndarray | None

    def __len__(self) -> int:  # noqa: D105
        return len(self.ids)


def rows_in(index: pd.DataFrame, split: str, min_side: int = 0) -> list[int]:
    """Rows that are in ``split`` of at least one task; in train, only those with a longer side of ``min_side``."""
    chosen = (index[[f"{task}_split" for task in TASKS]] == split).fillna(False).any(axis=1).to_numpy(dtype=bool)
    if split == "train" and min_side:
        chosen &= (index[["width", "height"]].max(axis=1) >= min_side).to_numpy(dtype=bool)
    return np.flatnonzero(chosen).tolist()


def data_of(index: pd.DataFrame, rows: list[int], split: str, inputs: Inputs) -> Data:
    """Rows with their inputs, as data of a split."""
    part = index.iloc[rows]
    strata = None if part["stratum"].isna().all() else part["stratum"].fillna("").to_numpy(dtype=str)
    return Data(inputs, labels_of(index, rows, split), part["id"].tolist(), strata)


def load_split(reader: ShardReader, index: pd.DataFrame, split: str, params: Params) -> Data:
    """All rows that are in ``split`` of at least one task, and large enough for every frozen network."""
    rows = rows_in(index, split, max(network.min_side for network in networks_of(params.train)))
    views = params.train.views if split == "train" else evaluation_views(params.train)
    return data_of(index, rows, split, load_inputs(reader, index, rows, params.train, views))
