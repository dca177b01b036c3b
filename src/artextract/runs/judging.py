"""Any embedding of a collection under all judges, next to controls and to the project's own spaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.data.museum.painters import artist_clusters
from artextract.params.sections import Relevance
from artextract.runs.held_out_queries import all_works
from artextract.siamese.evaluation.fitted import Held
from artextract.siamese.evaluation.held_out import TITLE, pool
from artextract.siamese.evaluation.trials import PRIMARY
from artextract.similarity.ranking import tables
from artextract.similarity.ranking.chance import CEILING, RANDOM
from artextract.similarity.ranking.families import p_text
from artextract.similarity.ranking.judges import all_judges, declared
from artextract.similarity.ranking.judging import Judge, judge_may_score
from artextract.similarity.ranking.spaces import Space, centred, cosine_space, space_label
from artextract.similarity.ranking.tables import Values

SHUFFLED = "shuffled"
OWN_SPACES = ("image", "centred", "title", PRIMARY)
RESERVED = (*OWN_SPACES, SHUFFLED, RANDOM, CEILING)  # names that a given embedding cannot have
TABLE = ["judge", "space", "queries", "ndcg", "low", "high", "precision"]
AGAINST = ["difference", "difference_low", "difference_high", "p_holm", "p_least", "counted_with"]


def read_vectors(path: Path, works: int, remedy: str = "save a float array of shape (works, dimensions)") -> np.ndarray:
    """An embedding from a ``.npy`` file.

    Args:
        path: The file.
        works: Rows that it must have: those of the collection's index.
        remedy: Remedy that the error message gives.

    Returns:
        float32 (works, d).

    Raises:
        ArtExtractError: There is no such array, its shape does not fit, or a row cannot be scaled to length one.
    """
    try:
        with readable(path, "an array", remedy):
            vectors = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path), remedy=remedy) from None
    if not isinstance(vectors, np.ndarray) or vectors.dtype.kind not in "fiu" or vectors.ndim != 2:
        raise ArtExtractError("not an array of numbers with two dimensions", where=str(path), remedy=remedy)
    if len(vectors) != works:
        raise ArtExtractError(
            f"{len(vectors):,} rows, and the collection has {works:,} works",
            where=str(path),
            remedy="row i must belong to row i of the collection's index.parquet; --collection names another one",
        )
    vectors = vectors.astype(np.float32)
    for bad, problem in (
        (~np.isfinite(vectors).all(axis=1), "is not finite"),
        ((vectors == 0).all(axis=1), "is zero, which has no direction"),
    ):
        if bad.any():
            raise ArtExtractError(
                f"row {int(np.flatnonzero(bad)[0])} {problem} ({int(bad.sum())} such rows)",
                where=str(path),
                remedy="leave no work without a vector",
            )
    return vectors


def judged(
    name: str,
    vectors: Sequence[np.ndarray],
    fields: Sequence[str],
    index: pd.DataFrame,
    own: Mapping[str, np.ndarray],
    params: Relevance,
    seed: int,
    only: Sequence[str] = (),
    parts: Sequence[Held] = (),
    siamese: Callable[[dict[str, np.ndarray]], Values] | None = None,
) -> pd.DataFrame:
    """Scores of an embedding with intervals, next to controls, chance, ceiling and the project's own spaces.

    Args:
        name: Name of the embedding in the table.
        vectors: One array (n, d) per part: a method that learns gives one embedding per part, each learnt without
            the part's query works.
        fields: Fields of the index that it was made from: a judge that reads one of them does not score it.
        index: n works, as fetch_nga writes them.
        own: Vectors of ``image`` and ``title`` (n, d), and of ``siamese`` where it has seen all works.
        params: Section ``relevance``.
        seed: Seed of the resampling and of the shuffled rows.
        only: Keys of judges; if empty, all measured judges.
        parts: Query works, and those that the centred image embedding is fitted on; default: all works in one part.
        siamese: From the queries of each judge that may score it to the siamese network's values on them; for
            held-out queries.

    Returns:
        One row per judge and space, columns ``TABLE`` and ``AGAINST``: nDCG with its interval, precision, and, for the
        given embedding, the paired difference in nDCG from the raw image embedding with its interval and p after Holm
        over the judges (``families.corrected``: a judge of the same source as another one has no p of its own). The
        space ``shuffled`` has the rows of the given vectors in a random order.

    Raises:
        ArtExtractError: A judge of that name does not exist, or no judge is measured.
    """
    parts = parts or all_works(len(index))
    if len(parts) != len(vectors):
        raise ArtExtractError(
            f"{len(vectors)} embeddings for {len(parts)} parts",
            remedy="give one array per fold of s2, in the order of the folds, and one array otherwise",
        )
    judges = _wanted(index, own["title"], params, only)
    k, painters = params.neighbours, artist_clusters(index)
    found: list[Values] = []
    queries: dict[str, np.ndarray] = {}
    for given, part in zip(vectors, parts, strict=True):
        asked = {key: np.intersect1d(judge.queries(), part.queries) for key, judge in judges.items()}
        queries = {key: np.concatenate([queries.get(key, rows[:0]), rows]) for key, rows in asked.items()}
        spaces = _spaces(name, given, frozenset(fields), own, part.known, seed)
        found.append(tables.evaluate_spaces(spaces, judges, k, seed, asked))
    values = pool(found)
    if siamese is not None:
        may = {key for key, judge in judges.items() if judge_may_score(judge, TITLE)}
        values |= siamese({key: np.sort(rows) for key, rows in queries.items() if len(rows) and key in may})
    scores = tables.retrieval_table(values, painters, params.bootstrap, seed)
    compared = {key: table for key, table in values.items() if key[1] in (name, "image")}
    pairs = tables.differences(compared, "image", [f"ndcg{k}"], painters, params.bootstrap, seed)
    return _laid_out(scores, pairs, k, [name, SHUFFLED, *OWN_SPACES, RANDOM, CEILING])


def _wanted(index: pd.DataFrame, titles: np.ndarray, params: Relevance, only: Sequence[str]) -> dict[str, Judge]:
    """The judges that are asked for, by key."""
    judges, unmeasured = all_judges(index, titles, params)
    if unknown := sorted(set(only) - set(judges)):
        reason = unmeasured.get(unknown[0], "there is no such judge")
        raise ArtExtractError(
            f"judge {unknown[0]}: {reason}",
            where="--judge",
            remedy=f"one of: {', '.join(judges) or 'none is measured'}",
        )
    judges = {key: judge for key, judge in judges.items() if not only or key in only}
    if not judges:
        raise ArtExtractError(
            "no judge is measured: " + "; ".join(f"{key}: {why}" for key, why in unmeasured.items()),
            remedy="add columns to the index, or lower relevance.min_queries in params.yaml",
        )
    return judges


def _spaces(
    name: str, given: np.ndarray, fields: frozenset[str], own: Mapping[str, np.ndarray], known: np.ndarray, seed: int
) -> list[Space]:
    """The given embedding, its rows in a random order as a control, and the project's own spaces."""
    shuffled = given[np.random.default_rng([seed, 5]).permutation(len(given))]
    spaces = [
        cosine_space(name, given, fields),
        cosine_space(SHUFFLED, shuffled),
        cosine_space("image", own["image"]),
        cosine_space("centred", centred(own["image"], known)),
        cosine_space("title", own["title"], TITLE),
    ]
    return [*spaces, cosine_space(PRIMARY, own[PRIMARY], TITLE)] if PRIMARY in own else spaces


def _laid_out(scores: pd.DataFrame, pairs: pd.DataFrame, k: int, order: list[str]) -> pd.DataFrame:
    keys = ["judge", "space"]
    ndcg = scores[scores["metric"] == f"ndcg{k}"].rename(columns={"micro": "ndcg"})
    precision = scores[scores["metric"] == f"p{k}"][[*keys, "micro"]].rename(columns={"micro": "precision"})
    names = {"micro": "difference", "low": "difference_low", "high": "difference_high"}
    table = ndcg.merge(precision, on=keys).merge(pairs.rename(columns=names)[[*keys, *AGAINST]], on=keys, how="left")
    judges = list(dict.fromkeys(table["judge"]))
    place = [judges.index(j) * len(order) + order.index(s) for j, s in zip(table["judge"], table["space"], strict=True)]
    return table.iloc[np.argsort(place, kind="stable")][[*TABLE, *AGAINST]].reset_index(drop=True)


def printed(table: pd.DataFrame, name: str, k: int) -> str:
    """The table of ``judged`` as Markdown: one row per judge, one column per space.

    Args:
        table: Result of ``judged``.
        name: Name of the given embedding, whose column comes first.
        k: Cutoff, for the heading.
    """
    spaces = [name, *(space for space in (RANDOM, SHUFFLED, *OWN_SPACES) if space in set(table["space"]))]
    rows = []
    for judge, part in table.groupby("judge", sort=False):
        by_space = part.set_index("space")
        first = by_space.iloc[0]
        cells = {"judge": declared(str(judge)).label, "queries": f"{int(first['queries']):,}"}
        cells |= {_heading(space, name): _score(by_space, space) for space in spaces}
        against = by_space.loc[name].to_dict() if name in by_space.index else {}
        rows.append(cells | _difference(against))
    title = f"nDCG@{k}, of which the best possible ranking has 1, with 95% intervals that draw whole painters:"
    return f"{title}\n\n{pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)}"


def _heading(space: str, name: str) -> str:
    return f"{name}, rows shuffled" if space == SHUFFLED else space_label(space)


def _score(by_space: pd.DataFrame, space: str) -> str:
    if space not in by_space.index:
        return "not judged: circular"
    value, low, high = by_space.loc[space, ["ndcg", "low", "high"]]
    return f"{value:.3f}" if space == RANDOM else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _difference(row: Mapping[Any, Any]) -> dict[str, str]:
    """Cells of the paired difference from the raw image embedding; empty where the embedding is not judged."""
    if np.isnan(row.get("difference", np.nan)):
        return {"gain over image, raw": "", "p (Holm)": ""}
    gain = f"{row['difference']:+.3f} ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"
    with_other = f"counted with {row['counted_with']}" if row["counted_with"] else ""
    return {"gain over image, raw": gain, "p (Holm)": with_other or p_text(row["p_holm"], row["p_least"])}
