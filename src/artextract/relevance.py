"""What counts as a hit: judges of similarity, as matrices from the museum's own tables.

A judge says for every pair of works whether it is relevant, and which works are out of the question for a query
(its own group always: other views and panels of the query are no finding).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.nga import is_untitled


@dataclass(frozen=True)
class Judge:
    """One ground truth over n works.

    Attributes:
        relevant: Boolean (n, n): row = query.
        excluded: Boolean (n, n): works taken out of the query's gallery.
    """

    relevant: np.ndarray
    excluded: np.ndarray

    def queries(self) -> np.ndarray:
        """Rows with at least one relevant work; int64."""
        return np.flatnonzero((self.relevant & ~self.excluded).any(axis=1))


def _equal(values: np.ndarray) -> np.ndarray:
    return values[:, None] == values[None, :]


def same_group(index: pd.DataFrame) -> np.ndarray:
    """Boolean (n, n): near-duplicates and siblings, the work itself among them."""
    return _equal(index["group"].to_numpy())


def _same_artist(index: pd.DataFrame) -> np.ndarray:
    codes = pd.factorize(index["artist"])[0]  # -1 = no named artist
    return _equal(codes) & (codes >= 0)[:, None]


def artist_judge(index: pd.DataFrame) -> Judge:
    """Same named painter."""
    return Judge(_same_artist(index), same_group(index))


def theme_judge(index: pd.DataFrame) -> Judge:
    """A theme in common, across painters: the query's painter is taken out of the gallery."""
    sets = index["themes"].map(list).explode().dropna()
    table = pd.crosstab(sets.index, sets).reindex(index.index, fill_value=0).to_numpy(dtype=np.float32)
    return Judge(table @ table.T > 0, same_group(index) | _same_artist(index))


def title_judge(index: pd.DataFrame, titles: np.ndarray, threshold: float) -> Judge:
    """Similar titles, a proxy for the subject; works without a title of their own take no part.

    Args:
        index: With title and group, n rows.
        titles: Title embeddings, unit rows (n, d).
        threshold: Smallest cosine that counts as relevant.
    """
    untitled = index["title"].map(is_untitled).to_numpy(dtype=bool)
    excluded = same_group(index) | untitled[None, :] | untitled[:, None]
    return Judge(titles @ titles.T >= threshold, excluded)


def all_judges(index: pd.DataFrame, titles: np.ndarray, threshold: float) -> dict[str, Judge]:
    """The judges of the sample: artist, theme across artists, and the title proxy."""
    judges = {"artist": artist_judge(index), "theme": theme_judge(index)}
    return judges | {"title_proxy": title_judge(index, titles, threshold)}


def artist_clusters(index: pd.DataFrame) -> np.ndarray:
    """Clusters for the bootstrap: a named painter's works, else the group alone; int64 (n,)."""
    names = index["artist"].astype("string").fillna("group " + index["group"].astype(str))
    return pd.factorize(names)[0]
