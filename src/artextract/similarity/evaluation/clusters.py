"""Clusters of the collection: k-means, with the most central works first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.data.images.shards import ShardReader
from artextract.pictures.sheets import contact_sheet
from artextract.similarity.evaluation.examples import card
from artextract.similarity.evaluation.maps import SAME, reduce

SHEET_LIMIT = 24


def cluster(embedding: np.ndarray, k: int, seed: int) -> np.ndarray:
    """k-means over the reduced embedding; clusters are numbered by size, the largest first; int64 (n,).

    k-means, since every painting should land on some contact sheet. HDBSCAN calls 43% to 89% of 1,326 paintings of the
    National Gallery of Art noise, whatever its settings (smallest cluster 5 to 50 works, 1 to 50 samples).
    """
    from sklearn.cluster import KMeans

    k = min(k, len(embedding))
    if np.ptp(embedding, axis=0).max() < SAME:  # one work, or all of them equal: their PCA would be 0 / 0
        return np.zeros(len(embedding), dtype=np.int64)
    starts: Any = 10  # the default is a word, from which type checkers conclude that only words are allowed
    labels = KMeans(k, n_init=starts, random_state=seed).fit_predict(reduce(embedding, seed))
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    rank = np.empty(k, dtype=np.int64)
    rank[order] = np.arange(k)
    return rank[labels]


def typical_words(titles: Sequence[str], others: Sequence[str], n: int = 4) -> list[str]:
    """Words of titles that a cluster has more often than the rest, by smoothed ratio."""
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        vectors = CountVectorizer(stop_words="english", binary=True, min_df=2)
        counts: Any = vectors.fit_transform([*titles, *others])  # sparse: a dense table of 100,000 titles takes 16 GB
    except ValueError:  # no word occurs twice
        return []
    inside = _share(counts[: len(titles)])
    outside = _share(counts[len(titles) :]) if others else 0.0
    ratio = (inside + 0.01) / (outside + 0.01)
    words = vectors.get_feature_names_out()
    return [str(words[i]) for i in np.argsort(-ratio, kind="stable")[:n] if inside[i] * len(titles) >= 2]


def _share(counts: Any) -> np.ndarray:
    """Share of the rows of a sparse table (n, words) that have each word; (words,)."""
    return np.asarray(counts.sum(axis=0)).ravel() / counts.shape[0]


def draw_clusters(
    index: pd.DataFrame, reader: ShardReader, labels: np.ndarray, ranked: Sequence[np.ndarray], folder: Path
) -> pd.DataFrame:
    """A contact sheet each, the most typical works first.

    Args:
        index: n works.
        reader: Their images.
        labels: Cluster of each work (n,).
        ranked: Rows of each cluster, most typical first.
        folder: Where the JPEGs go.

    Returns:
        One row per cluster: cluster, works, painters, commonest theme, its share, typical words, titles of the three
        most typical works.
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
        contact_sheet(cards, f"Cluster {number + 1}", subtitle, folder / f"cluster_{number + 1:02d}.jpg")
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
