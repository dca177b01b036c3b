"""Judges image and title embeddings by retrieval, and shows them: examples, maps, clusters.

Reads: data/nga/, data/embeddings/.
Writes: data/similarity/ (neighbours.parquet: space, id, rank, score, neighbour; clusters.parquet: id, cluster),
    metrics/similarity.json (<judge>.<space>.<metric>), plots/similarity/: examples_image.png, examples_title.png,
    tsne.csv (id, title, theme, space, x, y), tsne.png, map.png, clusters.csv, cluster_*.png, retrieval.csv.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import stages  # noqa: F401
from artextract import showing, space
from artextract.files import write_metrics, write_table
from artextract.params import load_params
from artextract.relevance import all_judges, artist_clusters
from artextract.retrieval import evaluate_spaces
from artextract.retrieval_report import headline, retrieval_table
from artextract.runtime import run_stage
from artextract.search import nearest, neighbour_table
from artextract.shards import ShardReader

OUT, PLOTS = Path("data/similarity"), Path("plots/similarity")


def main() -> None:
    """Evaluate, then draw."""
    p = load_params("seed", "relevance", "similarity")
    index = pd.read_parquet("data/nga/index.parquet")
    reader = ShardReader(Path("data/nga"), index)
    spaces = {name: np.load(f"data/embeddings/{name}s.npy") for name in ("image", "title")}
    k, group = p.relevance.neighbours, index["group"].to_numpy()
    judges = all_judges(index, spaces["title"], p.relevance.title_cosine)
    metrics = evaluate_spaces(spaces, judges, artist_clusters(index), k=k, draws=p.relevance.bootstrap, seed=p.seed)
    found = {name: nearest(e, e, k, exclude=(group, group)) for name, e in spaces.items()}
    neighbours = [neighbour_table(index["id"], *found[name], name) for name in spaces]
    write_table(OUT / "neighbours.parquet", pd.concat(neighbours, ignore_index=True))

    queries = showing.choose_queries(index, p.similarity.examples, p.seed)
    for name, embedding in spaces.items():
        showing.draw_examples(index, reader, embedding, queries, k, name, PLOTS / f"examples_{name}.png")
    maps = {name: space.tsne_map(e, p.similarity.tsne_perplexity, p.seed) for name, e in spaces.items()}
    themes = showing.first_theme(index)
    frame = pd.DataFrame({"id": index["id"], "title": index["title"], "theme": themes})
    xy = [frame.assign(space=name, x=m[0][:, 0], y=m[0][:, 1]) for name, m in maps.items()]
    write_table(PLOTS / "tsne.csv", pd.concat(xy, ignore_index=True))
    showing.plot_maps(maps, themes, PLOTS / "tsne.png")
    showing.draw_map(reader, maps["image"][0], PLOTS / "map.png")

    labels = space.cluster(spaces["image"], p.similarity.clusters, p.seed)
    ranked = [space.central_first(spaces["image"], np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    write_table(PLOTS / "clusters.csv", showing.draw_clusters(index, reader, labels, ranked, PLOTS))
    write_table(OUT / "clusters.parquet", pd.DataFrame({"id": index["id"], "cluster": labels + 1}))
    trust = {f"tsne.{name}.trustworthiness": m[1] for name, m in maps.items()}
    write_table(PLOTS / "retrieval.csv", retrieval_table(metrics))
    write_metrics(Path("metrics/similarity.json"), headline(metrics, k) | trust)


if __name__ == "__main__":
    run_stage(main)
