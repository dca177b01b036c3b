"""Families of tests: what is corrected together, what counts once, and the least p value that can come out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.measures.bootstrap import smallest_p, with_holm
from artextract.similarity.ranking.judges import counted_with

P = ("p", "macro_p")
CORRECTED = ["p_holm", "macro_p_holm", "p_least", "comparisons", "counted_with"]


def corrected(table: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Holm's correction over the rows of each metric, in which judges of one source count once.

    Args:
        table: Rows with judge, metric, p and macro_p.
        draws: Bootstrap resamples that the p values come from.

    Returns:
        The rows in their order, with the columns ``CORRECTED``: ``p_holm`` and ``macro_p_holm``; ``comparisons``, the
        number of tests in the family; ``p_least``, the least corrected p value that so many draws can give: a p value
        that equals it is an upper bound (``p_text``); ``counted_with``, the judge of the same source that is tested in
        this judge's place, else empty. A row that is not tested has no corrected p value (NaN).
    """
    first = table["judge"].map(counted_with(table["judge"]))
    tested = first == table["judge"]
    found = table.assign(p_holm=np.nan, macro_p_holm=np.nan, counted_with=first.where(~tested, ""))
    holm = with_holm(table[tested])[[f"{name}_holm" for name in P]]
    found.loc[tested, holm.columns] = holm
    found["comparisons"] = tested.groupby(table["metric"]).transform("sum").astype(np.int64)
    found["p_least"] = np.minimum(1.0, found["comparisons"] * smallest_p(draws))
    return found


def p_text(p: float, least: float) -> str:
    """A corrected p value for people: ``<= 0.0216`` where it is the least that the draws can give; empty for NaN."""
    if np.isnan(p):
        return ""
    return f"{'<= ' if p < 1 and p <= least * (1 + 1e-9) else ''}{p:.3g}"
