"""Style and genre of painters that the training has not seen: every painter is held out once, in folds.

Most validation images of WikiArt are by a painter with images in training, so a part of what is called style
recognition is recognition of painters. Here each fold's network has seen no image by the painters that it is judged on.
An artist's class cannot be predicted without images by the artist, so that task is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.classification.evaluation.headline import with_interval
from artextract.classification.evaluation.prediction_table import of_task, predictions_table
from artextract.classification.evaluation.scores import score
from artextract.classification.network.class_weights import class_weights, count_classes
from artextract.classification.network.inputs import evaluation_views, load_inputs, predict
from artextract.classification.network.train import train
from artextract.classification.network.training_rows import rows_in
from artextract.core.errors import ArtExtractError
from artextract.core.progress import progress
from artextract.core.scratch import discard
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import painter_slug
from artextract.data.wikiart.splits import painter_folds
from artextract.params.sections import Evaluate, Params

JUDGED = ("style", "genre")


def fold_index(index: pd.DataFrame, held: np.ndarray) -> pd.DataFrame:
    """The index for one fold: held-out painters are neither trained on nor choose anything, and alone are judged.

    Args:
        index: See stages/prepare_artgan.py.
        held: Boolean (n,): the image is by a painter of this fold. A near-duplicate or panel of such an image, which
            may bear another painter's name, is not trained on either.
    """
    same_work = index["group"].isin(index.loc[held, "group"]).to_numpy(dtype=bool)
    result = index.copy()
    for task in TASKS:
        split = index[f"{task}_split"]
        learnt = split.isin(["train", "select"]).to_numpy(dtype=bool)
        judged = (split == "val").fillna(False).to_numpy(dtype=bool)
        hidden = (learnt & (held | same_work)) | (judged & (~held if task in JUDGED else True))
        result[f"{task}_split"] = split.mask(hidden, "guarded")
    return result


def folds_of(index: pd.DataFrame, folds: int, seed: int) -> Iterator[np.ndarray]:
    """Rows by the painters of each fold, boolean (n,)."""
    fold = painter_folds(index["id"].tolist(), folds, seed)
    for number in range(folds):
        yield fold == number


def predictions_of_folds(
    source: Path, index: pd.DataFrame, classes: Mapping[str, Sequence[str]], params: Params, scheme: str, folds: int
) -> pd.DataFrame:
    """Train once per fold, and predict the validation images by its painters.

    Args:
        source: Folder of the shards.
        index: See stages/prepare_artgan.py.
        classes: Class names of each task.
        params: seed, lr, epochs, batch_size and train are used.
        scheme: See ``class_weights``; weights are computed anew from each fold's training rows.
        folds: How many folds.

    Returns:
        See ``predictions_table``, of style and genre. The stratum is the geometry and the fold: two folds were scored
        by two networks, so only images of one fold are compared.

    Raises:
        ArtExtractError: There are fewer painters than folds, or a fold without images to judge.
    """
    reader, tables = ShardReader(source, index), []
    for number, held in enumerate(progress(list(folds_of(index, folds, params.seed)), "unseen painters", "fold")):
        part = fold_index(index, held)
        rows = rows_in(part, "val")
        if not rows:
            raise ArtExtractError(f"no validation image is by a painter of fold {number}", remedy="use fewer folds")
        counts = count_classes(part, classes, "train")
        weights = {task: class_weights(counts[task], scheme).tolist() for task in TASKS}
        trained = train(reader, part, classes, weights, params)
        discard(trained.checkpoints)
        inputs = load_inputs(reader, part, rows, params.train, evaluation_views(params.train))
        logits = predict(trained.net.eval(), inputs, params.batch_size, params.train)
        p = {task: logits[task].softmax(1).double().cpu().numpy() for task in TASKS}
        table = predictions_table(part, rows, p)
        table["stratum"] = table["stratum"].fillna("").astype(str) + f" fold {number}"
        tables.append(table[table["task"].isin(JUDGED)])
    return pd.concat(tables, ignore_index=True)


def scores_of_unseen(table: pd.DataFrame, classes: Mapping[str, Sequence[str]], params: Evaluate, seed: int) -> str:
    """The scores of ``predictions_of_folds`` as a Markdown table.

    Args:
        table: Predictions of style and genre.
        classes: Class names of each task.
        params: Section ``evaluate``.
        seed: Seed of the intervals, which leave out painters in turn.
    """
    lines = ["| task | images | painters | classes | AUC within folds | top-1 |", "|---|---|---|---|---|---|"]
    for task in JUDGED:
        predictions = of_task(table, task, classes[task])
        found, _ = score(predictions, params, seed)
        if "auc_ovo_stratified" not in found:
            continue
        painters = table.loc[table["task"] == task, "id"].map(painter_slug).nunique()
        lines.append(
            f"| {task} | {len(predictions.y):,} | {painters:,} | {found['classes_scored']} "
            f"| {with_interval(found, 'auc_ovo_stratified', 3)} | {found['top1']:.3f} |"
        )
    return "\n".join(lines)
