"""``artextract search``: find paintings by words, or by an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="words, or the path of an image file")],
    k: Annotated[int, typer.Option("-k", min=1, help="how many works")] = 10,
    space: Annotated[
        Literal["title", "image", "siamese", "words"] | None,
        typer.Option(help="what is compared; default: title for words, image for an image", show_default=False),
    ] = None,
    subject: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="weight of the subject, for an image: 0 = look alone, 1 = subject alone"),
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="a collection of your own, or a folder with shards and index.parquet"),
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="images.npy and titles.npy", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PREFIX", help="files to write; default: search/ and the query")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="compare all works of a large collection, without faiss")] = (
        False
    ),
) -> None:
    """Find paintings by words, or by an image.

    Words are compared with the titles of an embedded collection (--space title), or with its images through the
    cross-modal head of train_siamese (--space words), which finds a painting whatever its title. An image is compared
    with the images of the collection: by overall look (--space image), or by look and subject together
    (--space siamese). --subject says how much the subject counts there: 0 finds works that look alike, 1 finds works
    whose titles would be alike, and the default is siamese.subject in params.yaml.

    The result is printed as a table and saved in three files: PREFIX.csv is the table, PREFIX.jpg shows the
    paintings, and PREFIX.json records how the search was done: by comparison with all works, or by a compressed
    index, and with which recall.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()  # before numpy is imported, which reads the number of threads once
    from artextract.core.collections import places
    from artextract.search.find import find

    at = places(collection, embeddings)
    find(query, k=k, space=space, collection=at.index, embeddings=at.embeddings, out=out, exact=exact, subject=subject)
