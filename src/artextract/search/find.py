"""One search in an embedded collection, from the query to the table, the sheet and the record that are written."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_metrics, write_table
from artextract.data.images.formats import image_suffixes
from artextract.pictures.sheets import Card, retrieval_sheet, text_picture
from artextract.search import index as vector_index
from artextract.search import query as queries
from artextract.search.collection import Embedded, open_embedded
from artextract.search.query import read_image

SPACES = {
    "title": "titles",
    "image": "images",
    "siamese": "images, as the siamese projection sees them,",
    "words": "images, mapped into the space of words,",
}
HEADINGS = {
    "title": "Found by title",
    "image": "Found by image",
    "siamese": "Found by look and subject",
    "words": "Found by what it shows",
}
BY_IMAGE = ("image", "siamese")
IN_A_ROW = 5  # paintings on a line of the sheet


def is_image(query: str) -> bool:
    """True if a query names an image file; the name of a folder counts as words.

    Raises:
        ArtExtractError: The query ends like an image file, and there is no such file.
    """
    if os.path.isfile(query):
        return True
    if query.lower().endswith(tuple(image_suffixes())):
        raise ArtExtractError("there is no such image file", where=query)
    return False


def slug(query: str) -> str:
    """A file name from a query: ``harbour-at-dusk``."""
    return re.sub(r"[^\w]+", "-", query.lower()).strip("-")[:60].strip("-") or "query"


def choose_space(space: str | None, by_image: bool, subject: float | None = None) -> str:
    """The space that is searched.

    Args:
        space: The space that was asked for, or None.
        by_image: The query is an image.
        subject: Weight of the subject that was asked for, or None: only the siamese space has one.

    Raises:
        ArtExtractError: The query cannot be compared there, or the space has no weight of the subject.
    """
    if space is None:
        space = "title" if not by_image else "image" if subject is None else "siamese"
    if subject is not None and space != "siamese":
        raise ArtExtractError(
            f"the space {space!r} has no weight of the subject",
            where="--subject",
            remedy="search with an image in --space siamese",
        )
    if by_image and space not in BY_IMAGE:
        raise ArtExtractError(
            f"an image cannot be searched for in the space {space!r}", remedy="use --space image, or --space siamese"
        )
    if not by_image and space in BY_IMAGE:
        raise ArtExtractError(
            "words cannot be compared with images directly",
            remedy="use --space words (the cross-modal head), or --space title",
        )
    return space


def result_table(index: pd.DataFrame, rows: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """Table of the results, best first: rank, score, title, attribution, date, id, row."""
    found = index.iloc[rows]
    return (
        found[["title", "attribution", "displaydate", "id"]]
        .assign(rank=range(1, len(rows) + 1), score=scores, row=rows)[
            ["rank", "score", "title", "attribution", "displaydate", "id", "row"]
        ]
        .rename(columns={"displaydate": "date"})
    )


def printed(table: pd.DataFrame, width: int) -> str:
    """The table in aligned columns, the titles as long as the line allows."""
    cells = [[str(r), f"{s:.3f}", *rest] for r, s, *rest in table.drop(columns="row").itertuples(index=False)]
    names, most = ["rank", "score", "title", "attribution", "date", "id"], (4, 6, 60, 32, 18, 24)
    widths = [
        min(limit, max(len(name), *(len(line[i]) for line in cells)))
        for i, (name, limit) in enumerate(
            zip(("rank", "score", "title", "attribution", "date", "id"), most, strict=True)
        )
    ]
    widths[2] = max(20, min(widths[2], width - sum(widths) + widths[2] - 2 * (len(widths) - 1)))

    def line(values: list[str]) -> str:
        cut = [v if len(v) <= w else v[: w - 1] + "…" for v, w in zip(values, widths, strict=True)]
        placed = [v.rjust(w) if i < 2 else v.ljust(w) for i, (v, w) in enumerate(zip(cut, widths, strict=True))]
        return "  ".join(placed).rstrip()

    return "\n".join([line(names), *map(line, cells)])


def draw_sheet(query: str, picture: Image.Image, table: pd.DataFrame, works: Embedded, space: str, path: Path) -> None:
    """Draw the query on the left, and the results in lines of five."""
    reader = works.reader()
    cards = [
        Card(reader.image(int(row)), title, who, f"{rank}   {score:.2f}   {date}")
        for rank, score, title, who, date, _, row in table.itertuples(index=False)
    ]
    lines = [cards[i : i + IN_A_ROW] for i in range(0, len(cards), IN_A_ROW)]
    by_image = space in BY_IMAGE
    asked = Card(picture, query if by_image else "query", "query" if by_image else "")
    found = "The work" if len(cards) == 1 else f"The {len(cards)} works"
    subtitle = (
        f"{found} of {len(works.index):,} whose {SPACES[space]} are closest to the query, by cosine of embeddings."
    )
    retrieval_sheet([(None if i else asked, line) for i, line in enumerate(lines)], HEADINGS[space], subtitle, path)


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def find(
    given: str,
    *,
    k: int,
    space: str | None,
    collection: Path,
    embeddings: Path,
    out: Path | None,
    exact: bool,
    subject: float | None = None,
) -> None:
    """Search, print the table, and write the table, the sheet and a record of how it was searched.

    Args:
        given: Words, or the path of an image file.
        k: Number of works to find.
        space: Key of ``SPACES``; default: ``title`` for words, ``image`` for an image.
        collection: Folder with shards and index.parquet.
        embeddings: Folder with images.npy and titles.npy.
        out: Beginning of the names of the files to write; default: ``search/`` and the query.
        exact: Compare all works of a large collection, without a compressed index.
        subject: Weight of the subject in the siamese space, from 0 (look alone) to 1 (subject alone); default: that of
            the training, ``siamese.subject``.

    Raises:
        ArtExtractError: The query, the collection or its embeddings are not usable.
    """
    query = " ".join(given.split())
    if not query:
        raise ArtExtractError("the query is empty", remedy="give words, or the path of an image file")
    by_image = is_image(given)
    space = choose_space(space, by_image, subject)
    works = open_embedded(collection, embeddings)
    # Before the query: if this fails, no time is spent on loading a network.
    index, described, to_space = gallery(works, space, exact, subject)
    picture, vector = _query(given, query, works, by_image)
    rows, scores = index.nearest(to_space(vector), k)
    known = rows[0] >= 0
    table = result_table(works.index, rows[0][known], scores[0][known])
    print(printed(table, shutil.get_terminal_size((120, 24)).columns))
    said = "{vectors:,} vectors searched: {kind}; recall {recall:.4g}, of queries unlike any work {recall_between:.4g}"
    _say(said.format(**described))

    name = Path(given).name if by_image else query
    prefix = out or Path("search") / slug(name)
    csv, sheet, record = (prefix.with_name(f"{prefix.name}.{suffix}") for suffix in ("csv", "jpg", "json"))
    write_table(csv, table.drop(columns="row"))
    write_metrics(record, {"query": name, "space": space, **described})
    draw_sheet(name, picture, table, works, space, sheet)
    _say(f"{csv}\n{sheet}\n{record}")


def _query(given: str, query: str, works: Embedded, by_image: bool) -> tuple[Image.Image, np.ndarray]:
    """The query as a picture for the sheet, and as a unit vector (1, d) of the collection's own network."""
    recorded = works.identity("image" if by_image else "title")
    if by_image:
        picture = read_image(Path(given), int(works.index[["width", "height"]].to_numpy().max()))
        _say(f"loading {recorded['name']} ...")
        return picture, queries.embed_image(picture, recorded)
    _say(f"loading {recorded['name']} ...")
    return text_picture(query), queries.embed_text(query, recorded)


def gallery(
    works: Embedded, space: str, exact: bool = False, subject: float | None = None
) -> tuple[vector_index.ExactIndex | vector_index.CompressedIndex, dict[str, Any], Callable[[np.ndarray], np.ndarray]]:
    """The index that is searched, its description, and the map of a query's vector into that space.

    Args:
        works: The collection.
        space: Key of ``SPACES``.
        exact: See ``find``.
        subject: See ``find``.

    Raises:
        ArtExtractError: What the space needs is missing or stale.
    """
    kind = "title" if space == "title" else "image"
    vectors, trained = works.vectors(kind), works.embeddings.parent / "siamese"
    to_space: Callable[[np.ndarray], np.ndarray] = np.asarray
    told: dict[str, Any] = {}
    if space == "words":
        from artextract.siamese.projection.words import words_vectors

        vectors = words_vectors(vectors, trained / "crossmodal.safetensors")
    elif space == "siamese":
        from artextract.siamese.projection.projection import projected
        from artextract.siamese.projection.saved import load_projection

        net = load_projection(trained / "projection.safetensors")
        subject = round(float(net.subject), 6) if subject is None else subject
        to_space = partial(projected, net, subject=subject)
        vectors, told = to_space(vectors), {"subject": subject}
    else:
        index = vector_index.open_index(works.path(kind), exact=exact)
        return index, index.describe(), to_space
    index = vector_index.ExactIndex(vectors)  # these vectors are only in memory, so a saved index could not be reused
    return index, index.describe() | {"kind": "exact, mapped in memory"} | told, to_space
