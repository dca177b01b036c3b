"""Fits the siamese projection to titles, with both heads, and tests it on works, painters and titles it has not seen.

Reads: data/nga/index.parquet, data/embeddings/.
Writes: data/siamese/: splits.parquet (id, s1, s2_fold, s3), and of the training on S1 projection.safetensors,
    projected.npy (unit rows, row i = index row i) and crossmodal.safetensors (mean, weight: images into the space of
    words); values.parquet (split, judge, space, id, painter, metrics: every query of every split). plots/siamese/:
    losses.csv (epoch, train, select), retrieval.csv (split, judge, space, metric, micro, low, high, macro ...),
    crossmodal.csv (the same, of titles and descriptions that find held-out works through the cross-modal head),
    attempts.csv (every attempt against the strongest post-processing, paired, with Holm's p), knob.csv (judge,
    subject, queries, metrics: scores for unseen painters by the weight of the subject). metrics/gain.json (the DVC
    metric: the gain for unseen painters, and half its interval), metrics/siamese.json.
"""

from pathlib import Path

import pandas as pd

import stages  # noqa: F401
from artextract.core.compute import set_threads
from artextract.core.files import write_array, write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.encoders.title import embed_titles
from artextract.params.reading import load_params
from artextract.siamese.evaluation import words_eval
from artextract.siamese.evaluation.protocol import Trainings, found_by_words, train_and_score
from artextract.siamese.projection.pairs import positive_cosine
from artextract.siamese.projection.projection import project
from artextract.siamese.projection.saved import save_projection
from artextract.siamese.projection.splits import split_table
from artextract.siamese.projection.words import fit_head, save_head
from artextract.similarity.ranking.collection import open_collection
from artextract.similarity.ranking.judges import are_described

OUT, PLOTS = Path("data/siamese"), Path("plots/siamese")


def main() -> None:
    """Train under every split, keep the network of S1, and compare all attempts with the raw embedding."""
    p = load_params("seed", "relevance", "siamese", "splits", "title_encoder")
    set_threads()
    collection = open_collection(Path("data/nga"), Path("data/embeddings"))
    index, images, titles = collection.index, collection.images, collection.titles
    similar = positive_cosine(index, titles, p.siamese.positive_quantile)
    splits = split_table(index, titles, p.splits, similar, p.seed)
    write_table(OUT / "splits.parquet", splits)
    trainings = Trainings.of(collection, splits, p.splits.select_fraction, p.seed)
    outcome = train_and_score(collection, trainings, p)
    save_projection(OUT / "projection.safetensors", outcome.fitted.primary)
    write_array(OUT / "projected.npy", project(outcome.fitted.primary, images))
    save_head(OUT / "crossmodal.safetensors", fit_head(index, images, titles, trainings.s1.known, p.siamese.ridge))
    write_table(OUT / "values.parquet", outcome.tables["values"])
    write_table(PLOTS / "losses.csv", pd.DataFrame(outcome.fitted.trained.history[1:]))
    for name in ("retrieval", "attempts", "knob"):
        write_table(PLOTS / f"{name}.csv", outcome.tables[name])
    described = are_described(index, p.relevance)  # else the encoder, which takes seconds to load, is not needed
    words = found_by_words(
        collection, trainings, (lambda texts: embed_titles(texts, p.title_encoder)[0]) if described else None, p
    )
    write_table(PLOTS / "crossmodal.csv", words)
    write_metrics(Path("metrics/siamese.json"), outcome.flat | words_eval.headline(words, p.relevance.neighbours))
    write_metrics(Path("metrics/gain.json"), outcome.headline)


if __name__ == "__main__":
    run_stage(main)
