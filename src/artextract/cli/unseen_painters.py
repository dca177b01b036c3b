"""``artextract unseen-painters``: style and genre of painters that the training has not seen, in folds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def unseen_painters(
    folds: Annotated[int, typer.Option(min=2, help="parts that the painters are divided into")] = 5,
    out: Annotated[Path, typer.Option(metavar="FILE", help="predictions to write, .parquet")] = Path(
        "unseen_painters.parquet"
    ),
) -> None:
    """Train once per fold of painters, and judge each network on the painters that it has not seen.

    Reads params.yaml and data/artgan, so it measures the head and the networks that params.yaml names. What frozen
    networks have computed is found in the cache.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.core.files import read_json, write_table
    from artextract.core.intact import require_intact
    from artextract.params.reading import load_params
    from artextract.runs.unseen_painters import predictions_of_folds, scores_of_unseen

    params = load_params("seed", "lr", "epochs", "batch_size", "train", "class_weights", "evaluate")
    source = Path("data/artgan")
    require_intact(source)
    index = pd.read_parquet(source / "index.parquet")
    classes = read_json(source / "labels.json")
    table = predictions_of_folds(source, index, classes, params, params.class_weights.scheme, folds)
    write_table(out, table)
    print(scores_of_unseen(table, classes, params.evaluate, params.seed))
    print(out, file=sys.stderr)
