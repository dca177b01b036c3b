"""``artextract map``: a collection as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def map_(
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="a collection of your own; default: that of this folder")
    ] = None,
    space: Annotated[
        Literal["image", "title", "siamese"], typer.Option(help="look, title, or look and subject together")
    ] = "image",
    works: Annotated[int, typer.Option(min=1, metavar="N", help="at most so many works, drawn at random")] = 1500,
    out: Annotated[Path, typer.Option(metavar="FILE", help="picture to write: .jpg, .png or .webp")] = Path("map.jpg"),
) -> None:
    """Draw a collection as a map of its works: what is alike is near.

    The positions are those of the t-SNE maps of similarity_eval. A map shows neighbourhoods: distances between far
    parts of it mean little.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.collections.picture import draw
    from artextract.core.collections import places

    shown = draw(places(collection), space, works, out)
    print(f"{out}: {shown:,} works")
