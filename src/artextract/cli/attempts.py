"""``artextract attempts``: all attempts of siamese networks in any number of runs, corrected together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def attempts(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="git revision, experiment, `workspace` or values.parquet; NAME=RUN"),
    ],
    split: Annotated[str, typer.Option(help="s1: objects, s2: painters, s3: titles held out")] = "s2",
    metric: Annotated[str, typer.Option(help="column of the values to compare")] = "p10",
    works: Annotated[Path | None, typer.Option(help="text file of ids, one per line: the only queries")] = None,
    against_run: Annotated[
        str | None, typer.Option(metavar="NAME", help="run whose post-processings all runs are compared with")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="bootstrap resamples")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="seed of the resampling")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="also write the table to this file")] = None,
) -> None:
    """Compare every siamese attempt of any number of runs, with one correction for all of them.

    Under every judge, each attempt is compared query by query with the strongest post-processing of the raw
    embedding, and the network with ridge regression too. Intervals draw painters as a whole, and one correction after
    Holm covers all rows of all runs. --works restricts the queries to the given works, so that a choice made on some
    works can be checked on others.
    """
    from artextract.core.files import write_table
    from artextract.runs import attempts as table_of

    ids = None if works is None else table_of.read_works(works)
    tables = {name: table_of.read_values(path) for name, path in table_of.named(runs).items()}
    table = table_of.attempts_table(
        tables, split=split, metric=metric, works=ids, against_run=against_run, draws=draws, seed=seed
    )
    print(table_of.markdown(table))
    print(f"\n{table_of.note(table, draws)}")
    if out is not None:
        write_table(out, table)
