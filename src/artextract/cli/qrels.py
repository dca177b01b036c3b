"""``artextract qrels``: the judges of a collection as files for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def qrels(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="for the files")],
    collection: Annotated[Path, typer.Option(metavar="FOLDER", help="holds index.parquet")] = Path("data/nga"),
    embeddings: Annotated[Path, typer.Option(metavar="FOLDER", help="holds images.npy and titles.npy")] = Path(
        "data/embeddings"
    ),
) -> None:
    """Write all judges as TREC qrels with their gallery rule, the splits, a description and checksums.

    score.py among the files scores an embedding without this project. docs/benchmark.md defines the task.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.params.reading import load_params
    from artextract.runs.qrels import export
    from artextract.search.collection import open_embedded
    from artextract.siamese.projection.pairs import positive_cosine
    from artextract.siamese.projection.splits import split_table
    from artextract.similarity.ranking.collection import require_room
    from artextract.similarity.ranking.judges import all_judges

    titles = open_embedded(collection, embeddings).vectors("title")
    index, p = pd.read_parquet(collection / "index.parquet"), load_params("relevance", "siamese", "splits", "seed")
    require_room(len(index))
    judges, unmeasured = all_judges(index, titles, p.relevance)
    similar = positive_cosine(index, titles, p.siamese, p.seed)
    splits = split_table(index, titles, p.splits, similar, p.seed)
    for path in export(folder, index, judges, unmeasured, splits, p.relevance.neighbours):
        print(path)
    print(f"{len(index):,} works, {len(judges)} judges", file=sys.stderr)
