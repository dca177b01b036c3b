"""``artextract predict``: style, genre and artist of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    pictures: Annotated[
        list[str] | None,
        typer.Argument(metavar="PICTURE|FOLDER|PATTERN ...", help="nested folders too; tar shards; zip archives"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|NAME",
            help="a trained network, or its name on the Hugging Face hub; default: data/model, else models/wikiart; "
            "for a collection models/wikiart",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="how many answers of each kind are shown")] = 3,
    nearest: Annotated[int, typer.Option(min=0, help="how many training works are named as evidence")] = 3,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="table to write, for a spreadsheet")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="the same for programs, nested")] = None,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="the same with all digits")] = None,
    why: Annotated[
        bool, typer.Option("--why", help="draw what in each picture mattered; takes seconds a picture")
    ] = False,
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="all works of a collection of your own; no pictures are named")
    ] = None,
    max_side: Annotated[int, typer.Option(help="pixels on the longer side, as artgan.max_side in the training")] = 640,
    out: Annotated[Path | None, typer.Option(hidden=True, help="file to write: .csv, .parquet or .json")] = None,
) -> None:
    """Predict style, genre and artist of pictures, with the probability of each class.

    Probabilities are calibrated, and an answer below the threshold is called unsure, where evaluate_auc could fit
    these on select rows. Of a few pictures the answers are printed; of many, how often each class is the answer.

    The training works that the network sees as most alike are named as evidence, where they are known: for the
    pipeline's own network, and for a network with a file of evidence (`artextract evidence`).

    With --why, parts of each picture are covered in turn. why/NAME.webp next to the table shows which of them lowered
    the probability of each answer, and a test against covering parts at random says if that explains the answer.

    Folders and collections are always written as a table too, predictions.csv if no file is named. Pictures that
    cannot be read are listed in a table next to it, and the others are predicted. Started again after an
    interruption, the same command goes on from there.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.classification.prediction.pictures import choose
    from artextract.classification.prediction.predicting import Wanted, default_model, predict_pictures
    from artextract.classification.prediction.predictor import Predictor
    from artextract.classification.published.hub import network_folder
    from artextract.core.collections import collection_root

    chosen = choose(pictures or [], collection)
    tables = [path for path in (csv, parquet, json, out) if path is not None]
    if not tables and chosen.table is not None:
        tables = [chosen.table]
    here = collection_root(collection) if collection else Path.cwd()
    network = default_model(here) if model is None else network_folder(model)
    predictor = Predictor(network, max_side=max_side)
    folder = (tables[0].parent if tables else Path()) / "why" if why else None
    predict_pictures(chosen.pictures, predictor, Wanted(tables, top, nearest, folder), chosen.columns)
