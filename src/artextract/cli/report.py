"""``artextract report``: one HTML file about one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN = "the run: `workspace`, a git revision, or an experiment"
AGAINST = "another run to compare with, named in one of these ways"


def report(
    run: Annotated[str, typer.Argument(metavar="REV", help=RUN)] = "workspace",
    against: Annotated[str | None, typer.Option(metavar="REV", help=AGAINST, show_default=False)] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="HTML file to write")] = Path("report.html"),
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="a collection of your own", show_default=False)
    ] = None,
) -> None:
    """Write a report of one run: a single HTML file that opens offline, on a phone too, and prints well.

    It says what was run and on which data, gives every score with its interval, chance and baselines, shows the
    examples, maps, clusters and doubtful attributions, and ends with limits, a model card and a data card. With
    --against it begins with what differs between the two runs. What a run does not have is said in a sentence.
    """
    from artextract.core.files import write_text
    from artextract.reports.build import report as built

    write_text(out, built(run, against, collection))
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
