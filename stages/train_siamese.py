"""Fits the siamese projection to titles, with both heads, and tests it on works, painters and titles it has not seen.

Reads: data/nga/index.parquet, data/embeddings/.
Writes: data/siamese/: splits.parquet (id, s1, s2_fold, s3), and of the training on S1 projection.safetensors,
    projected.npy (unit rows, row i = index row i) and crossmodal.safetensors (mean, weight: images into the space of
    words); values.parquet (split, judge, space, id, painter, metrics: every query of every split). plots/siamese/:
    losses.csv (epoch, train, select), retrieval.csv (split, judge, space, metric, micro, low, high, macro ...),
    crossmodal.csv (the same, of titles and descriptions that find held-out works through the cross-modal head),
    attempts.csv (every attempt against the strongest post-processing, paired, with Holm's p), knob.csv (judge,
    subject, queries, metrics: scores for unseen painters by the weight of the subject). metrics/gain.json (the DVC
    metric: the gain for unseen painters, and half its interval), metrics/siamese.json. A collection that is too small
    for a training gets a projection that leaves images as they are, and metrics/siamese.json says why (not_trained).
"""

import sys
from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import write_array, write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params

OUT, PLOTS = Path("data/siamese"), Path("plots/siamese")


def main() -> None:
    """Train under every split, keep the network of S1, and compare all attempts with the raw embedding."""
    p = load_params("seed", "relevance", "siamese", "splits", "title_encoder")
    from artextract.core.compute import set_threads
    from artextract.core.large_arrays import give_back
    from artextract.encoders.title import embed_titles
    from artextract.siamese.evaluation.result import not_trained, trained
    from artextract.siamese.projection.pairs import TooFewWorks, positive_cosine
    from artextract.siamese.projection.projection import project
    from artextract.siamese.projection.saved import save_projection
    from artextract.siamese.projection.splits import split_table
    from artextract.siamese.projection.words import save_head
    from artextract.similarity.ranking.collection import open_collection, require_room

    set_threads()
    give_back()
    collection = open_collection(Path("data/nga"), Path("data/embeddings"))
    require_room(len(collection.index), collection.values)
    similar = positive_cosine(collection.index, collection.titles, p.siamese, p.seed)
    splits = split_table(collection.index, collection.titles, p.splits, similar, p.seed)
    try:
        result = trained(collection, splits, p, lambda texts: embed_titles(texts, p.title_encoder)[0])
    except TooFewWorks as error:
        print(f"train_siamese: not trained, the siamese space is the image embedding: {error.problem}", file=sys.stderr)
        k = p.relevance.neighbours
        result = not_trained(collection, error.problem, [f"p{k}", f"ndcg{k}"])
    write_table(OUT / "splits.parquet", splits)
    save_projection(OUT / "projection.safetensors", result.projection)
    write_array(OUT / "projected.npy", project(result.projection, collection.images))
    save_head(OUT / "crossmodal.safetensors", result.head)
    write_table(OUT / "values.parquet", result.values)
    for name, table in result.plots.items():
        write_table(PLOTS / f"{name}.csv", table)
    write_metrics(Path("metrics/siamese.json"), result.flat)
    write_metrics(Path("metrics/gain.json"), result.headline)


if __name__ == "__main__":
    run_stage(main)
