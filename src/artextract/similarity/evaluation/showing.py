"""Pictures of a collection: example sheets, maps of its spaces, clusters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.files import write_table
from artextract.data.images.shards import ShardReader
from artextract.params.sections import TSNE, Similarity
from artextract.similarity.evaluation.clusters import SHEET_LIMIT, cluster, draw_clusters
from artextract.similarity.evaluation.examples import choose_queries, draw_examples
from artextract.similarity.evaluation.lists import MOST_ROWS, cluster_list, neighbour_list
from artextract.similarity.evaluation.maps import draw_map, first_theme, map_table, plot_maps, sample_rows, tsne_maps
from artextract.similarity.ranking.central import central_first
from artextract.similarity.ranking.collection import Collection


def show_examples(
    collection: Collection, reader: ShardReader, params: Similarity, k: int, seed: int, folder: Path
) -> None:
    """Write examples_image.jpg and examples_title.jpg: some queries, drawn at random, and the k nearest works."""
    queries = choose_queries(collection.index, params.examples, seed)
    for name, embedding in collection.embeddings.items():
        path = folder / f"examples_{name}.jpg"
        draw_examples(collection.index, reader, embedding, queries, k, name, path)


def list_neighbours(
    collection: Collection, neighbours: pd.DataFrame, params: Similarity, seed: int, everything: Path, folder: Path
) -> None:
    """Write the nearest works with their titles: of all works to ``everything``, of the example queries to ``folder``.

    Args:
        collection: n works.
        neighbours: space, id, rank, score, neighbour.
        params: Section ``similarity``: the number of examples.
        seed: Seed of the draw of the examples.
        everything: CSV; a collection with more rows than a spreadsheet holds is cut off there.
        folder: Where neighbours.csv goes.
    """
    queries = collection.index["id"].iloc[choose_queries(collection.index, params.examples, seed)]
    write_table(everything, neighbour_list(neighbours.head(MOST_ROWS), collection.index))
    shown = neighbours[neighbours["id"].isin(queries)]
    write_table(folder / "neighbours.csv", neighbour_list(shown, collection.index))


def show_maps(
    collection: Collection,
    reader: ShardReader,
    siamese: np.ndarray,
    part: pd.Series,
    params: TSNE,
    pictures: int,
    seed: int,
    folder: Path,
) -> dict[str, float]:
    """Write tsne.csv, tsne.png (image, title and siamese space) and map.jpg (the image space in thumbnails).

    Args:
        collection: n works.
        reader: Their images.
        siamese: Unit rows of the siamese space (n, d).
        part: Part of each work in the training of that space (n,): train, select or held_out.
        params: Section ``tsne``.
        pictures: Largest number of thumbnails on map.jpg.
        seed: Seed of the sample and of t-SNE.
        folder: Where the files go.

    Returns:
        ``tsne.<space>.trustworthiness``.
    """
    rows = sample_rows(len(collection.index), params.works, seed)
    maps = tsne_maps(collection.embeddings | {"siamese": siamese}, rows, params.perplexity, seed)
    write_table(folder / "tsne.csv", map_table(collection.index, rows, maps, s1=part))
    held_out = {"siamese": (part == "held_out").to_numpy()[rows]}
    plot_maps(maps, first_theme(collection.index).iloc[rows], folder / "tsne.png", held_out)
    shown = sample_rows(len(rows), pictures, seed)
    draw_map(reader, rows[shown], maps["image"][0][shown], folder / "map.jpg")
    return {f"tsne.{name}.trustworthiness": trust for name, (_, trust) in maps.items()}


def show_clusters(
    collection: Collection, reader: ShardReader, params: Similarity, seed: int, folder: Path
) -> pd.DataFrame:
    """Write a contact sheet of each cluster of the image embedding, clusters.csv (one row per cluster) and
    cluster_works.csv (the works on the sheets, with their titles).

    Returns:
        The works of each cluster, the most typical first; see ``cluster_list``.
    """
    labels = cluster(collection.images, params.clusters, seed)
    ranked = [central_first(collection.images, np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    table = draw_clusters(collection.index, reader, labels, ranked, folder / "clusters")
    write_table(folder / "clusters.csv", table)
    works = cluster_list(collection.index, collection.images, ranked)
    write_table(folder / "cluster_works.csv", works[works["rank"] <= SHEET_LIMIT])
    return works


def flat(figures: Mapping[str, object], prefix: str) -> dict[str, object]:
    """Nested figures as ``prefix.name`` and ``prefix.group.name``."""
    found: dict[str, object] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}.{name}")
        else:
            found[f"{prefix}.{name}"] = value
    return found
