"""``artextract compare``: is one training better than another?"""

from __future__ import annotations

from typing import Annotated

import typer

RUN = "one run: a git revision, an experiment, `workspace`, or a predictions.parquet"
MIN_ROWS = typer.Option(min=1, help="leave out classes with fewer validation rows")
BLOCKS = typer.Option(min=2, help="blocks of painters or groups that are left out in turn")
SEED = typer.Option(min=0, help="seed of the blocks")


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=RUN)],
    b: Annotated[str, typer.Argument(metavar="B", help="the other run, named in one of these ways")],
    min_rows: Annotated[int, MIN_ROWS] = 10,
    blocks: Annotated[int, BLOCKS] = 200,
    seed: Annotated[int, SEED] = 0,
) -> None:
    """Compare two trainings: scores of both, and their paired difference with a 95% interval.

    Both runs are scored without the same painters (style, genre) or near-duplicate groups (artist), one block of them
    at a time. The p values are corrected for all comparisons that are printed. Two trainings that differ in nothing
    but their seed differ too: `artextract seeds` says by how much.
    """
    from artextract.runs import comparison

    tables = [comparison.read_predictions(run) for run in (a, b)]
    table = comparison.compare(tables[0], tables[1], min_rows=min_rows, blocks=blocks, seed=seed)
    print(comparison.printed(table))
