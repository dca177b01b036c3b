"""``artextract compare``: is one training better than another?"""

from __future__ import annotations

from typing import Annotated

import typer

RUN = "one run: a git revision, an experiment, `workspace`, or a predictions.parquet"


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=RUN)],
    b: Annotated[str, typer.Argument(metavar="B", help="the other run, named in one of these ways")],
    min_rows: Annotated[int, typer.Option(min=1, help="leave out classes with fewer validation rows")] = 10,
    draws: Annotated[int, typer.Option(min=1, help="bootstrap resamples")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="seed of the resampling")] = 0,
) -> None:
    """Compare two trainings: scores of both, and their paired difference with a 95% interval.

    Both runs are scored on the same resamples of the validation rows, in which near-duplicate groups are drawn as a
    whole. Where the interval contains 0, the runs do not differ by more than chance.
    """
    from artextract.runs import comparison

    tables = [comparison.read_predictions(run) for run in (a, b)]
    table = comparison.compare(tables[0], tables[1], min_rows=min_rows, draws=draws, seed=seed)
    print(comparison.printed(table))
