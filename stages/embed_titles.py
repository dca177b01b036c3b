"""Embeds the titles with SentenceBERT.

Reads: data/nga/index.parquet.
Writes: data/embeddings/titles.npy (float32 (n, 768), unit rows, row i = index row i), metrics/embed_titles.json
    (the encoder's identity: name, revision, weights hash, backend).
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import write_array, write_metrics
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params


def main() -> None:
    """Embed all titles of the index."""
    p = load_params("title_encoder")
    import pandas as pd

    from artextract.encoders.title import embed_titles

    titles = pd.read_parquet("data/nga/index.parquet", columns=["title"])["title"].tolist()
    embeddings, identity = embed_titles(titles, p.title_encoder)
    write_array(Path("data/embeddings/titles.npy"), embeddings)
    shape = {"rows": embeddings.shape[0], "dimensions": embeddings.shape[1]}
    write_metrics(Path("metrics/embed_titles.json"), identity | shape)


if __name__ == "__main__":
    run_stage(main)
