"""Which paintings to show, and how they are captioned: from index and embeddings to sheets and maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.data.images.shards import ShardReader
from artextract.pictures.sheets import Card, contact_sheet, retrieval_sheet, thumbnail_map
from artextract.similarity.neighbours import nearest

SHEET_LIMIT = 24


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
        path: PNG to write.
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


def typical_words(titles: Sequence[str], others: Sequence[str], n: int = 4) -> list[str]:
    """Words of titles that a cluster has more often than the rest, by smoothed ratio."""
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        vectors = CountVectorizer(stop_words="english", binary=True, min_df=2)
        sparse: Any = vectors.fit_transform([*titles, *others])
        counts: np.ndarray = sparse.toarray()
    except ValueError:  # no word occurs twice
        return []
    inside, outside = counts[: len(titles)].mean(0), counts[len(titles) :].mean(0) if others else 0.0
    ratio = (inside + 0.01) / (outside + 0.01)
    words = vectors.get_feature_names_out()
    return [str(words[i]) for i in np.argsort(-ratio, kind="stable")[:n] if inside[i] * len(titles) >= 2]


def draw_clusters(
    index: pd.DataFrame, reader: ShardReader, labels: np.ndarray, ranked: Sequence[np.ndarray], folder: Path
) -> pd.DataFrame:
    """A contact sheet each, the most typical works first.

    Args:
        index: n works.
        reader: Their images.
        labels: Cluster of each work (n,).
        ranked: Rows of each cluster, most typical first.
        folder: Where the PNGs go.

    Returns:
        A row a cluster: cluster, works, painters, commonest theme, its share, typical words, titles of the three most
        typical works.
    """
    records = []
    titles = index["title"].to_numpy(dtype=object)
    for number, rows in enumerate(ranked):
        themes = Counter(theme for row in rows for theme in index["themes"].iloc[row])
        theme, count = themes.most_common(1)[0] if themes else ("", 0)
        words = ", ".join(typical_words(titles[labels == number].tolist(), titles[labels != number].tolist()))
        cards = [card(index, reader, int(row)) for row in rows[:SHEET_LIMIT]]
        shown = "1 work" if len(rows) == 1 else f"{len(rows)} works"
        shown += f", the {SHEET_LIMIT} most typical shown" if len(rows) > SHEET_LIMIT else ""
        name = theme.replace("_", " ").replace("-", " ")
        most = f"commonest theme: {name} ({count} of {len(rows)})" if theme else "no theme is given"
        subtitle = f"{shown}; {most}; in their titles: {words or 'no common word'}."
        contact_sheet(cards, f"Cluster {number + 1}", subtitle, folder / f"cluster_{number + 1:02d}.png")
        records.append(
            {
                "cluster": number + 1,
                "works": len(rows),
                "painters": index["artist"].iloc[rows].nunique(),
                "theme": theme,
                "theme_share": count / len(rows),
                "words": words,
                "titles": "; ".join(str(title) for title in titles[rows[:3]]),
            }
        )
    return pd.DataFrame(records)


def draw_map(reader: ShardReader, rows: np.ndarray, positions: np.ndarray, path: Path) -> None:
    """The paintings themselves at their places on the image map.

    Args:
        reader: Images of the whole collection.
        rows: Works to show (m,): placing takes time and room that grow with the square of their number.
        positions: Of these works (m, 2).
        path: PNG to write.
    """
    images = []
    for row in rows:
        image = reader.image(int(row))
        image.thumbnail((160, 160))
        images.append(image)
    subtitle = "t-SNE of the image embedding; neighbours on this map are alike to the network."
    if len(rows) < len(reader):
        subtitle += f" {len(rows):,} of {len(reader):,} works, drawn at random."
    thumbnail_map(images, positions, "The collection, arranged by how it looks", subtitle, path)
