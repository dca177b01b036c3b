"""Train a head of your own on the tokens of the frozen backbone, which are computed once and cached.

    python examples/train_a_head_on_cached_tokens.py [--task style]

Start it in the repository's root after `dvc repro prepare_artgan`. Tokens are the feature map of an image as a
sequence, float32 (rows, cells, channels). The head here is a logistic regression on their mean, with C chosen by
cross-validation inside the training rows. Replace `fit` by anything that maps tokens to class probabilities. It is
scored on `select` rows, which are kept out of training; validation rows stay closed until you have decided.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.runtime import prepare_environment
from artextract.core.tasks import TASKS
from artextract.params.reading import load_params

SOURCE = Path("data/artgan")


def fit(tokens: np.ndarray, y: np.ndarray, seed: int):
    """Your head goes here.

    Args:
        tokens: Training tokens, float32 (m, cells, channels).
        y: Their classes, int (m,).
        seed: For everything that is random.

    Returns:
        A function from tokens (n, cells, channels) to probabilities (n, classes seen in training), and the classes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fewest = int(np.bincount(y)[np.unique(y)].min())
    if fewest < 2:
        raise ArtExtractError("a class has a single training row", remedy="choose C in another way, or another --task")
    folds = StratifiedKFold(min(3, fewest), shuffle=True, random_state=seed)
    linear = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000))
    search = GridSearchCV(linear, {"logisticregression__C": [1e-3, 1e-2, 1e-1]}, scoring="neg_log_loss", cv=folds)
    search.fit(tokens.mean(axis=1), y)
    return (lambda rows: search.predict_proba(rows.mean(axis=1))), search.classes_


def main() -> None:
    """Load tokens, train, score."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="style")
    task = parser.parse_args().task
    prepare_environment()
    from artextract.classification.network.inputs import load_inputs
    from artextract.data.images.shards import ShardReader
    from artextract.measures import auc

    if not (SOURCE / "index.parquet").is_file():
        raise ArtExtractError("not here yet", where=str(SOURCE), remedy="`dvc repro prepare_artgan`, or `dvc pull`")
    params = load_params("train", "seed")
    index = pd.read_parquet(SOURCE / "index.parquet")
    names = read_json(SOURCE / "labels.json")[task]
    reader = ShardReader(SOURCE, index)
    rows = {split: np.flatnonzero((index[f"{task}_split"] == split).fillna(False)) for split in ("train", "select")}
    tokens = {
        split: np.asarray(load_inputs(reader, index, r.tolist(), params.train).array) for split, r in rows.items()
    }
    y = {split: index[task].to_numpy(dtype=np.int64, na_value=-1)[r] for split, r in rows.items()}
    predict, seen = fit(tokens["train"], y["train"], params.seed)
    scores = np.zeros((len(rows["select"]), len(names)))
    scores[:, seen] = predict(tokens["select"])
    counted = auc.scored_classes(y["select"], len(names), 2)
    value = float(auc.macro_ovo(y["select"], scores, counted, auc.ones(len(y["select"])))[0])
    print(f"{task}: tokens {tokens['train'].shape} for training, {tokens['select'].shape} to select by")
    print(f"AUC one-vs-one on {len(y['select'])} select rows, {len(counted)} classes of {len(names)}: {value:.3f}")


if __name__ == "__main__":
    try:
        main()
    except ArtExtractError as error:
        sys.exit(str(error))
