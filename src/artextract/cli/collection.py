"""``artextract collection``: collections of one's own pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make collections of your own pictures, each with embeddings, maps and scores of its own.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the collection")]
Table = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="table about the pictures: .csv, .xlsx, .parquet, .json, a IIIF manifest",
        show_default=False,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="a column that was guessed wrong; may be repeated"),
]
NoRun = Annotated[bool, typer.Option("--no-run", help="do not compute anything yet")]


def _root() -> Path:
    from artextract.core.folders import repository

    return repository()


def _mapping(given: list[str]) -> dict[str, str]:
    from artextract.core.errors import ArtExtractError

    pairs = [word.partition("=") for word in given]
    if wrong := [word for word, (field, sign, _) in zip(given, pairs, strict=True) if not (field and sign)]:
        raise ArtExtractError(
            f"{wrong[0]!r} is not FIELD=COLUMN", where="--map", remedy="for example --map title=Titel"
        )
    return {field.strip(): column.strip() for field, _, column in pairs}


def _run(folder: Path, name: str) -> None:
    from artextract.collections.report import outcome
    from artextract.collections.run import reproduce

    print("\nReading, embedding and mapping the pictures. Interrupted, it goes on where it was.\n", flush=True)
    reproduce(folder)
    print(outcome(folder, name))


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="your pictures; folders inside it are read too")],
    name: Annotated[str, typer.Option(metavar="NAME", help="name of the new collection, for example: mine")],
    table: Table = None,
    columns: Columns = None,
    judges: Annotated[
        list[str] | None,
        typer.Option(
            "--judge", metavar="COLUMN", help="a column that judges similarity; default: up to six are chosen"
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="a timm model from the hub that embeds the images, e.g. tf_efficientnet_b7"),
    ] = None,
    hosts: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST", help="a server that a manifest's pictures may be fetched from"),
    ] = None,
    no_run: NoRun = False,
) -> None:
    """Make a collection from a folder of pictures, with or without a table about them.

    Shows what was understood of the table, writes collections/NAME, and runs its pipeline. Your pictures and your table
    are read where they are and never changed. What could not be used is listed in collections/NAME/problems.csv.
    """
    from artextract.collections import manage
    from artextract.data.own.preview import preview

    root = _root()
    manage.check_name(name)
    place, own = manage.look(folder, table, _mapping(columns or []), hosts or [])
    print(preview(own), flush=True)
    written = manage.write(root, name, place, own, labels=judges, encoder=encoder)
    _problems(written, len(own.problems))
    if no_run:
        print(f"\nNothing was computed yet: `artextract collection update {name}` does it.")
    else:
        _run(written, name)


@app.command()
def update(
    name: Name,
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the pictures are now", show_default=False)
    ] = None,
    table: Table = None,
    columns: Columns = None,
    no_run: NoRun = False,
) -> None:
    """Look at a collection's folder and table again, and compute what has changed.

    Only new pictures are embedded.
    """
    from artextract.collections import manage
    from artextract.data.own.preview import preview

    written, own = manage.update(_root(), name, folder, table, _mapping(columns or []))
    print(preview(own), flush=True)
    if not no_run:
        _run(written, name)


def _problems(folder: Path, count: int) -> None:
    if count:
        print(f"{count:,} lines in {folder / 'problems.csv'} say what could not be used, and what to do about it")


@app.command("list")
def list_collections() -> None:
    """List the collections."""
    from artextract.collections import manage

    found = manage.listed(_root())
    if not found:
        print("There is none yet. `artextract collection add FOLDER --name NAME` makes one.")
    for entry in found:
        works = "not computed yet" if entry.works is None else f"{entry.works:,} works"
        print(f"{entry.name}  {works}  {entry.folder}")


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="really remove it")] = False
) -> None:  # fmt: skip
    """Delete a collection: its index, embeddings and results. Your own pictures and table stay as they are."""
    from artextract.collections import manage
    from artextract.core.collections import collection_root

    folder = collection_root(name, _root())
    if not yes:
        print(f"This deletes {folder}. Your own pictures stay. Repeat the command with --yes.", file=sys.stderr)
        raise typer.Exit(1)
    print(f"deleted: {manage.remove(_root(), name)}")
