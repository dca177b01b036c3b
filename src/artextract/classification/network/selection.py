"""Scores on the select rows, by which a training chooses its epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from artextract.classification.network.inputs import predict
from artextract.classification.network.network import IGNORED, multitask_loss
from artextract.classification.network.training_rows import Data
from artextract.core.tasks import TASKS
from artextract.measures import auc
from artextract.params.sections import Params

MIN_ROWS = 3  # select rows that a class needs to count in the AUC along the training


def evaluate(
    net: nn.Module, data: Data, weights: Mapping[str, Tensor], params: Params
) -> tuple[dict[str, float], dict[str, float]]:
    """Weighted cross-entropy and macro AUC of each task over a whole split, without dropout or augmentation.

    Returns:
        Loss of each task with labelled rows; and one-vs-one AUC, within strata where the data name them, of each task
        with two classes of at least ``MIN_ROWS`` rows.
    """
    logits = predict(net, data.inputs, params.batch_size, params.train)
    _, losses = multitask_loss(logits, data.labels, weights)
    aucs = {}
    for task in TASKS:
        value = select_auc(logits[task], data.labels[task], data.strata)
        if math.isfinite(value):
            aucs[task] = value
    return {task: float(loss) for task, loss in losses.items()}, aucs


def select_auc(logits: Tensor, labels: Tensor, strata: np.ndarray | None) -> float:
    """Macro one-vs-one AUC of one task over classes of at least ``MIN_ROWS`` rows; NaN where it is not defined.

    Args:
        logits: (n, classes).
        labels: int64 (n,); rows of ``IGNORED`` are left out.
        strata: Stratum of each row; only rows of one stratum are compared.
    """
    y = labels.cpu().numpy()
    known = y != IGNORED
    scores = logits.softmax(1)[torch.from_numpy(known)].double().cpu().numpy()
    chosen = auc.scored_classes(y[known], scores.shape[1], MIN_ROWS)
    within = None if strata is None else strata[known]
    return float(auc.macro_ovo(y[known], scores, chosen, auc.ones(int(known.sum())), within)[0])


def named(losses: Mapping[str, float], aucs: Mapping[str, float]) -> dict[str, float]:
    """Losses and AUCs of the select rows as entries of a history."""
    return {f"{task}_select": v for task, v in losses.items()} | {f"{task}_select_auc": v for task, v in aucs.items()}
