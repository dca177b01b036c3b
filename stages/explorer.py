"""Writes the folder of static files in which a browser shows the collection: `artextract explore`.

Reads: data/nga/, data/embeddings/, data/names/clusters.yaml (names that people gave to clusters); of the parts that
    explorer.parts names, data/siamese/ (siamese), data/similarity/, plots/similarity/ and metrics/similarity.json
    (similarity), data/artgan/ and data/evaluation/ (classification); data/sources/ (the records of the sources);
    metrics/embed_titles.json (which weights the title encoder has).
Writes: data/explorer/ (docs/explorer.md describes the format).
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params


def main() -> None:
    """Build the folder of this repository, or of the collection that the stage is started in."""
    p = load_params("seed", "explorer", "title_encoder")
    from artextract.core.compute import set_threads
    from artextract.explorer.build import build

    set_threads()
    build(Path(), p.explorer, p.title_encoder, p.seed, Path("data/explorer"))


if __name__ == "__main__":
    run_stage(main)
