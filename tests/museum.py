"""Small museums for tests: the five tables with their official headers, and shards with images."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.data.museum.headers import HEADERS
from artextract.data.museum.schemas import COLUMNS
from artextract.search.collection import Embedded, open_embedded
from tests.conftest import jpeg

Row = Mapping[str, object]


def painting(number: int | str, **changes: object) -> Row:
    """A row of ``objects``."""
    row = {"objectid": number, "title": f"Work {number}", "classification": "Painting", "isvirtual": 0}
    return row | {"displaydate": "1890", "beginyear": 1890, "endyear": 1890, "attribution": "A. Painter"} | changes


def view(number: int, **changes: object) -> Row:
    """A row of ``published_images``: by default the primary view of object ``number``, as a file next to the tables."""
    row = {"uuid": f"uuid-{number}", "iiifurl": f"file:pictures/{number}.jpg", "viewtype": "primary", "sequence": 0}
    return row | {"width": 40, "height": 30, "depictstmsobjectid": number} | changes


def link(number: int, person: int, **changes: object) -> Row:
    """A row of ``objects_constituents``: by default ``person`` painted object ``number``."""
    row = {"objectid": number, "constituentid": person, "displayorder": 1, "roletype": "artist", "role": "painter"}
    return row | changes


def person(number: int, name: str, **changes: object) -> Row:
    """A row of ``constituents``; names are written "Last, First"."""
    forward = " ".join(reversed(name.split(", ")))
    row = {"constituentid": number, "preferreddisplayname": name, "forwarddisplayname": forward}
    return row | {"constituenttype": "individual"} | changes


def term(number: int, kind: str, value: str, **changes: object) -> Row:
    """A row of ``objects_terms``."""
    return {"objectid": number, "termtype": kind, "term": value} | changes


def museum(
    objects: Sequence[Row] = (painting(1),),
    images: Sequence[Row] | None = None,
    links: Sequence[Row] = (link(1, 7),),
    people: Sequence[Row] = (person(7, "Painter, A."),),
    terms: Sequence[Row] = (term(1, "Theme", "landscape", visualbrowsertheme="landscape"),),
) -> dict[str, Sequence[Row]]:
    """The five tables by name; if ``images`` is None, each object has one primary view."""
    return {
        "objects": objects,
        "published_images": [view(int(str(o["objectid"]))) for o in objects] if images is None else images,
        "objects_constituents": links,
        "constituents": people,
        "objects_terms": terms,
    }


def table_text(name: str, rows: Sequence[Row], *, columns: Sequence[str] | None = None, end: str = "\n") -> str:
    """CSV text of one table with the official header, or with these ``columns`` in the given order."""
    buffer = io.StringIO()
    header = HEADERS[name].split(",") if name in HEADERS else list(COLUMNS[name])
    writer = csv.DictWriter(buffer, columns or header, restval="", lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_tables(folder: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_bytes(table_text(name, rows).encode())


def as_read(tables: Mapping[str, Sequence[Row]]) -> dict[str, pd.DataFrame]:
    """Tables as ``read_tables`` returns them, made without writing and reading files."""
    return {
        name: pd.DataFrame(
            [[str(row.get(column, "")) for column in COLUMNS[name]] for row in rows],
            columns=pd.Index(list(COLUMNS[name])),
            dtype="str",
        )
        for name, rows in tables.items()
    }


def shards(folder: Path, pictures: Sequence[bytes]) -> ShardReader:
    """Reader of new shards that hold these images."""
    sources = [Source(f"p{i}", lambda data=data: data) for i, data in enumerate(pictures)]
    return ShardReader(folder, write_shards(sources, folder, max_side=4096))


def gallery(folder: Path, titles: Sequence[str]) -> tuple[pd.DataFrame, ShardReader]:
    """Index with these titles, two painters in turn and three themes, and a reader of the images."""
    n = len(titles)
    index = pd.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "title": list(titles),
            "attribution": [f"Painter {i % 2}" for i in range(n)],
            "artist": pd.array([f"a{i % 2}" for i in range(n)], dtype="string"),
            "themes": [[["landscape"], ["still_life", "portrait"], []][i % 3] for i in range(n)],
            "group": range(n),
        }
    )
    return index, shards(folder, [jpeg(i, 60 + 10 * (i % 3), 50) for i in range(n)])


def searchable(folder: Path, titles: Sequence[str], name: str = "works") -> Embedded:
    """An embedded collection on disk, in data/NAME and data/embeddings of the folder, with vectors of length eight."""
    works, embeddings = folder / "data" / name, folder / "data" / "embeddings"
    index, _ = gallery(works, titles)
    sources = [Source(str(i), lambda i=i: jpeg(i, 60 + 10 * (i % 3), 50)) for i in range(len(titles))]
    stored = write_shards(sources, works, max_side=4096).drop(columns="id")
    index = pd.concat([index, stored], axis=1).assign(displaydate=None)
    index.to_parquet(works / "index.parquet")
    embeddings.mkdir(parents=True, exist_ok=True)
    for seed, kind in enumerate(("image", "title")):
        rows = np.random.default_rng(seed).standard_normal((len(titles), 8)).astype(np.float32)
        np.save(embeddings / f"{kind}s.npy", rows / np.linalg.norm(rows, axis=1, keepdims=True))
        record = {"name": f"{kind} network", "weights": "hub", "weights_sha256": "12", "rows": len(titles)}
        record |= {"dimensions": 8, "preprocessing": "none", "revision": "main", "max_tokens": 9}
        (embeddings / f"embed_{kind}s.json").write_text(json.dumps(record))
    return open_embedded(works, embeddings)
