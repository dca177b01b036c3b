"""Clusters, near-duplicates and doubtful attributions, as the page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from artextract.similarity.ranking.central import central_first

CENTRAL = 24  # works of a cluster that are listed, as on its contact sheet
DOUBTFUL = 200  # attributions that are listed, the most doubtful first


def described_clusters(
    index: pd.DataFrame, labels: np.ndarray, images: np.ndarray, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The clusters for the manifest, the largest first: id, number, count, name, works (the most central rows).

    Args:
        index: n works.
        labels: Number of each work's cluster, from 1 (n,).
        images: Image embedding, unit rows (n, d).
        names: Names by id; see ``names.read_names``.
    """
    found = []
    for number in np.unique(labels).tolist():
        rows = central_first(images, np.flatnonzero(labels == number))
        medoid = str(index["id"].iloc[int(rows[0])])
        central = rows[:CENTRAL].tolist()
        entry = {"id": medoid, "number": number, "count": len(rows), "name": names.get(medoid, ""), "works": central}
        found.append(entry)
    return found


def near_duplicates(group: pd.Series) -> list[list[int]]:
    """Rows of each group of several works, (groups, works)."""
    several = group.reset_index(drop=True).groupby(group.to_numpy(), sort=True).groups
    return [[int(row) for row in rows] for rows in several.values() if len(rows) > 1]


def doubtful(table: pd.DataFrame, index: pd.DataFrame) -> list[dict[str, Any]]:
    """Works that look more like another painter's, the most doubtful first.

    Args:
        table: plots/similarity/outliers.csv.
        index: n works.

    Returns:
        row, attributed, looks_like, score and reason of each.
    """
    places = {name: row for row, name in enumerate(index["id"].astype(str))}
    found = []
    columns = ["id", "nearest_other_painter", "score", "evidence_own", "evidence_other"]
    for name, rival, score, own, other in table.loc[table["score"] > 0, columns].head(DOUBTFUL).to_numpy().tolist():
        row = places.get(name, places.get(name.removeprefix("'")))  # CSVs for people defuse formulas
        if row is None:
            continue
        attributed = str(index["attribution"].iloc[row])
        reason = (
            f"Its two nearest works by {rival} are at {other:.2f}, the two nearest that are attributed as it is at "
            f"{own:.2f} (cosine of the centred image embedding). A hint, no verdict."
        )
        entry = {"row": row, "attributed": attributed, "looks_like": rival, "score": round(score, 4)}
        found.append(entry | {"reason": reason})
    return found
