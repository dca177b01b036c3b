"""Trains a siamese projection of the image embedding with pairs from the title embedding; scores held-out works.

Reads: data/nga/index.parquet, data/embeddings/.
Writes: data/siamese/ (projection.safetensors, projected.npy: unit rows, row i = index row i, parts.parquet: id, part),
    metrics/siamese.json (<judge>.before|after|gain.<metric> on held-out works), plots/siamese/losses.csv (epoch,
    train, select), plots/siamese/retrieval.csv.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import save_file

import stages  # noqa: F401
from artextract import siamese
from artextract.compute import set_threads
from artextract.files import write_array, write_metrics, write_table
from artextract.params import load_params
from artextract.relevance import all_judges, artist_clusters
from artextract.retrieval_report import headline, retrieval_table
from artextract.runtime import run_stage
from artextract.siamese_eval import compare

OUT, PLOTS = Path("data/siamese"), Path("plots/siamese")


def main() -> None:
    """Mine pairs, train, project, and compare before with after on works that no pair touched."""
    p = load_params("seed", "relevance", "siamese")
    set_threads()
    index = pd.read_parquet("data/nga/index.parquet")
    images, titles = (np.load(f"data/embeddings/{name}.npy") for name in ("images", "titles"))
    parts = siamese.split_parts(index["group"].to_numpy(), p.siamese, p.seed)
    train_rows, select_rows = (np.flatnonzero(parts == part) for part in ("train", "select"))
    pairs = {
        "train": siamese.mine_pairs(index, titles, train_rows, train_rows, p.siamese),
        "select": siamese.mine_pairs(index, titles, select_rows, train_rows, p.siamese),
    }
    trained = siamese.train(images, pairs["train"], pairs["select"], p.siamese, p.seed)
    projected = siamese.project(trained.net, images)
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(trained.net.state_dict(), OUT / "projection.safetensors")
    write_array(OUT / "projected.npy", projected)
    write_table(OUT / "parts.parquet", pd.DataFrame({"id": index["id"], "part": parts}))
    write_table(PLOTS / "losses.csv", pd.DataFrame(trained.history))
    judges = all_judges(index, titles, p.relevance.title_cosine)
    held_out = np.flatnonzero(parts == "held_out")
    metrics = compare(
        {"before": images, "after": projected}, judges, held_out, artist_clusters(index),
        k=p.relevance.neighbours, draws=p.relevance.bootstrap, seed=p.seed,
    )  # fmt: skip
    write_table(PLOTS / "retrieval.csv", retrieval_table(metrics))
    counts = {f"{part}_works": int((parts == part).sum()) for part in siamese.PARTS}
    counts |= {f"{part}_positive_pairs": len(found.positive) for part, found in pairs.items()}
    counts |= {"best_epoch": trained.best_epoch, "positive_from_cosine": pairs["train"].threshold}
    write_metrics(Path("metrics/siamese.json"), headline(metrics, p.relevance.neighbours) | counts)


if __name__ == "__main__":
    run_stage(main)
