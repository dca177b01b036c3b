"""Judge an embedding of your own: any array with one row per work of the collection.

    python examples/judge_an_embedding.py [VECTORS.npy]

Start it in the repository's root after `dvc repro embed_images embed_titles`. Without a file, the example judges a
random projection of the image embedding to 32 dimensions, to show how much a small embedding loses. `artextract judge`
does the same from the command line; here you see the parts, and can put your own method in place of `small`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.runtime import prepare_environment
from artextract.params.reading import load_params


def small(images: np.ndarray, seed: int) -> np.ndarray:
    """Your method goes here: from image embeddings (n, d) to vectors (n, 32)."""
    projection = np.random.default_rng(seed).standard_normal((images.shape[1], 32)) / np.sqrt(32)
    return (images @ projection).astype(np.float32)


def main() -> None:
    """Read the collection, judge, print."""
    prepare_environment()
    from artextract.runs.judging import judged, printed, read_vectors
    from artextract.similarity.ranking.collection import open_collection

    folder, embeddings = Path("data/nga"), Path("data/embeddings")
    if not (folder / "index.parquet").is_file() or not (embeddings / "images.npy").is_file():
        raise ArtExtractError(
            "the collection is not here yet",
            where=f"{folder}, {embeddings}",
            remedy="`dvc repro embed_images embed_titles`, or `dvc pull`",
        )
    collection, params = open_collection(folder, embeddings), load_params("relevance", "seed")
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        name, vectors = path.stem, read_vectors(path, len(collection.index))
    else:
        name, vectors = "small", small(collection.images, params.seed)
    table = judged(name, [vectors], [], collection.index, collection.embeddings, params.relevance, params.seed)
    print(printed(table, name, params.relevance.neighbours))


if __name__ == "__main__":
    try:
        main()
    except ArtExtractError as error:
        sys.exit(str(error))
