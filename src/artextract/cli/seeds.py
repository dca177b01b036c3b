"""``artextract seeds``: how far do the scores vary with the seed of the training?"""

from __future__ import annotations

from typing import Annotated

import typer

from artextract.cli.compare import BLOCKS, MIN_ROWS, SEED


def seeds(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="two or more runs: git revisions, experiments, `workspace`, or predictions.parquet"
        ),
    ],
    min_rows: Annotated[int, MIN_ROWS] = 10,
    blocks: Annotated[int, BLOCKS] = 200,
    seed: Annotated[int, SEED] = 0,
) -> None:
    """Mean and spread of trainings that differ in their seed, on the same validation rows.

    `sd`, `lowest` and `highest` are over the trainings. The 95% interval is that of the mean of all such trainings: it
    includes what the validation works and what the seeds leave open. docs/experiments.md says how to queue seeds.
    """
    from artextract.runs import comparison
    from artextract.runs.seeds import printed, spread

    tables = [comparison.read_predictions(run) for run in runs]
    print(printed(spread(tables, min_rows=min_rows, blocks=blocks, seed=seed)))
