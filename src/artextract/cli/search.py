"""Finds paintings by words, or by an image.

Words are compared with the titles of an embedded collection (--space title), or with its images by the cross-modal
head of train_siamese (--space words), which finds a painting whatever its title. An image is compared with the images,
as they are embedded (--space image) or as the siamese network projects them (--space siamese), where the subject counts
for more.
The result is a table, and the same as PREFIX.csv and as a sheet of the paintings, PREFIX.png. PREFIX.json tells how it
was found: by comparison with all works, or by a compressed index, and with which recall.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from artextract.core.errors import ArtExtractError

if TYPE_CHECKING:  # imported where they are needed: `--help` answers at once
    import numpy as np
    import pandas as pd
    from PIL import Image

    from artextract.search.collection import Embedded

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".bmp")
SPACES = {
    "title": "titles",
    "image": "images",
    "siamese": "images, as the siamese network projects them,",
    "words": "images, mapped into the space of words,",
}
HEADINGS = {
    "title": "Found by title",
    "image": "Found by image",
    "siamese": "Found by image, the siamese network's way",
    "words": "Found by what it shows",
}
BY_IMAGE = ("image", "siamese")
IN_A_ROW = 5  # paintings on a line of the sheet


def parser() -> argparse.ArgumentParser:
    """The command line."""
    first, rest = (__doc__ or "").split("\n\n", 1)
    result = argparse.ArgumentParser(
        "python -m artextract.cli.search", description=f"{first.split('.')[0]}. {rest}", allow_abbrev=False
    )
    result.add_argument("query", metavar="QUERY", help="words, or the path of an image file")
    result.add_argument("-k", type=int, default=10, help="how many works (default 10)")
    result.add_argument("--space", choices=SPACES, help="what is compared (default: title for words, image for images)")
    result.add_argument("--collection", type=Path, default=Path("data/nga"), metavar="FOLDER", help="default data/nga")
    result.add_argument(
        "--embeddings", type=Path, default=Path("data/embeddings"), metavar="FOLDER", help="default data/embeddings"
    )
    result.add_argument("--out", type=Path, metavar="PREFIX", help="default: search/<the query>")
    result.add_argument("--exact", action="store_true", help="compare all works of a large collection, without faiss")
    return result


def is_image(query: str) -> bool:
    """Whether a query names an image file; words that happen to be a folder's name are words.

    Raises:
        ArtExtractError: It is meant as one and is not there.
    """
    if os.path.isfile(query):
        return True
    if query.lower().endswith(IMAGE_SUFFIXES):
        raise ArtExtractError("there is no such image file", where=query)
    return False


def slug(query: str) -> str:
    """A file name from a query: ``harbour-at-dusk``."""
    return re.sub(r"[^\w]+", "-", query.lower()).strip("-")[:60].strip("-") or "query"


def choose_space(space: str | None, by_image: bool) -> str:
    """The space that is searched.

    Raises:
        ArtExtractError: The query cannot be compared there.
    """
    if space is None:
        return "image" if by_image else "title"
    if by_image and space not in BY_IMAGE:
        raise ArtExtractError(
            f"an image cannot be looked for in the space {space!r}", remedy="use --space image, or --space siamese"
        )
    if not by_image and space in BY_IMAGE:
        raise ArtExtractError(
            "words cannot be compared with images as such",
            remedy="use --space words (the cross-modal head), or --space title",
        )
    return space


def result_table(index: pd.DataFrame, rows: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """What was found, best first: rank, score, title, attribution, date, id, row."""
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
    """The query on the left, and what was found in lines of five."""
    from artextract.pictures.sheets import Card, retrieval_sheet

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


def run(given: argparse.Namespace) -> None:
    """Search, and write table, sheet and how it was searched.

    Raises:
        ArtExtractError: The query, the collection or its embeddings are not usable.
    """
    query = " ".join(given.query.split())
    if not query:
        raise ArtExtractError("the query is empty", remedy="give words, or the path of an image file")
    if given.k < 1:
        raise ArtExtractError(f"-k is {given.k}", remedy="ask for one work or more")
    by_image = is_image(given.query)
    space = choose_space(given.space, by_image)
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.pictures.sheets import text_picture
    from artextract.search.collection import open_embedded
    from artextract.search.query import embed_image, embed_text, read_image

    works = open_embedded(given.collection, given.embeddings)
    kind = "title" if space == "title" else "image"
    vectors, trained = works.vectors(kind), works.embeddings.parent / "siamese"
    if space == "words":
        from artextract.siamese.projection.words import words_vectors

        vectors = words_vectors(vectors, trained / "crossmodal.safetensors")
    recorded = works.identity("image" if by_image else "title")
    if by_image:
        picture = read_image(Path(given.query), int(works.index[["width", "height"]].to_numpy().max()))
        _say(f"loading {recorded['name']} ...")
        vector = embed_image(picture, recorded)
        if space == "siamese":
            from artextract.siamese.projection.projection import load_projection, projected

            net = load_projection(trained / "projection.safetensors")
            vectors, vector = projected(net, vectors), projected(net, vector)
    else:
        picture = text_picture(query)
        _say(f"loading {recorded['name']} ...")
        vector = embed_text(query, recorded)
    from artextract.search.index import ExactIndex, open_index

    if space in ("words", "siamese"):  # mapped just now: no file that an index could be kept for
        index = ExactIndex(vectors)
        described = index.describe() | {"kind": "exact, mapped in memory"}
    else:
        index = open_index(works.path(kind), exact=given.exact)
        described = index.describe()
    rows, scores = index.nearest(vector, given.k)
    known = rows[0] >= 0
    table = result_table(works.index, rows[0][known], scores[0][known])
    print(printed(table, shutil.get_terminal_size((120, 24)).columns))
    _say("{vectors:,} vectors searched: {kind}; recall {recall:.4g}".format(**described))

    from artextract.core.files import write_csv_for_people, write_metrics

    name = Path(given.query).name if by_image else query
    prefix = given.out or Path("search") / slug(name)
    csv, sheet, record = (prefix.with_name(f"{prefix.name}.{suffix}") for suffix in ("csv", "png", "json"))
    write_csv_for_people(csv, table.drop(columns="row"))
    write_metrics(record, {"query": name, "space": space, **described})
    draw_sheet(name, picture, table, works, space, sheet)
    _say(f"{csv}\n{sheet}\n{record}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a user's problem becomes a message and exit status 2."""
    given = parser().parse_args(arguments)
    try:
        run(given)
    except ArtExtractError as error:
        _say(f"\nsearch: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
