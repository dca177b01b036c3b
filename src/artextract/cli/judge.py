"""``artextract judge``: any embedding of a collection under all judges."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

SEEN = (
    "The siamese projection was trained on the titles of most of these works, so it is in its own data here. "
    "`--split` compares held-out queries only."
)


def judge(
    vectors: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[VECTORS.npy]", help="array (works, dimensions); for --split s2 one per fold"),
    ] = None,
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="a collection of your own, or a folder with index.parquet")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="holds images.npy and titles.npy", show_default=False)
    ] = None,
    siamese: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="holds projected.npy, splits.parquet and values.parquet"),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="held-out queries only: s1 works, s2 painters, s3 titles")
    ] = None,
    judges: Annotated[
        list[str] | None, typer.Option("--judge", metavar="KEY", help="this judge only; may be repeated")
    ] = None,
    made_from: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="a field of the index that the vectors were made from, e.g. title"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="name in the table; default: the file's")] = None,
    human: Annotated[
        list[Path] | None,
        typer.Option(metavar="ANSWERS.csv", help="answers of people, see `artextract triplets`; may be repeated"),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="also write the table to this file")] = None,
) -> None:
    """Judge an embedding by painter, theme, style, period, terms and title, with 95% intervals.

    The table has chance, the same vectors in a random order, and the project's own spaces (image, centred, title,
    siamese) beside it, and the paired difference from the raw image embedding. A judge does not score vectors that
    were made from what it reads: name that with --made-from. docs/benchmark.md defines the task.

    Without VECTORS.npy it prints how the collection's own embeddings were judged by the pipeline.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.core.collections import places
    from artextract.core.errors import ArtExtractError
    from artextract.core.files import write_table
    from artextract.params.reading import load_params
    from artextract.runs import held_out_queries, judging, people
    from artextract.runs.own_scores import own_scores
    from artextract.search.collection import open_embedded
    from artextract.similarity.ranking.collection import require_room

    at = places(collection, embeddings)
    params = load_params("relevance", "seed", path=at.params)
    if not vectors:
        print(own_scores(at.root, judges or [], params.relevance.neighbours))
        return
    siamese = siamese or at.siamese
    works = open_embedded(at.index, at.embeddings)
    index = pd.read_parquet(at.index / "index.parquet")
    require_room(len(index))
    read = [judging.read_vectors(path, len(index)) for path in vectors]
    name = name or vectors[0].stem
    if name in judging.RESERVED:
        name = f"{name} (given)"
    own = {kind: works.vectors(kind) for kind in ("image", "title")}
    parts, on_held_out = [], None
    if split is not None:
        parts = held_out_queries.read_split(siamese, split, index)
        on_held_out = partial(held_out_queries.siamese_values, siamese, split, index)
    elif (siamese / "projected.npy").is_file():
        own["siamese"] = judging.read_vectors(siamese / "projected.npy", len(index), held_out_queries.REMEDY)
    print(f"{len(index):,} works, {read[0].shape[1]:,} dimensions; this takes a few seconds ...", file=sys.stderr)
    table = judging.judged(
        name, read, made_from or [], index, own, params.relevance, params.seed, judges or [], parts, on_held_out
    )
    print(judging.printed(table, name, params.relevance.neighbours))
    if "siamese" in own:
        print(f"\n{SEEN}")
    written = {} if csv is None else {csv: table}
    if human:
        if len(read) > 1:
            raise ArtExtractError("people judge one embedding", where="--human", remedy="leave --split s2 out")
        by_people, text = people.judged_by_people(
            human, index, {name: read[0]}, people.own_vectors(works, siamese), params.relevance.bootstrap, params.seed
        )
        print(f"\nJudge human:\n\n{text}")
        written |= {} if csv is None else {csv.with_suffix(f".human{csv.suffix}"): by_people}
    for path, result in written.items():
        write_table(path, result)
        print(path, file=sys.stderr)
