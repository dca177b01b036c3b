"""``artextract evidence``: the training works that a network names as evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evidence(
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="the trained network")],
    artgan: Annotated[Path, typer.Option(metavar="FOLDER", help="the data it was trained on, prepared")] = Path(
        "data/artgan"
    ),
) -> None:
    """Store what a network needs to name the training works nearest to a picture.

    Writes evidence.safetensors (a short vector per work) and evidence.parquet (their names and classes) into the
    network's folder. No image is stored. The data are those of prepare_artgan; for a network trained on WikiArt, of
    `artextract profile wikiart prepare_artgan`.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.classification.prediction.evidence import NUMBERS, WORKS, write_evidence
    from artextract.classification.prediction.predictor import Predictor
    from artextract.classification.prediction.training_works import from_training
    from artextract.classification.published.sums import SUMS, write_sums
    from artextract.core.intact import require_intact

    require_intact(artgan)
    found = from_training(Predictor(model), artgan)
    write_evidence(model, found)
    if (model / SUMS).is_file():
        write_sums(model)
    print(f"{model / NUMBERS}\n{model / WORKS}: {len(found.works):,} training works")
