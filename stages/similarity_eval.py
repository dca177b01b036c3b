"""Judges image and title embeddings by retrieval, beside plain baselines, and shows them: examples, maps, clusters.

Reads: data/nga/, data/embeddings/.
Writes: data/similarity/ (neighbours.parquet: space, id, rank, score, neighbour; clusters.parquet: id, cluster),
    metrics/similarity.json (<judge>.<space>.<metric>), plots/similarity/: retrieval.csv (judge, space, metric, micro,
    low, high, macro, macro_low, macro_high, queries), differences.csv (the same, paired, with p values), judges.csv
    (judge, queries, status), health.csv, judges.png, outliers.csv (works whose neighbours disagree with their
    attribution) and outliers.png, examples_image.png, examples_title.png, tsne.csv (id, title,
    theme, space, x, y), tsne.png, map.png, clusters.csv, clusters/cluster_*.png.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract.core.files import write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.data.images.shards import ShardReader
from artextract.data.museum.painters import artist_clusters
from artextract.params.reading import load_params
from artextract.params.sections import Params
from artextract.similarity.evaluation import clusters as groups
from artextract.similarity.evaluation import examples as showing
from artextract.similarity.evaluation import outliers
from artextract.similarity.evaluation.figures import plot_judges
from artextract.similarity.evaluation.health import health
from artextract.similarity.evaluation.maps import draw_map, first_theme, map_table, plot_maps, sample_rows, tsne_maps
from artextract.similarity.ranking import tables as report
from artextract.similarity.ranking.judges import ELSEWHERE, all_judges
from artextract.similarity.ranking.neighbours import nearest, neighbour_table
from artextract.similarity.ranking.spaces import colour_space, cosine_space, image_spaces, popularity_space

OUT, PLOTS = Path("data/similarity"), Path("plots/similarity")
TRIED = ("title", "image", "centred", "whitened", "csls")  # compared in pairs, with Holm's correction
SHOWN = ("random", "title", "image", "centred")  # in the metrics; all others are in the tables


def score(index: pd.DataFrame, reader: ShardReader, embeddings: dict[str, np.ndarray], p: Params) -> dict[str, float]:
    """All judges on all spaces, as tables, as a figure and as the few numbers for the metrics."""
    k, clusters, draws = p.relevance.neighbours, artist_clusters(index), p.relevance.bootstrap
    local, group = p.relevance.csls_neighbours, index["group"].to_numpy()
    judges, unmeasured = all_judges(index, embeddings["title"], p.relevance)
    spaces = [
        popularity_space(embeddings["image"], local),
        colour_space(reader.image(row) for row in range(len(index))),
        cosine_space("title", embeddings["title"], frozenset({"title"})),
        *image_spaces(embeddings["image"], p.relevance.whitened_components, local),
    ]
    values = report.evaluate_spaces(spaces, judges, k, p.seed)
    table = report.retrieval_table(values, clusters, draws, p.seed)
    write_table(PLOTS / "retrieval.csv", table)
    absent = {name: reason for name, reason in unmeasured.items() if reason != ELSEWHERE}
    plot_judges(table, absent, f"ndcg{k}", PLOTS / "judges.png")
    write_table(PLOTS / "judges.csv", report.judges_table(judges, unmeasured))
    tried = {(judge, name): v for (judge, name), v in values.items() if name in TRIED}
    found = report.differences(tried, "image", [f"ndcg{k}", "map", f"p{k}"], clusters, draws, p.seed)
    write_table(PLOTS / "differences.csv", found)
    figures = {s.name: health(s, group, local) for s in spaces}
    write_table(PLOTS / "health.csv", pd.DataFrame.from_dict(figures, "index").rename_axis("space").reset_index())
    chosen = {f"health.image.{name}": value for name, value in figures["image"].items()}
    return (
        report.headline(table, k, SHOWN, ("title", "image"), "image")
        | chosen
        | attributions(index, reader, embeddings["image"], p)
    )


def attributions(index: pd.DataFrame, reader: ShardReader, images: np.ndarray, p: Params) -> dict[str, float]:
    """Paintings that look like another painter's; how well the ranking finds attributions known to be doubtful."""
    found = outliers.report(
        index, reader, images, draws=p.relevance.bootstrap, seed=p.seed,
        table=PLOTS / "outliers.csv", sheet=PLOTS / "outliers.png",
    )  # fmt: skip
    flat = {name: value for name, value in found.items() if not isinstance(value, dict)}
    for truth, figures in found.items():
        flat |= {f"{truth}.{name}": value for name, value in figures.items()} if isinstance(figures, dict) else {}
    return {f"outliers.{name}": value for name, value in flat.items()}


def show(index: pd.DataFrame, reader: ShardReader, embeddings: dict[str, np.ndarray], p: Params) -> dict[str, float]:
    """Example sheets, maps and clusters; the trustworthiness of the maps."""
    queries = showing.choose_queries(index, p.similarity.examples, p.seed)
    for name, embedding in embeddings.items():
        path = PLOTS / f"examples_{name}.png"
        showing.draw_examples(index, reader, embedding, queries, p.relevance.neighbours, name, path)
    rows = sample_rows(len(index), p.tsne.works, p.seed)
    maps = tsne_maps(embeddings, rows, p.tsne.perplexity, p.seed)
    write_table(PLOTS / "tsne.csv", map_table(index, rows, maps))
    plot_maps(maps, first_theme(index).iloc[rows], PLOTS / "tsne.png")
    shown = sample_rows(len(rows), p.similarity.map_works, p.seed)
    draw_map(reader, rows[shown], maps["image"][0][shown], PLOTS / "map.png")

    labels = groups.cluster(embeddings["image"], p.similarity.clusters, p.seed)
    ranked = [groups.central_first(embeddings["image"], np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    write_table(PLOTS / "clusters.csv", groups.draw_clusters(index, reader, labels, ranked, PLOTS / "clusters"))
    write_table(OUT / "clusters.parquet", pd.DataFrame({"id": index["id"], "cluster": labels + 1}))
    return {f"tsne.{name}.trustworthiness": m[1] for name, m in maps.items()}


def main() -> None:
    """Evaluate, then draw."""
    p = load_params("seed", "relevance", "similarity", "tsne")
    index = pd.read_parquet("data/nga/index.parquet")
    reader = ShardReader(Path("data/nga"), index)
    embeddings = {name: np.load(f"data/embeddings/{name}s.npy") for name in ("image", "title")}
    k, group = p.relevance.neighbours, index["group"].to_numpy()
    found = {name: nearest(e, e, k, exclude=(group, group)) for name, e in embeddings.items()}
    neighbours = [neighbour_table(index["id"], *found[name], name) for name in embeddings]
    write_table(OUT / "neighbours.parquet", pd.concat(neighbours, ignore_index=True))
    metrics = score(index, reader, embeddings, p) | show(index, reader, embeddings, p)
    write_metrics(Path("metrics/similarity.json"), metrics)


if __name__ == "__main__":
    run_stage(main)
