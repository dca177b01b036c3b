"""``artextract repro``: the pipeline with several stages at once."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def repro(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[STAGE]...", help="default: all stages")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="stages at once")] = 2,
    force: Annotated[bool, typer.Option("--force", "-f", help="run stages in which nothing has changed, too")] = False,
) -> None:
    """Run what is stale, as `dvc repro` does, with several stages at once.

    Stages that do not need each other run side by side: classification and similarity have no stage in common until the
    explorer. The result is that of `dvc repro`, dvc.lock included. If a stage fails, those that do not need it are
    still run, and the exit status is 1. Each stage takes as many threads and as much memory as when it runs alone.
    """
    from artextract.runs import side_by_side

    outcome = side_by_side.repro(targets or [], jobs, force=force, say=lambda line: print(line, flush=True))
    if outcome.failed:
        print(f"failed: {', '.join(outcome.failed)} (the messages are above)", file=sys.stderr)
    if outcome.skipped:
        print(f"not run, since they need a stage that failed: {', '.join(outcome.skipped)}", file=sys.stderr)
    raise typer.Exit(outcome.status)
