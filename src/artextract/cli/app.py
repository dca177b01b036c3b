"""The command ``artextract``: all its verbs, and how their problems are reported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from typer._click.exceptions import ClickException  # typer has no public name for the errors of its parser

import artextract
from artextract.cli import (
    ablations,
    attempts,
    collection,
    compare,
    environment,
    evidence,
    experiments,
    explore,
    export_onnx,
    judge,
    map,
    optimise,
    predict,
    profile,
    publish,
    qrels,
    readme_tables,
    report,
    repro,
    search,
    seeds,
    serve,
    splits,
    triplets,
    unseen_painters,
    verify,
)
from artextract.core.terminal import guard_output
from artextract.core.words import in_words

WRONG_INPUT, STOPPED = 2, 130

app = typer.Typer(
    name="artextract",
    help="Search paintings, and compare runs of the pipeline.",
    # Boxes and colours in a terminal; plain text if the output is redirected.
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(collection.app, name="collection")
app.command()(search.search)
app.command()(predict.predict)
app.command()(evidence.evidence)
app.command()(explore.explore)
app.command()(serve.serve)
app.command()(publish.publish)
app.command()(export_onnx.export_onnx)
app.command()(compare.compare)
app.command()(seeds.seeds)
app.command()(attempts.attempts)
app.command("map")(map.map_)
app.command()(judge.judge)
app.command()(qrels.qrels)
app.command()(experiments.experiments)
app.command()(optimise.optimise)
app.command()(repro.repro)
app.command()(profile.profile)
app.command()(unseen_painters.unseen_painters)
app.command()(verify.verify)
app.add_typer(ablations.app, name="ablations")
app.add_typer(splits.app, name="splits")
app.command()(readme_tables.readme_tables)
app.command()(report.report)
app.add_typer(triplets.app, name="triplets")
app.add_typer(environment.app, name="environment")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"artextract {artextract.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def _name(given: Sequence[str]) -> str:
    """The verb that was given, for messages: ``artextract ablations queue``."""
    command, words = typer.main.get_command(app), ["artextract"]
    for word in given:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        words.append(word)
    return " ".join(words)


def run(given: Sequence[str]) -> int:
    """Run one command and give its exit status: a user's problem is a message and status 2, never a traceback.

    Args:
        given: The words after ``artextract``.
    """
    name = _name(given)
    try:
        status = app(list(given), prog_name="artextract", standalone_mode=False)
    except ClickException as error:
        said = " ".join(error.format_message().split())
        problem, status = f"{said}\nRemedy: `{name} --help` lists its arguments and options.", WRONG_INPUT
    except (KeyboardInterrupt, typer.Abort):
        problem, status = "stopped", STOPPED
    except Exception as error:
        told = in_words(error)  # a user's problem, the disk, permissions or memory
        if told is None:
            raise
        problem, status = str(told), WRONG_INPUT
    else:
        problem = "stopped" if status == STOPPED else ""  # typer turns Ctrl-C into this status
    if problem:
        print(f"{name}: {problem}", file=sys.stderr)
    return status if isinstance(status, int) else 0


def main() -> NoReturn:
    """Run the command that was typed."""
    guard_output()
    sys.exit(run(sys.argv[1:]))
