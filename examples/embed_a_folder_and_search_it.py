"""Embed a folder of pictures with the pretrained image network, and find the ones that look most like one of them.

    python examples/embed_a_folder_and_search_it.py FOLDER [QUERY_IMAGE] [-k 5]

Start it in the repository's root, in the activated environment. Without a query image the first picture of the folder
is used. The network is the one of `image_encoder` in params.yaml. It comes with `make setup`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.runtime import prepare_environment
from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.params.reading import load_params

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
MAX_SIDE = 640  # pixels on the longer side: enough for every pretrained network that comes with the project


def pictures_in(folder: Path) -> list[Path]:
    """All pictures in a folder and its sub-folders, in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ArtExtractError("no pictures found", where=str(folder), remedy=f"expected files like {sorted(SUFFIXES)}")
    return paths


def embed(paths: list[Path], work: Path) -> tuple[list[Path], np.ndarray]:
    """Pictures that could be read, and their unit vectors, float32 (n, d)."""
    from artextract.encoders.embed import embed_collection

    sources = [Source(str(i), path.read_bytes) for i, path in enumerate(paths)]
    stored = write_shards(sources, work, max_side=MAX_SIDE)
    for number, reason in stored.loc[stored["error"].notna(), ["id", "error"]].astype(str).values.tolist():
        print(f"left out: {paths[int(number)]} ({reason})")
    index = stored[stored["error"].isna()].reset_index(drop=True)
    vectors, identity = embed_collection(ShardReader(work, index), load_params("image_encoder").image_encoder)
    print(f"{len(index)} pictures, {vectors.shape[1]} dimensions, network {identity['name']}")
    return [paths[int(i)] for i in index["id"]], vectors


def main() -> None:
    """Embed, search, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("query", type=Path, nargs="?")
    parser.add_argument("-k", type=int, default=5)
    arguments = parser.parse_args()
    prepare_environment()
    from artextract.similarity.ranking.neighbours import nearest

    paths = pictures_in(arguments.folder)
    query = arguments.query or paths[0]
    others = [path for path in paths if path.resolve() != query.resolve()]
    with tempfile.TemporaryDirectory() as work:
        names, vectors = embed([query, *others], Path(work))
    if names[0] != query:
        raise ArtExtractError("the query is not readable as an image", where=str(query))
    rows, cosines = nearest(vectors[:1], vectors[1:], arguments.k)
    print(f"most like {query}:")
    for row, cosine in zip(rows[0], cosines[0], strict=True):
        print(f"  {cosine:.3f}  {names[1 + row]}")


if __name__ == "__main__":
    try:
        main()
    except ArtExtractError as error:
        sys.exit(str(error))
