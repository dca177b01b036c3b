"""A judge of similarity: which works are relevant to a query, and which embeddings it may score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from artextract.similarity.ranking.relations import EVERYTHING, Relation

ARTIST_FIELDS = frozenset({"artist", "artist_qualified", "artist_name", "attribution", "former_attributions"})
SIBLING_FIELDS = frozenset({"parentid", "series", "portfolio", "sibling_group"})
TERM_COLUMNS = ("schools", "techniques", "keywords")
FIELDS = ARTIST_FIELDS | SIBLING_FIELDS | {*TERM_COLUMNS, "themes", "styles"}
FIELDS |= {"title", "year", "displaydate", "medium", "assistivetext"}
PAIRS = 1 << 22  # pairs of works that are compared at a time where queries are sought: 4 MB as booleans
WIDTH = 2048  # fewest works of the gallery in such a block
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
class Truth:
    """What a judge says about b queries and c works of the gallery.

    Attributes:
        relevant: Boolean (b, c).
        excluded: Boolean (b, c): works taken out of the query's gallery, its own group among them.
        grade: float32 (b, c) from 0 to 1 where relevance has degrees (relevant = grade above zero), else None.
    """

    relevant: np.ndarray
    excluded: np.ndarray
    grade: np.ndarray | None

    @property
    def found(self) -> np.ndarray:
        """What counts in the end: relevant and in the gallery; boolean (b, c)."""
        return self.relevant & ~self.excluded


@dataclass(frozen=True)
class Judge:
    """One ground truth over n works. It holds numbers per work, and says of a block of queries what is relevant.

    Attributes:
        n: Works.
        relevance: Which works are relevant to a query, or to what degree.
        left_out: A work of which one of these is true is not in the query's gallery.
        graded: Whether ``relevance`` gives degrees.
        never: Works that are in no gallery, boolean (n,); None where there are none.
        asks: Works that can be queries, boolean (n,); None where all can.
        total: Number of queries that ``asks`` was drawn from (``sampled``); None where nothing was drawn.
        fields: Columns of the index that the ground truth derives from; ``title`` for the title and its embedding.
        key: Name in metrics and tables, ``theme``; empty for a ground truth that is not one of the listed judges.
        label: Name for people, ``same theme, other painters``.
        description: One line that says what is relevant to a query.
    """

    n: int
    relevance: Relation
    left_out: tuple[Relation, ...]
    graded: bool = False
    never: np.ndarray | None = None
    asks: np.ndarray | None = None
    total: int | None = None
    fields: frozenset[str] = frozenset()
    key: str = ""
    label: str = ""
    description: str = ""

    def truth(self, rows: np.ndarray, columns: slice = EVERYTHING) -> Truth:
        """What is relevant to the queries ``rows`` (b,), and what is out of their galleries.

        Args:
            rows: Query works, int64 (b,). Nothing is relevant to a work that cannot be a query.
            columns: Works of the gallery.
        """
        relevance = self.relevance.pairs(rows, columns)
        if self.asks is not None:
            relevance[~self.asks[rows]] = 0
        excluded = np.zeros(relevance.shape, dtype=bool)
        for relation in self.left_out:
            excluded |= relation.pairs(rows, columns)
        if self.never is not None:
            excluded |= self.never[columns][None, :]
        return Truth(relevance > 0, excluded, relevance) if self.graded else Truth(relevance, excluded, None)

    def queries(self) -> np.ndarray:
        """Rows with at least one relevant work in their gallery; int64, ascending."""
        return self._queries

    @cached_property
    def _queries(self) -> np.ndarray:
        asking = np.arange(self.n) if self.asks is None else np.flatnonzero(self.asks)
        step = max(1, PAIRS // max(1, min(self.n, WIDTH)))
        parts = [self._with_something(asking[start : start + step]) for start in range(0, len(asking), step)]
        return np.concatenate([np.array([], dtype=np.int64), *parts])

    def _with_something(self, rows: np.ndarray) -> np.ndarray:
        """Those of the rows with something to find.

        The gallery is gone through in stretches, and a row is done with its first relevant work: most have one among
        the first works, so that few are compared with all.
        """
        open_rows, start = rows, 0
        while start < self.n and len(open_rows):
            stop = start + max(WIDTH, PAIRS // len(open_rows))
            open_rows = open_rows[~self.truth(open_rows, slice(start, stop)).found.any(axis=1)]
            start = stop
        return np.setdiff1d(rows, open_rows, assume_unique=True)


def sampled(judge: Judge, most: int) -> Judge:
    """The judge with at most so many of its queries, drawn at random.

    All judges draw from one order of the works, so that they mostly ask for the same works, and each work is ranked
    once. The order depends on the number of works alone: two runs, whatever their seeds, ask for the same works and
    can be compared query by query.

    Args:
        judge: Ground truth over n works.
        most: Queries that it may ask; 0 for all.
    """
    queries = judge.queries()
    if not most or len(queries) <= most:
        return judge
    order = np.random.default_rng(judge.n).permutation(judge.n)
    asks = np.zeros(judge.n, dtype=bool)
    asks[order[np.isin(order, queries)][:most]] = True
    return replace(judge, asks=asks, total=len(queries))


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
