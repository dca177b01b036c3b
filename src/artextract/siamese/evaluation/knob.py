"""The weight of the subject as a knob: how the scores change from the look alone (0) to the subject alone (1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from artextract.siamese.projection.projection import Projection, project
from artextract.similarity.ranking.spaces import Space, cosine_space
from artextract.similarity.ranking.tables import Values, retrieval_table

SUBJECTS = tuple(round(0.1 * step, 1) for step in range(11))
ENDS = ("", "_low", "_high")


def knob_spaces(net: Projection, images: np.ndarray) -> Iterator[Space]:
    """The projection of images (n, d) with every weight of ``SUBJECTS``; the weight is the name of the space."""
    return (cosine_space(str(weight), project(net, images, weight), frozenset({"title"})) for weight in SUBJECTS)


def knob_table(values: Values, metrics: Sequence[str], painters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Scores by weight.

    Args:
        values: Per-query metrics by judge and space of ``knob_spaces``.
        metrics: Metrics that are kept.
        painters: Painter of every work, int (n,).
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        One row per judge and weight: judge, subject (0 to 1), queries, and of each metric its mean over queries, with
        ``_low`` and ``_high``.
    """
    table = retrieval_table(values, painters, draws, seed)
    columns = ["judge", "subject", "queries", *(f"{metric}{end}" for metric in metrics for end in ENDS)]
    rows = []
    for (judge, space), part in table.groupby(["judge", "space"], sort=False):
        row: dict[str, object] = {"judge": judge, "subject": float(str(space))}
        for line in part[part["metric"].isin(metrics)].to_dict("records"):
            name = str(line["metric"])
            row |= {"queries": line["queries"], name: line["micro"]}
            row |= {f"{name}_low": line["low"], f"{name}_high": line["high"]}
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(columns))
