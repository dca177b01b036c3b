"""Embeds the paintings with a pretrained network.

Reads: data/nga/.
Writes: data/embeddings/images.npy (float32 (n, d), unit rows, row i = index row i), metrics/embed_images.json
    (the encoder's identity: name, weights hash, preprocessing, backend; with a fast one its agreement with fp32).
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import write_array, write_metrics
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params


def main() -> None:
    """Embed all images of the index."""
    p = load_params("image_encoder")
    import pandas as pd

    from artextract.data.images.shards import ShardReader
    from artextract.encoders.embed import embed_collection

    source = Path("data/nga")
    reader = ShardReader(source, pd.read_parquet(source / "index.parquet"))
    embeddings, identity = embed_collection(reader, p.image_encoder)
    write_array(Path("data/embeddings/images.npy"), embeddings)
    shape = {"rows": embeddings.shape[0], "dimensions": embeddings.shape[1]}
    write_metrics(Path("metrics/embed_images.json"), identity | shape)


if __name__ == "__main__":
    run_stage(main)
