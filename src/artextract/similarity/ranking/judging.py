"""A judge of similarity: relevance as matrices, and which embeddings it may score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

ARTIST_FIELDS = frozenset({"artist", "artist_qualified", "artist_name", "attribution", "former_attributions"})
SIBLING_FIELDS = frozenset({"parentid", "series", "portfolio", "sibling_group"})
TERM_COLUMNS = ("schools", "techniques", "keywords")
FIELDS = ARTIST_FIELDS | SIBLING_FIELDS | {*TERM_COLUMNS, "themes", "styles"}
FIELDS |= {"title", "year", "displaydate", "medium", "assistivetext"}
# Fields that say what another field says. The painter settles the style in 99 of 100 works, and the school likewise.
# Themes and keywords are given by the same curators; in the sample the themes are computed from the keywords.
DERIVED: dict[str, frozenset[str]] = {
    **{field: ARTIST_FIELDS | {"styles", "schools"} for field in ARTIST_FIELDS},
    **{field: SIBLING_FIELDS for field in SIBLING_FIELDS},
    "year": frozenset({"displaydate"}),
    "displaydate": frozenset({"year"}),
    "medium": frozenset({"techniques"}),
    "techniques": frozenset({"medium"}),
    "themes": frozenset({"keywords"}),
    "keywords": frozenset({"themes"}),
}


@dataclass(frozen=True)
class Judge:
    """One ground truth over n works.

    Attributes:
        relevant: Boolean (n, n): row = query.
        excluded: Boolean (n, n): works taken out of the query's gallery, its own group among them.
        grade: Float (n, n) in [0, 1] where relevance has degrees (relevant = grade above zero), else None.
        fields: Columns of the index that the ground truth derives from; ``title`` for the title and its embedding.
        key: Name in metrics and tables, ``theme``; empty for a ground truth that is not one of the listed judges.
        label: Name for people, ``same theme, other painters``.
        description: One line that says what is relevant to a query.
    """

    relevant: np.ndarray
    excluded: np.ndarray
    grade: np.ndarray | None = None
    fields: frozenset[str] = frozenset()
    key: str = ""
    label: str = ""
    description: str = ""

    def queries(self) -> np.ndarray:
        """Rows with at least one relevant work in their gallery; int64."""
        return np.flatnonzero((self.relevant & ~self.excluded).any(axis=1))


def judge_may_score(judge: Judge, fields_used_in_training_or_scoring: Iterable[str]) -> bool:
    """Tell whether the judge is independent of an embedding that was made from these fields.

    The title judge must not score an embedding made from titles, nor one trained on title pairs: that would be
    circular.

    Args:
        judge: The ground truth.
        fields_used_in_training_or_scoring: Columns of the index; an image embedding as it comes has none.

    Raises:
        ValueError: A name is not a field; a misspelt field name must not switch this check off.
    """
    used = frozenset(fields_used_in_training_or_scoring)
    if unknown := sorted(used - FIELDS):
        raise ValueError(f"no such fields: {unknown}")
    return not (judge.fields & used.union(*(DERIVED.get(field, frozenset()) for field in used)))


def equal(values: np.ndarray) -> np.ndarray:
    """Boolean (n, n): pairs of rows with equal values."""
    return values[:, None] == values[None, :]


def same(values: pd.Series) -> np.ndarray:
    """Boolean (n, n): pairs of rows with equal values that are not null."""
    codes = pd.factorize(values)[0]  # -1 = null
    return equal(codes) & (codes >= 0)[:, None]


def same_group(index: pd.DataFrame) -> np.ndarray:
    """Boolean (n, n): near-duplicates and siblings, the work itself among them."""
    return equal(index["group"].to_numpy())


def indicator(lists: pd.Series) -> pd.DataFrame:
    """Table of which row has which value: float32 (n, number of values)."""
    values = lists.map(list).explode().dropna()
    return pd.crosstab(values.index, values).reindex(lists.index, fill_value=0).clip(upper=1).astype(np.float32)
