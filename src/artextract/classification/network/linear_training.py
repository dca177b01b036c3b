"""Training of the linear heads: each frozen network's training rows, every task's penalty chosen on the select rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from artextract.classification.network.inputs import Inputs, evaluation_views, load_tokens
from artextract.classification.network.linear import Linear, Scaling, fit_tuned, read_linear, write_linear
from artextract.classification.network.linear_net import LinearNet, part_dims
from artextract.classification.network.network import IGNORED
from artextract.classification.network.networks import networks_of
from artextract.classification.network.selection import select_auc
from artextract.classification.network.training_rows import Data, data_of, rows_in
from artextract.core.kept import dropped_unless_intact
from artextract.core.progress import progress
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.params.sections import Params


@dataclass(frozen=True)
class Tuned:
    """Linear heads of one part.

    Attributes:
        scaling: Units of its features.
        heads: Head of each task with at least two classes among the training rows.
    """

    scaling: Scaling
    heads: dict[str, Linear]


@dataclass(frozen=True)
class Views:
    """Features of the same images in several views, with what is known of them.

    Attributes:
        features: float32 (n, d) of each view.
        labels: int64 (n,) of each task; ``IGNORED`` where a row has none.
        strata: Stratum of each row, or None.
    """

    features: list[np.ndarray]
    labels: Mapping[str, Tensor]
    strata: np.ndarray | None

    @classmethod
    def of(cls, data: Data) -> Views:
        """The mean tokens of a split, in all views that it has."""
        arrays = [data.inputs.array, *data.inputs.further]
        means = [np.asarray(array, dtype=np.float32).mean(axis=1) for array in arrays]
        return cls(means, data.labels, data.strata)


def fit_heads(
    train: Views, select: Views, widths: Sequence[int], classes: Mapping[str, int], weights: Mapping[str, Tensor],
    select_by: str, seed: int, tasks: Sequence[str] = TASKS, folder: Path | None = None,
) -> Tuned:  # fmt: skip
    """Fit one linear head for each task.

    Training rows count once in each of their views; predictions for select rows are averaged over theirs.

    Args:
        train: Rows to learn from.
        select: Rows that choose C.
        widths: Channels of each block of features.
        classes: Number of classes of each task.
        weights: Class weights of each task.
        select_by: What C is chosen by: loss or auc.
        seed: Seed of the solver.
        tasks: Tasks that get a head, where the training rows have two classes of them.
        folder: Where finished heads are kept over a kill; it must be keyed by all that they depend on.
    """
    scaling = Scaling.of(train.features[0], widths)
    shown, kept = ([scaling(features) for features in views.features] for views in (train, select))
    heads = {}
    for task in tasks:
        y, judged = train.labels[task].cpu().numpy(), select.labels[task].cpu().numpy() != IGNORED
        known = y != IGNORED
        if len(np.unique(y[known])) < 2:
            continue
        if folder is not None and dropped_unless_intact(folder / f"{task}.npz", "fitted head"):
            heads[task] = read_linear(folder / f"{task}.npz")
            continue
        heads[task] = fit_tuned(
            np.concatenate([features[known] for features in shown]),
            np.tile(y[known], len(shown)),
            weights[task].double().cpu().numpy() / len(shown),
            np.concatenate([features[judged] for features in kept]),
            SelectCost(select, task, weights[task], select_by),
            classes[task],
            seed,
        )
        if folder is not None:
            write_linear(folder / f"{task}.npz", heads[task])
    return Tuned(scaling, heads)


class SelectCost:
    """Cost of predictions for the labelled select rows of one task: weighted cross-entropy, or the negative AUC."""

    def __init__(self, select: Views, task: str, weights: Tensor, select_by: str):
        """Take the rows, whose views follow each other in the predictions, and how they are scored."""
        labels = select.labels[task].cpu()
        known = labels != IGNORED
        self.labels, self.weights = labels[known], weights.double().cpu()[labels[known]]
        self.strata = None if select.strata is None else select.strata[known.numpy()]
        self.views, self.select_by = len(select.features), select_by

    def __call__(self, log_probabilities: np.ndarray) -> float:
        """Cost of (views * n, classes); NaN where too few rows define one."""
        if not len(self.labels) or not float(self.weights.sum()):
            return math.nan
        logits = torch.from_numpy(log_probabilities).reshape(self.views, len(self.labels), -1).mean(0)
        if self.select_by == "auc":
            return -select_auc(logits, self.labels, self.strata)
        chosen = logits.log_softmax(1)[torch.arange(len(self.labels)), self.labels].clamp(min=-30)
        return float(-(self.weights * chosen).sum() / self.weights.sum())


def train_linear(
    reader: ShardReader,
    index: pd.DataFrame,
    classes: Mapping[str, int],
    weights: Mapping[str, Tensor],
    params: Params,
    folder: Path,
) -> tuple[LinearNet, Inputs, dict[str, Any]]:
    """Fit the linear network on training rows, with every penalty chosen on select rows.

    Args:
        reader: Images of the index.
        index: See stages/prepare_artgan.py.
        classes: Number of classes of each task.
        weights: Class weights of each task.
        params: seed and train are used.
        folder: Scratch folder of finished heads, keyed by everything that the run depends on.

    Returns:
        The network; inputs of the select rows by all networks; and for the metrics, the chosen C of each part and task,
        and the number of training images of each part.
    """
    networks = networks_of(params.train)
    parts = [[network] for network in networks] if params.train.combine == "averaged" else [networks]
    views = evaluation_views(params.train)
    rows = rows_in(index, "select")
    whole = load_tokens(reader, index, rows, networks, params.train, views)
    fitted, chosen = [], {}
    for number, members in enumerate(progress(parts, "fit linear heads", "part")):
        train_rows = rows_in(index, "train", max(network.min_side for network in members))
        inputs = load_tokens(reader, index, train_rows, members, params.train, params.train.views)
        kept = load_tokens(reader, index, rows, members, params.train, views)
        data, select = data_of(index, train_rows, "train", inputs), data_of(index, rows, "select", kept)
        widths = [width for blocks in inputs.widths for width in blocks]
        place = folder / f"part-{number}"
        place.mkdir(exist_ok=True)
        views_of, by = (Views.of(data), Views.of(select)), params.train.select_by
        tuned = fit_heads(*views_of, widths, classes, weights, by, params.seed, folder=place)
        fitted.append(tuned)
        chosen |= _described(tuned, number, len(data), len(parts))
    net = LinearNet(part_dims(whole.widths, params.train.combine), classes)
    for part, tuned in zip(net.parts, fitted, strict=True):
        part.set(tuned.scaling, tuned.heads)  # type: ignore[operator]
    return net, whole, chosen


def _described(tuned: Tuned, number: int, images: int, parts: int) -> dict[str, Any]:
    prefix = f"part{number}_" if parts > 1 else ""
    found: dict[str, Any] = {f"{prefix}{task}_c": head.c for task, head in tuned.heads.items()}
    return found | {f"{prefix}train_images": images}
