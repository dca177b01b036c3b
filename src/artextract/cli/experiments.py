"""``artextract experiments``: all experiments in a table that fits the screen."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer


def experiments(
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="write the whole table to this file")] = None,
    md: Annotated[bool, typer.Option("--md", help="print the whole table as Markdown")] = False,
    all_commits: Annotated[bool, typer.Option("--all-commits", "-A", help="experiments of all commits")] = False,
) -> None:
    """Show all experiments: their state, what was changed, and the headline numbers.

    The same as `dvc exp show`, without the columns that do not differ. `lr` is always there.
    """
    import json

    from artextract.core.files import write_table
    from artextract.runs import experiments as table_of
    from artextract.runs.ablations import dvc

    shown = json.loads(dvc("exp", "show", "--json", *(["--all-commits"] if all_commits else [])))
    table = table_of.experiments_table(shown)
    if csv is not None:
        write_table(csv, table)
        print(csv, file=sys.stderr)
    if md:
        print(table_of.markdown(table))
    elif csv is None:
        print(table_of.printed(table, min(table_of.WIDTH, shutil.get_terminal_size((table_of.WIDTH, 24)).columns)))
