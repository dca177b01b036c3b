"""``artextract profile``: run the pipeline with the parameters of another data set."""

from __future__ import annotations

from typing import Annotated

import typer


def profile(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a file of profiles/, without .args: wikiart, nga ...")],
    targets: Annotated[list[str] | None, typer.Argument(metavar="[STAGE]...", help="default: all stages")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("-S", metavar="KEY=VALUE", help="a further change; may be repeated")
    ] = None,
) -> None:
    """Run a profile as an experiment in the working copy, and print how to undo it.

    The same as `xargs -a profiles/NAME.args dvc exp run`. If it fails, params.yaml is restored.
    """
    from artextract.runs import profiles

    raise typer.Exit(profiles.run(name, changes or [], targets or []))
