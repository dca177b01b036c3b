"""Painters of works, for splits, judges and the bootstrap's clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd


def person(index: pd.DataFrame) -> pd.Series:
    """The painter that a work is tied to, with or without reservation; null where there is none."""
    named = index["artist"].astype("string")
    return named.fillna(index["artist_qualified"].astype("string")) if "artist_qualified" in index else named


def artist_clusters(index: pd.DataFrame) -> np.ndarray:
    """Clusters for the bootstrap: the works tied to a painter, else the group alone; int64 (n,)."""
    names = person(index).fillna("group " + index["group"].astype(str))
    return pd.factorize(names)[0]
