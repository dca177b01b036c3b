"""``artextract splits``: WikiArt's splits as files for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Write WikiArt's splits as files with checksums, and check such files.", no_args_is_help=True)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="for the files")],
    lists: Annotated[
        bool, typer.Option("--lists", help="all images of ArtGAN's lists, told apart by their names alone")
    ] = False,
    index: Annotated[Path, typer.Option(metavar="FILE", help="the images at hand")] = Path("data/artgan/index.parquet"),
) -> None:
    """Write two tracks as CSV, with SHA256SUMS: by work (the published split, guarded), and by painter (five folds).

    The rows are those of the last run of prepare_artgan, or with --lists those of the lists behind
    ARTEXTRACT_ARTGAN_LISTS or ARTEXTRACT_WIKIART. docs/splits.md describes the files.
    """
    from artextract.core.intact import require_intact
    from artextract.data.outside.record import artgan_lists
    from artextract.params.reading import load_params
    from artextract.runs import splits

    p = load_params("seed", "artgan")
    require_intact(index)
    rows = splits.rows_of_lists(artgan_lists(), p.artgan, p.seed) if lists else splits.rows_of_index(index)
    print(splits.write(folder, rows, p.artgan.select_fraction, p.seed).to_string(index=False))


@app.command()
def check(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="files of `artextract splits write`")]) -> None:
    """Compare the files with their checksums, and check that no work and no painter is on two sides."""
    from artextract.runs import splits

    print(splits.check(folder).to_string(index=False))
