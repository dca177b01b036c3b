"""``artextract publish``: the trained network as one folder with a model card, for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def publish(
    out: Annotated[Path, typer.Argument(metavar="OUT_FOLDER", help="folder to write")],
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="the network that train_multitask has written")] = Path(
        "data/model"
    ),
    name: Annotated[str, typer.Option(help="name on the card; by default that of the folder")] = "",
    push: Annotated[
        str, typer.Option(metavar="USER/REPOSITORY", help="also upload the folder to the Hugging Face hub")
    ] = "",
) -> None:
    """Write the trained network with a model card: what others need to use it, and to know what it is worth.

    The card's numbers come from the record of the run (dvc.lock, metrics/, plots/), which has to be that of this
    network. Others load the folder with `from artextract import load`, or name it for `artextract predict --model`.
    """
    from artextract.classification.published.folder import publish as write

    for path in write(Path(), model, out, name):
        print(f"{path}: {path.stat().st_size:,} bytes")
    if push:
        from artextract.classification.published.hub import push_folder

        print(push_folder(out, push))
