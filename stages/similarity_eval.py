"""Judges image and title embeddings by retrieval, next to plain baselines, and shows them: examples, maps, clusters.

Reads: data/nga/, data/embeddings/, data/siamese/ (projected.npy and splits.parquet, for its map).
Writes: data/similarity/ (neighbours.parquet: space, id, rank, score, neighbour; clusters.parquet: id, cluster;
    neighbours.csv and clusters.csv: the same with titles and painters, for a spreadsheet), metrics/ndcg.json (the DVC
    metric: nDCG@10 of the image embedding under the main judge), metrics/similarity.json (<judge>.<space>.<metric>),
    plots/similarity/: retrieval.csv (judge, space, metric, micro, low, high, macro, macro_low, macro_high, queries),
    differences.csv (the same, paired, with p values), judges.csv (judge, label, source, counted_with, queries, status,
    description), health.csv, judges.png and .svg, outliers.csv (works whose neighbours disagree with their
    attribution) and outliers.jpg, examples_image.jpg, examples_title.jpg and neighbours.csv (the works on them),
    tsne.csv (id, title, theme, s1, space, x, y), tsne.png and .svg, map.jpg, clusters/cluster_*.jpg, clusters.csv (one
    row per cluster), cluster_works.csv (the works on their sheets).
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.files import read_array, write_metrics, write_table
from artextract.core.runtime import run_stage
from artextract.params.reading import load_params

SIAMESE, OUT, PLOTS = Path("data/siamese"), Path("data/similarity"), Path("plots/similarity")


def main() -> None:
    """Evaluate, then draw."""
    p = load_params("seed", "relevance", "similarity", "tsne")
    import pandas as pd

    from artextract.core.large_arrays import give_back
    from artextract.data.images.shards import ShardReader
    from artextract.similarity.evaluation import outliers, showing
    from artextract.similarity.evaluation.figures import plot_judges
    from artextract.similarity.evaluation.lists import MOST_ROWS
    from artextract.similarity.evaluation.scoring import neighbours_of_both, score, shared_by
    from artextract.similarity.ranking.collection import open_collection, require_room

    give_back()
    collection, k = open_collection(Path("data/nga"), Path("data/embeddings")), p.relevance.neighbours
    require_room(len(collection.index), collection.values)
    reader = ShardReader(Path("data/nga"), collection.index)
    near = shared_by(collection)
    neighbours = neighbours_of_both(collection, k, near)
    write_table(OUT / "neighbours.parquet", neighbours)
    showing.list_neighbours(collection, neighbours, p.similarity, p.seed, OUT / "neighbours.csv", PLOTS)
    scores = score(collection, map(reader.image, range(len(reader))), p.relevance, p.seed, near)
    for name, table in scores.tables.items():
        write_table(PLOTS / f"{name}.csv", table)
    plot_judges(scores.tables["retrieval"], scores.absent, f"ndcg{k}", PLOTS / "judges.png")
    doubtful = outliers.report(
        collection.index, reader, collection.images, draws=p.relevance.bootstrap, seed=p.seed,
        table=PLOTS / "outliers.csv", sheet=PLOTS / "outliers.jpg",
    )  # fmt: skip
    showing.show_examples(collection, reader, p.similarity, k, p.seed, PLOTS)
    siamese, part = (
        read_array(SIAMESE / "projected.npy", mapped=True),
        pd.read_parquet(SIAMESE / "splits.parquet")["s1"],
    )
    maps = showing.show_maps(collection, reader, siamese, part, p.tsne, p.similarity.map_works, p.seed, PLOTS)
    works = showing.show_clusters(collection, reader, p.similarity, p.seed, PLOTS)
    write_table(OUT / "clusters.parquet", collection.index[["id"]].merge(works[["id", "cluster"]], on="id"))
    write_table(OUT / "clusters.csv", works.head(MOST_ROWS))
    write_metrics(Path("metrics/similarity.json"), scores.flat | showing.flat(doubtful, "outliers") | maps)
    write_metrics(Path("metrics/ndcg.json"), scores.headline)


if __name__ == "__main__":
    run_stage(main)
