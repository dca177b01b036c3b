"""``artextract serve``: the explorer with its networks, for one's own pictures, any words, and names of clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="a collection of your own; default: the repository's")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="network that predicts; default: as artextract predict")
    ] = None,
    host: Annotated[str, typer.Option(help="where to listen; anything but this machine needs a token")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="0 = any free one; default: 8080, or a free one", show_default=False),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
) -> None:
    """The explorer, and what needs a network of the neural kind: your own pictures, any words, names for clusters.

    Drop a picture on the page to see what it is predicted to be, which works are nearest to it, and its place on the
    map. Nothing leaves this machine, and the picture is not stored. Names of clusters are written to
    data/names/clusters.yaml, which git tracks.

    Only this machine reaches the server. With --host 0.0.0.0 others on your network do too; then every request needs
    the token that is printed at the start.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()  # before numpy is imported, which reads the number of threads once
    from artextract.serving.run import serve as run

    run(collection, model=model, host=host, port=port, browser=browser)
