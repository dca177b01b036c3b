"""Scores of words that find held-out paintings through the cross-modal head, with chance, controls and intervals.

Known-item search: a text describes one work, and all works are the gallery, less the others of its group, which the
text fits too. Two kinds of texts are queries: a work's own title, and the museum's description of its image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.siamese.evaluation.controls import shuffled_titles
from artextract.siamese.evaluation.fitted import Held
from artextract.siamese.evaluation.trials import SHUFFLED
from artextract.siamese.projection.pairs import titled_rows
from artextract.siamese.projection.words import fit_head, in_words, known_item_rank
from artextract.similarity.ranking.chance import RANDOM
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.descriptions import text_to_image
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.relations import Equal, Itself, OthersOf, codes_of
from artextract.similarity.ranking.tables import Values, limits

OWN_TITLE, DESCRIPTION = "own_title", "text_to_image"  # judges
HEAD, TITLES = "crossmodal", "title"  # spaces, beside SHUFFLED and RANDOM
PREFIX = {OWN_TITLE: "crossmodal", DESCRIPTION: DESCRIPTION}  # of the metrics
SHOWN = {HEAD: "", SHUFFLED: "shuffled.", RANDOM: "chance."}


@dataclass(frozen=True)
class Texts:
    """Texts in the title encoder's space, at most one per work.

    Attributes:
        words: Unit rows float32 (n, t); zero where a work has no text.
        rows: Works that have one, int64, ascending.
    """

    words: np.ndarray
    rows: np.ndarray


def own_titles(collection: Collection) -> Texts:
    """Titles, where they are a work's own ("Untitled" finds nothing)."""
    return Texts(collection.titles, titled_rows(collection.index, np.arange(len(collection.index))))


def descriptions(index: pd.DataFrame, encode: Callable[[Sequence[str]], np.ndarray]) -> Texts:
    """The museum's descriptions of images, embedded.

    Args:
        index: assistivetext, group; n works, at least one of them described.
        encode: The encoder of the titles: texts to unit rows (q, t).
    """
    search = text_to_image(index)
    rows, found = search.judge.queries(), encode(search.texts)
    words = np.zeros((len(index), found.shape[1]), dtype=np.float32)
    words[rows] = found
    return Texts(words, rows)


def by_rank(rank: np.ndarray, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Metrics of the rank from 1 of the one right work: mrr, recall@k, nDCG@k (the ideal puts it first).

    Args:
        rank: (q,).
        queries: Rows of the query works (q,), the index of the table.
        k: How many results count.
    """
    found = rank <= k
    gain = np.where(found, 1 / np.log2(1 + rank), 0.0)
    return pd.DataFrame({"mrr": 1 / rank, f"recall{k}": found.astype(float), f"ndcg{k}": gain}, index=queries)


def at_random(group: np.ndarray, queries: np.ndarray, k: int) -> pd.DataFrame:
    """Expectation of ``by_rank`` over all rankings of a query's gallery."""
    itself, others = Itself(len(group)), OthersOf(Equal(codes_of(pd.Series(group))), len(group))
    judge = Judge(len(group), itself, (others,))
    found = limits({"": judge}, {"": queries}, k)["", RANDOM]
    # One work is relevant, so that precision@k is a k-th of recall@k.
    return pd.DataFrame({"mrr": found["mrr"], f"recall{k}": found[f"p{k}"] * k, f"ndcg{k}": found[f"ndcg{k}"]})


def search(
    collection: Collection, held: Held, texts: Mapping[str, Texts], *, penalty: float, k: int, seed: int
) -> Values:
    """Fit the head, and one on shuffled titles, on the known works, and search with the texts of the held-out ones.

    Args:
        collection: n works.
        held: Rows that teach the heads, and rows that are searched for.
        texts: Texts by judge, ``OWN_TITLE`` or ``DESCRIPTION``.
        penalty: Penalty of the ridge regression.
        k: How many results count.
        seed: Seed of the shuffled titles.

    Returns:
        Per-query values by judge and space: ``HEAD``, ``SHUFFLED``, ``RANDOM``; under ``DESCRIPTION`` also ``TITLES``,
        where a text finds the work whose title is nearest. A judge whose texts belong to no held-out work is left out.
    """
    index, images, titles, group = collection.index, collection.images, collection.titles, collection.group
    other_index, other_titles = shuffled_titles(index, titles, held.known, seed)
    heads = {
        HEAD: fit_head(index, images, titles, held.known, penalty),
        SHUFFLED: fit_head(other_index, images, other_titles, held.known, penalty),
    }
    places = {name: in_words(images, head["mean"], head["weight"]) for name, head in heads.items()}
    values: Values = {}
    for judge, of in texts.items():
        queries = np.intersect1d(of.rows, held.queries)
        if not len(queries):
            continue
        galleries = places if judge == OWN_TITLE else places | {TITLES: titles}  # a title finds itself: no matter
        for space, gallery in galleries.items():
            values[judge, space] = by_rank(known_item_rank(of.words, gallery, queries, group), queries, k)
        values[judge, RANDOM] = at_random(group, queries, k)
    return values


def headline(table: pd.DataFrame, k: int) -> dict[str, float]:
    """The few numbers that fit a screen.

    Args:
        table: Result of ``tables.retrieval_table``, with split (s1, s2).
        k: How many results count.

    Returns:
        ``crossmodal.mrr`` and ``crossmodal.recall<k>`` on S1, with ``_low`` and ``_high``, and ``crossmodal.queries``;
        ``crossmodal.s2.`` for S2; ``chance.`` and ``shuffled.`` before the metric for these. The same under
        ``text_to_image.`` where descriptions are queries.
    """
    found: dict[str, float] = {}
    for row in table.to_dict("records"):
        split, space, metric = str(row["split"]), str(row["space"]), str(row["metric"])
        prefix = PREFIX[str(row["judge"])] + ("." if split == "s1" else f".{split}.")
        found[f"{prefix}queries"] = int(row["queries"])
        if space in SHOWN and metric in ("mrr", f"recall{k}"):
            key = f"{prefix}{SHOWN[space]}{metric}"
            found[key] = row["micro"]
            found |= {f"{key}_{end}": row[end] for end in ("low", "high") if space != RANDOM}
    return found
