"""Paintings that are shown, and their captions: from index and embeddings to sheets and maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.data.images.shards import ShardReader
from artextract.pictures.sheets import Card, retrieval_sheet
from artextract.similarity.ranking.neighbours import nearest


def card(index: pd.DataFrame, reader: ShardReader, row: int, note: str = "", marked: bool = False) -> Card:
    """A painting with its caption."""
    work = index.iloc[row]
    return Card(reader.image(row), str(work["title"]), str(work["attribution"]), note, marked)


def choose_queries(index: pd.DataFrame, n: int, seed: int) -> np.ndarray:
    """Query rows for the example sheets: drawn at random, never picked for their results."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(len(index), size=min(n, len(index)), replace=False))


def draw_examples(
    index: pd.DataFrame, reader: ShardReader, embedding: np.ndarray, queries: np.ndarray, k: int, by: str, path: Path
) -> None:
    """One sheet: the queries and their k nearest neighbours in one space; a hit by the same painter is framed.

    Args:
        index: n works.
        reader: Their images.
        embedding: Unit rows (n, d).
        queries: Rows.
        k: Neighbours shown.
        by: ``image`` or ``title``, for the heading.
        path: JPEG to write.
    """
    group = index["group"].to_numpy()
    painter = pd.factorize(index["artist"])[0]  # -1 = no named painter
    rows, scores = nearest(embedding[queries], embedding, k, exclude=(group[queries], group))
    lines = []
    for query, found, similarity in zip(queries, rows, scores, strict=True):
        cards = []
        for row, score in zip(found[found >= 0], similarity[found >= 0], strict=True):
            same = bool(painter[query] >= 0 and painter[row] == painter[query])
            cards.append(card(index, reader, int(row), f"{score:.2f}" + (" same painter" if same else ""), same))
        lines.append((card(index, reader, int(query), "query"), cards))
    subtitle = f"The {k} nearest works by cosine of their {by} embeddings (the number), nearest first; "
    subtitle += "framed: by the painter of the query. Queries are drawn at random."
    retrieval_sheet(lines, f"Similar by {by}", subtitle, path)
