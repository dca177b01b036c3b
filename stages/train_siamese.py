"""Trains the siamese projection with pairs from titles, and tests it on works, painters and titles it has not seen.

Reads: data/nga/index.parquet, data/embeddings/.
Writes: data/siamese/: splits.parquet (id, s1, s2_fold, s3), and of the training on S1 projection.safetensors,
    projected.npy (unit rows, row i = index row i) and crossmodal.safetensors (mean, weight: images into the space of
    words); values.parquet (split, judge, space, id, painter, metrics: every query of every split). plots/siamese/:
    losses.csv (epoch, train, select), retrieval.csv (split, judge, space, metric, micro, low, high, macro ...),
    crossmodal.csv (the same, of titles and descriptions that find held-out works through the cross-modal head),
    attempts.csv (every attempt against the strongest post-processing, paired, with Holm's p), tsne.csv (id, title,
    theme, s1, space, x, y) and tsne.png (before and after, works held out in S1 ringed). metrics/siamese.json.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract.core.compute import set_threads
from artextract.core.files import write_array, write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.data.museum.painters import artist_clusters
from artextract.params.reading import load_params
from artextract.params.sections import Params
from artextract.siamese.evaluation import held_out as evaluation
from artextract.siamese.evaluation import words_eval as crossmodal
from artextract.siamese.evaluation.trials import PRIMARY, RAW, headline, train_gain, trials, values_table
from artextract.siamese.projection.projection import project, save_projection
from artextract.siamese.projection.splits import painter_components, split_table
from artextract.siamese.projection.training import Trained
from artextract.siamese.projection.words import fit_head, save_head
from artextract.similarity.evaluation.maps import first_theme, map_table, plot_maps, sample_rows, tsne_maps
from artextract.similarity.ranking.judges import ELSEWHERE, all_judges
from artextract.similarity.ranking.spaces import Space
from artextract.similarity.ranking.tables import Values, retrieval_table

OUT, PLOTS = Path("data/siamese"), Path("plots/siamese")


def keep(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, trained: Trained, held: evaluation.Held, p: Params
):
    """Write projection, projected works and cross-modal head; the counts of the training."""
    save_projection(OUT / "projection.safetensors", trained.net)
    write_array(OUT / "projected.npy", project(trained.net, images))
    write_table(PLOTS / "losses.csv", pd.DataFrame(trained.history[1:]))
    save_head(OUT / "crossmodal.safetensors", fit_head(index, images, titles, held.known, p.siamese.ridge))
    counts = {"epochs": trained.epochs, "positive_pairs": len(trained.pairs.positive)}
    return counts | {"positive_from_cosine": trained.pairs.positive_from}


def by_words(
    index: pd.DataFrame,
    images: np.ndarray,
    titles: np.ndarray,
    splits: Mapping[str, Sequence[evaluation.Held]],
    described: bool,
    p: Params,
) -> dict[str, float]:
    """How well titles, and descriptions where there are enough, find held-out works through heads of each split."""
    texts = {crossmodal.OWN_TITLE: crossmodal.own_titles(index, titles)}
    if described:
        from artextract.encoders.title import embed_titles  # loads a model, which most collections do not need here

        texts[crossmodal.DESCRIPTION] = crossmodal.descriptions(index, lambda t: embed_titles(t, p.title_encoder)[0])
    painters, k, parts = artist_clusters(index), p.relevance.neighbours, []
    for split, trainings in splits.items():
        found = [
            crossmodal.search(index, images, titles, held, texts, penalty=p.siamese.ridge, k=k, seed=p.seed)
            for held in trainings
        ]
        table = retrieval_table(evaluation.pool(found), painters, p.relevance.bootstrap, p.seed)
        parts.append(table.assign(split=split))
    table = pd.concat(parts, ignore_index=True)
    write_table(PLOTS / "crossmodal.csv", table[["split", *table.columns.drop("split")]])
    return crossmodal.headline(table, k)


def show(index: pd.DataFrame, images: np.ndarray, part: pd.Series, p: Params) -> dict[str, float]:
    """Maps of the image and of the siamese space, held-out works ringed; the trustworthiness of each."""
    spaces = {"image": images, "siamese": np.load(OUT / "projected.npy")}
    rows = sample_rows(len(index), p.tsne.works, p.seed)
    maps = tsne_maps(spaces, rows, p.tsne.perplexity, p.seed)
    write_table(PLOTS / "tsne.csv", map_table(index, rows, maps, s1=part))
    held_out = (part == "held_out").to_numpy()[rows]
    plot_maps(maps, first_theme(index).iloc[rows], PLOTS / "tsne.png", held_out)
    return {f"tsne.{name}.trustworthiness": trust for name, (_, trust) in maps.items()}


def main() -> None:
    """Train under every split, keep the one of S1, and compare all attempts with the raw embedding."""
    p = load_params("seed", "relevance", "siamese", "splits", "title_encoder", "tsne")
    set_threads()
    index = pd.read_parquet("data/nga/index.parquet")
    images, titles = (np.load(f"data/embeddings/{name}.npy") for name in ("images", "titles"))
    judges, unmeasured = all_judges(index, titles, p.relevance)
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
    components = painter_components(index)
    folds = evaluation.by_fold(splits["s2_fold"].to_numpy(), components, p.splits.select_fraction, p.seed)
    s3 = evaluation.by_part(splits["s3"].to_numpy())
    values = {"s1": found, "s2": evaluation.pool([run(held)[2] for held in folds]), "s3": run(s3)[2]}
    write_table(OUT / "values.parquet", values_table(values, index["id"], painters))
    tables = [retrieval_table(v, painters, p.relevance.bootstrap, p.seed).assign(split=s) for s, v in values.items()]
    table = pd.concat(tables, ignore_index=True)
    write_table(PLOTS / "retrieval.csv", table[["split", *table.columns.drop("split")]])
    tried = trials(values, [f"ndcg{k}", f"p{k}"], painters, p.relevance.bootstrap, p.seed)
    write_table(PLOTS / "attempts.csv", tried)
    described = unmeasured.get("text_to_image") == ELSEWHERE
    found_by = by_words(index, images, titles, {"s1": [s1], "s2": folds}, described, p)
    write_metrics(Path("metrics/siamese.json"), headline(tried, values, f"p{k}") | gap | counts | maps | found_by)


if __name__ == "__main__":
    run_stage(main)
