"""``artextract triplets``: ask people which paintings are alike, and score spaces by their answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Ask people which paintings are alike, and score spaces by their answers.", no_args_is_help=True)
Collection = Annotated[Path, typer.Option(metavar="FOLDER", help="holds index.parquet and the images")]
Embeddings = Annotated[Path, typer.Option(metavar="FOLDER", help="holds images.npy and titles.npy")]
Siamese = Annotated[Path, typer.Option(metavar="FOLDER", help="holds projected.npy")]


@app.command()
def page(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="the page")],
    collection: Collection = Path("data/nga"),
    embeddings: Embeddings = Path("data/embeddings"),
    siamese: Siamese = Path("data/siamese"),
    triplets: Annotated[int, typer.Option(min=1, help="number of questions; a tenth is asked twice")] = 200,
    seed: Annotated[int | None, typer.Option(help="of the choice of triplets; default: that of params.yaml")] = None,
) -> None:
    """Write one HTML page that asks "Which of the two is more like the first?" and needs no network.

    Send the page to people. Each saves a CSV file, and `artextract triplets score` reads these files. Only works that
    the museum marks as open access are shown, without titles or painters.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.core.files import write_text
    from artextract.params.reading import load_params
    from artextract.runs.people import own_vectors
    from artextract.search.collection import open_embedded
    from artextract.triplets.draw import draw_triplets, shown_rows
    from artextract.triplets.page import triplets_page

    works = open_embedded(collection, embeddings)
    index = pd.read_parquet(collection / "index.parquet")
    seed = load_params("seed").seed if seed is None else seed
    rows = shown_rows(index)
    drawn = draw_triplets(own_vectors(works, siamese), index["group"].to_numpy(), rows, triplets, seed)
    reader = works.reader()
    text = triplets_page(drawn, index["id"].astype(str), reader.image, seed)
    write_text(out, text)
    print(out)
    print(f"{len(drawn):,} triplets of {len(rows):,} open-access works, {len(text) / 1e6:.1f} MB", file=sys.stderr)


@app.command()
def score(
    answers: Annotated[
        list[Path] | None, typer.Argument(metavar="ANSWERS.csv", help="files that the page saved")
    ] = None,
    collection: Collection = Path("data/nga"),
    embeddings: Embeddings = Path("data/embeddings"),
    siamese: Siamese = Path("data/siamese"),
    vectors: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.npy", help="an embedding of your own; may be repeated")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="also write the table to this file")] = None,
) -> None:
    """Score spaces by people's answers: share of triplets on which a space agrees with the majority of the raters.

    Chance is 0.5, and the ceiling is how often a rater agrees with the majority of the others. Intervals draw whole
    painters.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    import pandas as pd

    from artextract.core.files import write_table
    from artextract.params.reading import load_params
    from artextract.runs.judging import read_vectors
    from artextract.runs.people import NOT_MEASURED, judged_by_people, own_vectors
    from artextract.search.collection import open_embedded

    works = open_embedded(collection, embeddings)
    if not answers:
        print(NOT_MEASURED)
        return
    index, p = pd.read_parquet(collection / "index.parquet"), load_params("relevance", "seed")
    given = {path.stem: read_vectors(path, len(index)) for path in vectors or []}
    table, text = judged_by_people(answers, index, given, own_vectors(works, siamese), p.relevance.bootstrap, p.seed)
    print(text)
    if csv is not None:
        write_table(csv, table)
        print(csv, file=sys.stderr)
