"""``artextract ablations``: queue single changes against a profile, and make a table of the results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Queue single changes against a profile, and make a table of the results.", no_args_is_help=True)


@app.command()
def queue(
    profile: Annotated[Path, typer.Argument(metavar="PROFILE", help="profiles/NAME.args")],
    changes: Annotated[
        list[str], typer.Option("-S", metavar="KEY=VALUE", help="a change for all of them; may be repeated")
    ] = [],  # noqa: B006
    listed: Annotated[Path, typer.Option("--list", metavar="YAML", help="the ablations and their changes")] = Path(
        "profiles/ablations.yaml"
    ),
    prefix: Annotated[str | None, typer.Option(help="prefix of the experiments' names; default: the profile's")] = None,
) -> None:
    """Queue one experiment per ablation: the profile with a single change."""
    from artextract.runs import ablations

    prefix = prefix or profile.stem
    for command in ablations.queue_commands(profile, ablations.read_ablations(listed), changes, prefix):
        print(ablations.dvc(*command[1:]).strip())
    print(f"Queued. Now: dvc queue start; dvc queue status; then artextract ablations table {prefix} --against NAME")


@app.command()
def table(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="prefix of the experiments' names: the profile's")],
    against: Annotated[str, typer.Option(metavar="NAME", help="the experiment that the others are compared with")],
    min_rows: Annotated[int, typer.Option(min=1, help="leave out classes with fewer validation rows")] = 10,
) -> None:
    """Print the finished ablations as a Markdown table: AUC, and paired differences with 95% intervals.

    Differences are given where both experiments were evaluated on the same rows.
    """
    from artextract.runs import ablations

    print(ablations.table(prefix, against, min_rows), end="")


@app.command()
def networks(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="prefix of the experiments' names")],
    unseen: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", help="prefix of the same experiments with artgan.held_out_painters"),
    ] = None,
    seconds: Annotated[
        bool, typer.Option("--seconds", help="measure the seconds per image of each network on this machine")
    ] = False,
) -> None:
    """Print finished experiments with frozen networks as a Markdown table: AUC with intervals, top-1, and time.

    The experiments are those of profiles/frozen_networks.yaml. The network with the highest AUC on select rows comes
    first.
    """
    from artextract.runs import frozen_networks

    print(frozen_networks.table(prefix, unseen, seconds=seconds), end="")
