"""Neighbours and clusters as lists for people: one row per work, with titles and painters, to open in a spreadsheet."""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_ROWS = 1_000_000  # a spreadsheet shows 1,048,576 and cuts the rest off without a word
NEIGHBOURS = ["space", "id", "title", "painter", "rank", "score", "neighbour", "neighbour_title", "neighbour_painter"]
CLUSTERS = ["cluster", "rank", "id", "title", "painter", "cosine_to_centre"]


def neighbour_list(neighbours: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """The nearest works with their titles.

    Args:
        neighbours: space, id, rank, score, neighbour.
        index: id, title and attribution of all works.

    Returns:
        The same rows in the same order, columns ``NEIGHBOURS``.
    """
    works = index.set_index("id")[["title", "attribution"]].set_axis(["title", "painter"], axis=1)
    own, other = works.reindex(neighbours["id"]), works.reindex(neighbours["neighbour"]).add_prefix("neighbour_")
    parts = [neighbours, own.reset_index(drop=True), other.reset_index(drop=True)]
    return pd.concat([part.reset_index(drop=True) for part in parts], axis=1)[NEIGHBOURS]


def cluster_list(index: pd.DataFrame, embedding: np.ndarray, ranked: list[np.ndarray]) -> pd.DataFrame:
    """The works of each cluster, the most typical first.

    Args:
        index: id, title and attribution of n works.
        embedding: Unit rows (n, d).
        ranked: Rows of each cluster, most typical first.

    Returns:
        One row per work, columns ``CLUSTERS``; clusters and ranks are counted from 1.
    """
    parts = []
    for number, rows in enumerate(ranked, start=1):
        own = embedding[rows]
        centre = own.mean(axis=0)
        length = float(np.linalg.norm(centre)) or 1.0
        works = index.iloc[rows]
        parts.append(
            pd.DataFrame(
                {
                    "cluster": number,
                    "rank": np.arange(1, len(rows) + 1),
                    "id": works["id"].to_numpy(),
                    "title": works["title"].to_numpy(),
                    "painter": works["attribution"].to_numpy(),
                    "cosine_to_centre": own @ centre / length,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[CLUSTERS]
