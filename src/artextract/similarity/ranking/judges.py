"""What counts as a hit: judges of similarity, as matrices from the museum's own tables.

A judge says for every pair of works whether, and how far, it is relevant, and which works are out of the question for
a query (its own group always: other views and near-duplicates of the query are no finding).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from artextract.data.museum.labels import PREFIX
from artextract.data.museum.painters import person
from artextract.data.museum.titles import is_untitled
from artextract.params.sections import Relevance

ARTIST_FIELDS = frozenset({"artist", "artist_qualified", "artist_name", "attribution", "former_attributions"})
SIBLING_FIELDS = frozenset({"parentid", "series", "portfolio", "sibling_group"})
TERM_COLUMNS = ("schools", "techniques", "keywords")
FIELDS = ARTIST_FIELDS | SIBLING_FIELDS | {*TERM_COLUMNS, "themes", "styles"}
FIELDS |= {"title", "year", "displaydate", "medium", "assistivetext"}
# Why a judge is not measured, other than for want of data; and where one is measured whose queries are no works.
NOT_FETCHED = "alternate views are listed (alternates.csv) and not fetched"
ELSEWHERE = "measured in train_siamese"
# A field tells the fields of its own entry too. Style is settled by the painter in 99 of 100 works, school likewise.
DERIVED: dict[str, frozenset[str]] = {
    **{field: ARTIST_FIELDS | {"styles", "schools"} for field in ARTIST_FIELDS},
    **{field: SIBLING_FIELDS for field in SIBLING_FIELDS},
    "year": frozenset({"displaydate"}),
    "displaydate": frozenset({"year"}),
    "medium": frozenset({"techniques"}),
    "techniques": frozenset({"medium"}),
}


@dataclass(frozen=True)
class Judge:
    """One ground truth over n works.

    Attributes:
        relevant: Boolean (n, n): row = query.
        excluded: Boolean (n, n): works taken out of the query's gallery, its own group among them.
        grade: Float (n, n) in [0, 1] where relevance has degrees (relevant = grade above zero), else None.
        fields: Columns of the index that the ground truth derives from; ``title`` for the title and its embedding.
    """

    relevant: np.ndarray
    excluded: np.ndarray
    grade: np.ndarray | None = None
    fields: frozenset[str] = frozenset()

    def queries(self) -> np.ndarray:
        """Rows with at least one relevant work in their gallery; int64."""
        return np.flatnonzero((self.relevant & ~self.excluded).any(axis=1))


@dataclass(frozen=True)
class TextToImage:
    """Known-item search: a curator's description of one image is the query, all images are the gallery.

    Attributes:
        texts: The descriptions, one for each of ``judge.queries()``, in that order.
        judge: Relevant to text i is image i alone; the rest of its group is taken out, as the text fits it too.
    """

    texts: tuple[str, ...]
    judge: Judge


def judge_may_score(judge: Judge, fields_used_in_training_or_scoring: Iterable[str]) -> bool:
    """Whether a judge says something about an embedding that was made with, or is, these fields.

    An embedding of titles, or one that was trained with pairs of like titles, is no matter for the title proxy: it
    would be judged by itself.

    Args:
        judge: The ground truth.
        fields_used_in_training_or_scoring: Columns of the index; an image embedding as it comes has none.

    Raises:
        ValueError: A name that is no field: a slip of the pen must not open the gate.
    """
    used = frozenset(fields_used_in_training_or_scoring)
    if unknown := sorted(used - FIELDS):
        raise ValueError(f"no such fields: {unknown}")
    return not (judge.fields & used.union(*(DERIVED.get(field, frozenset()) for field in used)))


def _equal(values: np.ndarray) -> np.ndarray:
    return values[:, None] == values[None, :]


def _same(values: pd.Series) -> np.ndarray:
    """Boolean (n, n): equal and not null."""
    codes = pd.factorize(values)[0]  # -1 = null
    return _equal(codes) & (codes >= 0)[:, None]


def same_group(index: pd.DataFrame) -> np.ndarray:
    """Boolean (n, n): near-duplicates and siblings, the work itself among them."""
    return _equal(index["group"].to_numpy())


def artist_judge(index: pd.DataFrame) -> Judge:
    """Same named painter; works from the workshop of the query's painter, or after him, are half relevant.

    Queries are works by a named painter without reservation.
    """
    is_named = index["artist"].notna().to_numpy()
    certainty = np.where(is_named, np.float32(1), np.float32(0.5))
    grade = (_same(person(index)) & is_named[:, None]) * certainty[None, :]
    return Judge(grade > 0, same_group(index), grade, frozenset({"artist", "artist_qualified"}))


def _indicator(lists: pd.Series) -> pd.DataFrame:
    """Which row has which value: float32 (n, number of values)."""
    values = lists.map(list).explode().dropna()
    return pd.crosstab(values.index, values).reindex(lists.index, fill_value=0).clip(upper=1).astype(np.float32)


def across_artists(index: pd.DataFrame, column: str) -> Judge:
    """A value of a list column in common; the query's painter is taken out of the gallery, workshop and all.

    So are works without a value: nobody has judged them, and a third of the paintings has no style.
    """
    table = _indicator(index[column]).to_numpy()
    judged = np.asarray(table.any(axis=1))
    excluded = same_group(index) | _same(person(index)) | ~judged[None, :]
    return Judge(table @ table.T > 0, excluded, None, frozenset({column}))


def label_judge(index: pd.DataFrame, column: str) -> Judge:
    """The same label of the user's own; the query's painter, and works without a label, are out of the gallery."""
    unlabelled = index[column].isna().to_numpy()
    excluded = same_group(index) | _same(person(index)) | unlabelled[None, :]
    return Judge(_same(index[column]), excluded, None, frozenset({column}))


def period_judge(index: pd.DataFrame, years: float) -> Judge:
    """Painted at about the same time: the grade falls from one to zero over a gap of ``years``.

    Works without a date, or with a painter's life for one, take no part.
    """
    year = index["year"].to_numpy(dtype=float)
    gap = np.abs(year[:, None] - year[None, :])
    grade = np.nan_to_num(np.clip(1 - gap / years, 0, 1)).astype(np.float32)
    return Judge(grade > 0, same_group(index) | np.isnan(year)[None, :], grade, frozenset({"year"}))


def terms_judge(index: pd.DataFrame, overlap: float) -> Judge:
    """Curators' schools, techniques and keywords in common: shared over united inverse document frequency.

    Args:
        index: With the columns of ``TERM_COLUMNS``, n rows.
        overlap: Smallest share that counts; what lies below is no relevance (nearly all works share "painted surface").
            Works without terms are taken out of the gallery.
    """
    table = np.hstack([_indicator(index[column]).to_numpy() for column in TERM_COLUMNS])
    idf = np.log(len(index) / table.sum(axis=0)).astype(np.float32)
    shared, own = (table * idf) @ table.T, table @ idf
    union = own[:, None] + own[None, :] - shared
    share = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    grade = np.where(share >= overlap, np.minimum(share, 1), np.float32(0))
    judged = np.asarray(table.any(axis=1))
    excluded = same_group(index) | ~judged[None, :]
    return Judge(grade > 0, excluded, grade, frozenset(TERM_COLUMNS))


def siblings_judge(index: pd.DataFrame) -> Judge:
    """Panels of one whole, works of one series or portfolio.

    Siblings are one group in every split, so here the group cannot be taken out; the same object (recto and verso,
    another picture of it) is.
    """
    excluded = _equal(index["object_group"].to_numpy())
    return Judge(_equal(index["sibling_group"].to_numpy()), excluded, None, SIBLING_FIELDS)


def title_judge(index: pd.DataFrame, titles: np.ndarray, threshold: float) -> Judge:
    """Similar titles, a proxy for the subject; works without a title of their own take no part.

    Args:
        index: With title and group, n rows.
        titles: Title embeddings, unit rows (n, d).
        threshold: Smallest cosine that counts as relevant.
    """
    untitled = index["title"].map(is_untitled).to_numpy(dtype=bool)
    excluded = same_group(index) | untitled[None, :] | untitled[:, None]
    return Judge(titles @ titles.T >= threshold, excluded, None, frozenset({"title"}))


def text_to_image(index: pd.DataFrame) -> TextToImage:
    """Known-item search with the museum's assistive texts; no queries where the column is empty or missing."""
    text = index["assistivetext"] if "assistivetext" in index else pd.Series(pd.NA, index=index.index, dtype="string")
    own = np.eye(len(index), dtype=bool)
    judge = Judge(own & text.notna().to_numpy()[:, None], same_group(index) & ~own, None, frozenset({"assistivetext"}))
    return TextToImage(tuple(text.dropna()), judge)


def _filled(index: pd.DataFrame, column: str) -> bool:
    return column in index and bool(index[column].explode().notna().any())


def all_judges(index: pd.DataFrame, titles: np.ndarray, params: Relevance) -> tuple[dict[str, Judge], dict[str, str]]:
    """All judges that the tables allow, and why not the others.

    Args:
        index: The museum's index, n rows.
        titles: Title embeddings, unit rows (n, d).
        params: Section ``relevance``.

    Returns:
        Judges by name, and the reason for each one that is not among them: its columns are empty, it has fewer than
        ``min_queries`` queries, or (``same_object``) what it needs is not fetched. ``text_to_image`` is always among
        the latter, with the reason ``ELSEWHERE`` where there are enough texts: its queries are no works, and only a
        head that maps images into the space of words can answer them.
    """
    makers: dict[str, tuple[tuple[str, ...], Callable[[], Judge]]] = {
        "artist": (("artist",), lambda: artist_judge(index)),
        "theme": (("themes",), lambda: across_artists(index, "themes")),
        "style": (("styles",), lambda: across_artists(index, "styles")),
        "period": (("year",), lambda: period_judge(index, params.period_years)),
        "terms": (TERM_COLUMNS, lambda: terms_judge(index, params.terms_overlap)),
        "siblings": (("series", "portfolio", "parentid"), lambda: siblings_judge(index)),
        "title_proxy": (("title",), lambda: title_judge(index, titles, params.title_cosine)),
        "text_to_image": (("assistivetext",), lambda: text_to_image(index).judge),
    }
    own = [str(column) for column in index if str(column).startswith(PREFIX)]
    makers |= {column: ((column,), partial(label_judge, index, column)) for column in own}
    judges, unmeasured = {}, {"same_object": NOT_FETCHED}
    for name, (columns, make) in makers.items():
        if not any(_filled(index, column) for column in columns):
            unmeasured[name] = f"column empty: {', '.join(columns)}"
            continue
        judge = make()
        queries = len(judge.queries())
        if queries < params.min_queries:
            unmeasured[name] = f"{queries} queries, fewer than {params.min_queries}"
        elif name == "text_to_image":
            unmeasured[name] = ELSEWHERE
        else:
            judges[name] = judge
    return judges, unmeasured
