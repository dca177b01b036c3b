"""``artextract explore``: the explorer of a collection in the browser, or as a folder for a web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explore(
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="a collection of your own; default: the repository's")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="0 = any free one; default: 8080, or a free one", show_default=False),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
    save: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="copy the explorer there for a web server, and end")
    ] = None,
) -> None:
    """Look through a collection: maps, neighbours, search, filters, clusters.

    The page is served to this machine only, without a network and without loading any model, until Ctrl-C. The same
    page with search by any words, your own pictures and names for clusters is `artextract serve`.

    --save FOLDER writes the explorer as a folder of static files that any web server can publish. It holds only
    pictures that may be shown.
    """
    if save is not None:
        from artextract.serving.folder import Explorer

        explorer = Explorer(collection)
        explorer.save(save)
        print(f"{explorer.works:,} works: {save}\nTry it: python3 -m http.server --directory {save}")
        return
    from artextract.serving.run import explore as run

    run(collection, port=port, browser=browser)
