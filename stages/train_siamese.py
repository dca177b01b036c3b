"""Trains the siamese projection with pairs from titles, and tests it on works, painters and titles it has not seen.

Reads: data/nga/index.parquet, data/embeddings/.
Writes: data/siamese/: splits.parquet (id, s1, s2_fold, s3), and of the training on S1 projection.safetensors,
    projected.npy (unit rows, row i = index row i) and crossmodal.safetensors (mean, weight: images into the space of
    words); values.parquet (split, judge, space, id, painter, metrics: every query of every split). plots/siamese/:
    losses.csv (epoch, train, select), retrieval.csv (split, judge, space, metric, micro, low, high, macro ...),
    attempts.csv (every attempt against the strongest post-processing, paired, with Holm's p), tsne.csv (id, title,
    theme, s1, space, x, y) and tsne.png (before and after, works held out in S1 ringed). metrics/siamese.json.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract import siamese_eval as evaluation
from artextract.compute import set_threads
from artextract.crossmodal import fit_head, known_item_rank, save_head
from artextract.files import write_array, write_metrics, write_table
from artextract.nga_splits import split_table
from artextract.params import Params
from artextract.params_file import load_params
from artextract.relevance import all_judges, artist_clusters
from artextract.retrieval_report import Values, retrieval_table
from artextract.runtime import run_stage
from artextract.siamese_pairs import titled_rows
from artextract.siamese_projection import project, save_projection
from artextract.siamese_training import Trained
from artextract.siamese_trials import PRIMARY, RAW, headline, train_gain, trials, values_table
from artextract.space import sample_rows, tsne_maps
from artextract.space_figure import first_theme, map_table, plot_maps
from artextract.spaces import Space
from artextract.words_space import words_vectors

OUT, PLOTS = Path("data/siamese"), Path("plots/siamese")


def keep(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, trained: Trained, held: evaluation.Held, p: Params
):
    """Write projection, projected works and cross-modal head; how well titles find held-out works through the head."""
    save_projection(OUT / "projection.safetensors", trained.net)
    write_array(OUT / "projected.npy", project(trained.net, images))
    write_table(PLOTS / "losses.csv", pd.DataFrame(trained.history[1:]))
    save_head(OUT / "crossmodal.safetensors", fit_head(index, images, titles, held.known, p.siamese.ridge))
    places = words_vectors(images, OUT / "crossmodal.safetensors")
    queries = titled_rows(index, held.queries)
    rank = known_item_rank(titles, places, queries, index["group"].to_numpy())
    k = p.relevance.neighbours
    counts = {"epochs": trained.epochs, "positive_pairs": len(trained.pairs.positive)}
    counts |= {"positive_from_cosine": trained.pairs.positive_from, "crossmodal.queries": len(queries)}
    return counts | {"crossmodal.mrr": float((1 / rank).mean()), f"crossmodal.recall{k}": float((rank <= k).mean())}


def show(index: pd.DataFrame, images: np.ndarray, part: pd.Series, p: Params) -> dict[str, float]:
    """Maps of the image and of the siamese space, held-out works ringed; the trustworthiness of each."""
    spaces = {"image": images, "siamese": np.load(OUT / "projected.npy")}
    rows = sample_rows(len(index), p.similarity.tsne_works, p.seed)
    maps = tsne_maps(spaces, rows, p.similarity.tsne_perplexity, p.seed)
    write_table(PLOTS / "tsne.csv", map_table(index, rows, maps, s1=part))
    held_out = (part == "held_out").to_numpy()[rows]
    plot_maps(maps, first_theme(index).iloc[rows], PLOTS / "tsne.png", held_out)
    return {f"tsne.{name}.trustworthiness": trust for name, (_, trust) in maps.items()}


def main() -> None:
    """Train under every split, keep the one of S1, and compare all attempts with the raw embedding."""
    p = load_params("seed", "relevance", "siamese", "similarity", "splits")
    set_threads()
    index = pd.read_parquet("data/nga/index.parquet")
    images, titles = (np.load(f"data/embeddings/{name}.npy") for name in ("images", "titles"))
    judges, _ = all_judges(index, titles, p.relevance)
    judges = evaluation.scorable(judges)
    splits = split_table(index, titles, p.splits, p.seed)
    write_table(OUT / "splits.parquet", splits)
    painters, k = artist_clusters(index), p.relevance.neighbours

    def run(held: evaluation.Held) -> tuple[Trained, list[Space], Values]:
        trained = evaluation.train_held(index, images, titles, held, p.siamese, p.seed)
        spaces = evaluation.post_processings(images, held, p.relevance)
        spaces += evaluation.attempts(index, images, titles, held, trained, p.siamese, p.seed)
        return trained, spaces, evaluation.score(spaces, judges, held.queries, k, p.seed)

    s1 = evaluation.by_part(splits["s1"].to_numpy())
    trained, spaces, found = run(s1)
    own = [space for space in spaces if space.name in (*RAW, PRIMARY)]
    gap = train_gain(evaluation.score(own, judges, s1.train, k, p.seed), f"p{k}")
    counts = keep(index, images, titles, trained, s1, p)
    maps = show(index, images, splits["s1"], p)
    folds = evaluation.by_fold(splits["s2_fold"].to_numpy(), painters, p.splits.select_fraction, p.seed)
    s3 = evaluation.by_part(splits["s3"].to_numpy())
    values = {"s1": found, "s2": evaluation.pool([run(held)[2] for held in folds]), "s3": run(s3)[2]}
    write_table(OUT / "values.parquet", values_table(values, index["id"], painters))
    tables = [retrieval_table(v, painters, p.relevance.bootstrap, p.seed).assign(split=s) for s, v in values.items()]
    table = pd.concat(tables, ignore_index=True)
    write_table(PLOTS / "retrieval.csv", table[["split", *table.columns.drop("split")]])
    tried = trials(values, [f"ndcg{k}", f"p{k}"], painters, p.relevance.bootstrap, p.seed)
    write_table(PLOTS / "attempts.csv", tried)
    write_metrics(Path("metrics/siamese.json"), headline(tried, values, f"p{k}") | gap | counts | maps)


if __name__ == "__main__":
    run_stage(main)
