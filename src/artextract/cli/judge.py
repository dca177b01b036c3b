"""``artextract judge``: any embedding of a collection under all judges."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def judge(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS.npy", help="array (works, dimensions)")],
    collection: Annotated[Path, typer.Option(metavar="FOLDER", help="holds index.parquet")] = Path("data/nga"),
    embeddings: Annotated[Path, typer.Option(metavar="FOLDER", help="holds images.npy and titles.npy")] = Path(
        "data/embeddings"
    ),
    judges: Annotated[
        list[str] | None, typer.Option("--judge", metavar="KEY", help="this judge only; may be repeated")
    ] = None,
    made_from: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="a field of the index that the vectors were made from, e.g. title"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="name in the table; default: the file's")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="also write the table to this file")] = None,
) -> None:
    """Judge an embedding of your own by painter, theme, style, period, terms and title, with 95% intervals.

    Chance and the raw image and title embeddings are in the same table, and the paired difference from the raw image
    embedding. A judge does not score vectors that were made from what it reads: name that with --made-from.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.core.files import write_table
    from artextract.params.reading import load_params
    from artextract.runs import judging
    from artextract.search.collection import open_embedded

    works = open_embedded(collection, embeddings)
    read = judging.read_vectors(vectors, len(works.index))
    name = name or vectors.stem
    if name in (*judging.OWN, "random"):
        name = f"{name} (given)"
    params = load_params("relevance", "seed")
    print(f"{len(read):,} works, {read.shape[1]:,} dimensions; this takes a few seconds ...", file=sys.stderr)
    table = judging.judged(
        name, read, made_from or [], pd.read_parquet(collection / "index.parquet"),
        {kind: works.vectors(kind) for kind in judging.OWN}, params.relevance, params.seed, judges or [],
    )  # fmt: skip
    print(judging.printed(table, params.relevance.neighbours))
    if csv is not None:
        write_table(csv, table)
        print(csv, file=sys.stderr)
