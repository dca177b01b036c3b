"""``artextract readme-tables``: the metrics tables of the README."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def readme_tables(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail if the tables are out of date")] = False,
) -> None:
    """Write the tables of metrics/ into README.md, between the two marks there."""
    from artextract.runs import readme_tables as tables

    tables.renew(Path("README.md"), Path("metrics"), check=check)
