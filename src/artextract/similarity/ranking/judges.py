"""The judges of similarity: which works are relevant to a query, from the museum's own tables.

``JUDGES`` lists them all. Tables, figures and the README take key, label and description from there, so a new judge
is one more entry of that list and the function that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from artextract.data.museum.names import PREFIX
from artextract.data.museum.painters import person
from artextract.data.museum.titles import have_titles
from artextract.params.sections import Relevance
from artextract.similarity.ranking.descriptions import text_to_image
from artextract.similarity.ranking.judging import SIBLING_FIELDS, TERM_COLUMNS, Judge, sampled
from artextract.similarity.ranking.relations import Equal, InCommon, codes_of, indicator, same_group
from artextract.similarity.ranking.rules import NearInTime, SamePainter, SharedTerms, SimilarTitles
from artextract.similarity.ranking.title_words import share_a_word

# Reasons why a judge is not among the measured ones although its data are there.
NOT_FETCHED = "alternate views are listed in alternates.csv but not fetched"
ELSEWHERE = "measured in train_siamese"
SUBJECT_TERMS = "curators' terms"  # theme and keywords of a work are one decision about its subject
THEME, TITLE_PROXY, TEXT_TO_IMAGE = "theme", "title_proxy", "text_to_image"


def artist_judge(index: pd.DataFrame) -> Judge:
    """Same named painter; works from the workshop of the query's painter, or after that painter, are half relevant.

    Queries are works by a named painter without reservation.
    """
    is_named, painter = index["artist"].notna().to_numpy(), Equal(codes_of(person(index)))
    rule = SamePainter(painter, np.where(is_named, np.float32(1), np.float32(0.5)))
    fields = frozenset({"artist", "artist_qualified"})
    asks = is_named & painter.occur_twice()
    return Judge(len(index), rule, (same_group(index),), graded=True, asks=asks, fields=fields)


def across_artists(index: pd.DataFrame, column: str) -> Judge:
    """A value of a list column in common; the query's painter is taken out of the gallery, workshop and all.

    Works without a value are taken out too: nobody has judged them, and a third of the paintings has no style.
    """
    table = indicator(index[column])
    judged = table.getnnz(axis=1) > 0
    left_out = (same_group(index), Equal(codes_of(person(index))))
    return Judge(len(index), InCommon(table), left_out, never=~judged, asks=judged, fields=frozenset({column}))


def other_words(judge: Judge, index: pd.DataFrame) -> Judge:
    """A judge whose galleries are without the works that share a title word with the query (``title_words``).

    What is found under this judge was not found because it is called alike.
    """
    return replace(judge, left_out=(*judge.left_out, share_a_word(index["title"])))


def label_judge(index: pd.DataFrame, column: str) -> Judge:
    """The same label of the user's own; the query's painter, and works without a label, are out of the gallery."""
    unlabelled, rule = index[column].isna().to_numpy(), Equal(codes_of(index[column]))
    left_out = (same_group(index), Equal(codes_of(person(index))))
    asks = rule.occur_twice()
    return Judge(len(index), rule, left_out, never=unlabelled, asks=asks, fields=frozenset({column}))


def period_judge(index: pd.DataFrame, years: float) -> Judge:
    """Painted at about the same time: the grade falls from one to zero over a gap of ``years``.

    Works without a date, or dated by nothing but the painter's life, take no part.
    """
    year = index["year"].to_numpy(dtype=float)
    undated, fields = np.isnan(year), frozenset({"year"})
    rule, left_out = NearInTime(year, years), (same_group(index),)
    return Judge(len(index), rule, left_out, graded=True, never=undated, asks=~undated, fields=fields)


def terms_judge(index: pd.DataFrame, overlap: float) -> Judge:
    """Curators' schools, techniques and keywords in common: shared over united inverse document frequency.

    Args:
        index: With the columns of ``TERM_COLUMNS``, n rows. Works without terms are taken out of the gallery.
        overlap: Smallest share that counts as relevant; nearly all works share "painted surface".
    """
    rule = SharedTerms.of([index[column] for column in TERM_COLUMNS], overlap)
    judged, fields = rule.table.getnnz(axis=1) > 0, frozenset(TERM_COLUMNS)
    return Judge(len(index), rule, (same_group(index),), graded=True, never=~judged, asks=judged, fields=fields)


def siblings_judge(index: pd.DataFrame) -> Judge:
    """Panels of one whole, works of one series or portfolio.

    Siblings are one group in every split, so the group cannot be taken out here; the same object (recto and verso,
    another picture of it) is.
    """
    rule, same_object = (Equal(codes_of(index[name])) for name in ("sibling_group", "object_group"))
    return Judge(len(index), rule, (same_object,), asks=rule.occur_twice(), fields=SIBLING_FIELDS)


def title_judge(index: pd.DataFrame, titles: np.ndarray, threshold: float) -> Judge:
    """Similar titles, a proxy for the subject; works without a title of their own take no part.

    Args:
        index: With title and group, n rows.
        titles: Title embeddings, unit rows (n, d).
        threshold: Smallest cosine that counts as relevant.
    """
    titled, fields = have_titles(index), frozenset({"title"})
    rule, left_out = SimilarTitles(titles, threshold), (same_group(index),)
    return Judge(len(index), rule, left_out, never=~titled, asks=titled, fields=fields)


@dataclass(frozen=True)
class Declared:
    """A judge as it is listed: its names, the data that it needs, and how it is made.

    Attributes:
        key: Same as in ``Judge``.
        label: Same as in ``Judge``.
        description: Same as in ``Judge``.
        source: The record that the ground truth is read from. Judges of one source are one piece of evidence, see
            ``counted_with``.
        columns: Columns of the index; at least one of them must hold something.
        make: From index, title embeddings and section ``relevance`` to the ground truth.
        unmeasured: Why ``all_judges`` does not measure it even where its data are there.
    """

    key: str
    label: str
    description: str
    source: str
    columns: tuple[str, ...]
    make: Callable[[pd.DataFrame, np.ndarray, Relevance], Judge] | None
    unmeasured: str = ""


# In the order of tables and figures.
JUDGES = (
    Declared(
        "artist", "same painter",
        "works by the query's painter; works of the workshop, or after the painter, count half",
        "painter", ("artist",), lambda index, titles, p: artist_judge(index),
    ),
    Declared(
        THEME, "same theme, other painters", "works that share a theme with the query, by other painters",
        SUBJECT_TERMS, ("themes",), lambda index, titles, p: across_artists(index, "themes"),
    ),
    Declared(
        "theme_other_words", "same theme, other painters, other title words",
        "works that share a theme with the query and no word of its title, by other painters",
        SUBJECT_TERMS, ("themes",), lambda index, titles, p: other_words(across_artists(index, "themes"), index),
    ),
    Declared(
        "style", "same style, other painters", "works that share a style with the query, by other painters",
        "style", ("styles",), lambda index, titles, p: across_artists(index, "styles"),
    ),
    Declared(
        "period", "same period", "works painted at about the same time; the nearer in years, the more they count",
        "date", ("year",), lambda index, titles, p: period_judge(index, p.period_years),
    ),
    Declared(
        "terms", "curators' terms in common",
        "works that share the curators' schools, techniques and keywords; rare terms count more",
        SUBJECT_TERMS, TERM_COLUMNS, lambda index, titles, p: terms_judge(index, p.terms_overlap),
    ),
    Declared(
        "siblings", "panels of one work, or of one series", "other panels of the same whole, series or portfolio",
        "series", ("series", "portfolio", "parentid"), lambda index, titles, p: siblings_judge(index),
    ),
    Declared(
        TITLE_PROXY, "similar title (proxy)", "works whose titles mean about the same, which stands in for the subject",
        "title", ("title",), lambda index, titles, p: title_judge(index, titles, p.title_cosine),
    ),
    Declared(
        TEXT_TO_IMAGE, "description finds its image", "the one image that the museum's description was written for",
        "description", ("assistivetext",), lambda index, titles, p: text_to_image(index).judge, ELSEWHERE,
    ),
    Declared(
        "same_object", "other view of the same object", "another photograph of the query's object",
        "photographs", (), None, NOT_FETCHED,
    ),
)  # fmt: skip


def _of_label(column: str) -> Declared:
    """The judge of a label of the user's own, from its column ``label.<name>``."""
    name = column.removeprefix(PREFIX)
    return Declared(
        column, f"same {name} (own label), other painters", f"works with the query's own label {name!r}, by others",
        column, (column,), lambda index, titles, p: label_judge(index, column),
    )  # fmt: skip


def declared(key: str) -> Declared:
    """The listed judge with this key, or the judge of an own label (``label.<name>``).

    Raises:
        ValueError: There is no such judge.
    """
    if key.startswith(PREFIX):
        return _of_label(key)
    for judge in JUDGES:
        if judge.key == key:
            return judge
    raise ValueError(f"no judge is called {key!r}")


def in_order(measured: Iterable[str]) -> list[str]:
    """Keys in the order of ``JUDGES``, own labels after them in the order of their names."""
    keys = set(measured)
    listed = [judge.key for judge in JUDGES if judge.key in keys]
    return [*listed, *sorted(keys - set(listed))]


def counted_with(measured: Iterable[str]) -> dict[str, str]:
    """For each measured judge the first one of the same source, in the order of ``JUDGES``.

    What two judges of one source find is one finding: it counts once, in a headline and in a family of tests.

    Args:
        measured: Keys of the judges that were measured.

    Returns:
        Key to key; a judge that is the first of its source is counted with itself.
    """
    first: dict[str, str] = {}
    return {key: first.setdefault(declared(key).source, key) for key in in_order(measured)}


def headline_judge(measured: Iterable[str]) -> str | None:
    """The judge whose score is a DVC metric: theme, as it compares works across painters and many works have one.

    Args:
        measured: Keys of the judges that were measured.

    Returns:
        ``theme`` where it is measured, else the first of the others in the order of ``JUDGES``, with own labels after
        them and the title proxy last; None where none is measured.
    """
    return min(in_order(measured), key=lambda key: (key == TITLE_PROXY, key != THEME), default=None)


def _filled(index: pd.DataFrame, column: str) -> bool:
    return column in index and bool(index[column].explode().notna().any())


def all_judges(index: pd.DataFrame, titles: np.ndarray, params: Relevance) -> tuple[dict[str, Judge], dict[str, str]]:
    """All judges that the tables allow, and the reason why each of the others is not measured.

    Args:
        index: The museum's index, n rows.
        titles: Title embeddings, unit rows (n, d).
        params: Section ``relevance``.

    Returns:
        Judges by key, each with at most ``max_queries`` queries (``sampled``).

        And the reason for each one that is not among them: its columns are empty, it has fewer than
        ``min_queries`` queries, or (``same_object``) what it needs is not fetched. ``text_to_image`` is always among
        the latter, with the reason ``ELSEWHERE`` where there are enough texts: its queries are texts, and only a head
        that maps images into the space of words can answer them.
    """
    own = [_of_label(str(column)) for column in index if str(column).startswith(PREFIX)]
    measured, unmeasured = {}, {}
    for judge in (*JUDGES, *own):
        made, reason = _made(judge, index, titles, params)
        if made is not None:
            measured[judge.key] = made
        else:
            unmeasured[judge.key] = reason
    return measured, unmeasured


def _made(judge: Declared, index: pd.DataFrame, titles: np.ndarray, params: Relevance) -> tuple[Judge | None, str]:
    """The judge with its names, or None and the reason why it is not measured."""
    if judge.make is None:
        return None, judge.unmeasured
    if not any(_filled(index, column) for column in judge.columns):
        return None, f"column empty: {', '.join(judge.columns)}"
    made = replace(judge.make(index, titles, params), key=judge.key, label=judge.label, description=judge.description)
    if (queries := len(made.queries())) < params.min_queries:
        return None, f"{queries} queries, fewer than {params.min_queries}"
    if judge.unmeasured:
        return None, judge.unmeasured
    return sampled(made, params.max_queries), ""
