"""``artextract predict``: style, genre and artist of a folder of images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def predict(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="images, nested folders too; tar shards; or a zip")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="table to write: .csv or .parquet")] = Path(
        "predictions.csv"
    ),
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="holds model.safetensors and model.json")] = Path(
        "data/model"
    ),
    max_side: Annotated[int, typer.Option(help="pixels on the longer side, as artgan.max_side in the training")] = 640,
) -> None:
    """Predict style, genre and artist of every image in a folder, with the probability of each class.

    Any folder will do; one in ArtGAN's layout (Style/painter-name_title.jpg) keeps its paths. Images that cannot be
    read are listed, and the others are predicted. Probabilities are calibrated, and an image below the threshold is
    called unsure, where evaluate_auc could fit these on the select rows (calibration.json).
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.core.files import write_table
    from artextract.runs.predicting import predict_folder, read_confidence

    confidence = read_confidence(model, Path("data/evaluation") if model == Path("data/model") else model)
    table, unread = predict_folder(folder, model, max_side, confidence)
    write_table(out, table, "%.7g")  # four decimals would make ties of what a score has to tell apart
    print(f"{out}: {len(table):,} images")
    for row in unread.itertuples():
        print(f"{row.path}: {row.reason}", file=sys.stderr)
