"""Any embedding of a collection under all judges, next to chance and to the project's own raw embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.museum.painters import artist_clusters
from artextract.params.sections import Relevance
from artextract.similarity.ranking import tables
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.spaces import cosine_space, space_label

OWN = ("image", "title")
TABLE = ["judge", "space", "queries", "ndcg", "low", "high", "precision"]
AGAINST = ["difference", "difference_low", "difference_high", "p_holm"]


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
        vectors = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path), remedy=remedy) from None
    except (ValueError, EOFError, OSError) as error:
        raise ArtExtractError(f"not readable as an array: {error}", where=str(path), remedy=remedy) from error
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
    vectors: np.ndarray,
    fields: Sequence[str],
    index: pd.DataFrame,
    own: dict[str, np.ndarray],
    params: Relevance,
    seed: int,
    only: Sequence[str] = (),
) -> pd.DataFrame:
    """Scores of an embedding with intervals, chance, the raw image and title embedding, and paired differences.

    Args:
        name: Name of the embedding in the table.
        vectors: (n, d).
        fields: Fields of the index that it was made from: a judge that reads one of them does not score it.
        index: n works, as fetch_nga writes them.
        own: Unit vectors of ``image`` and ``title``.
        params: Section ``relevance``.
        seed: Seed of the resampling.
        only: Keys of judges; if empty, all measured judges.

    Returns:
        One row per judge and space, columns ``TABLE`` and ``AGAINST``: nDCG with its interval, precision, and the
        paired difference in nDCG from the raw image embedding with its interval and p after Holm over all rows.

    Raises:
        ArtExtractError: A judge of that name does not exist, or no judge is measured.
    """
    judges, unmeasured = all_judges(index, own["title"], params)
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
    spaces = [
        cosine_space(name, vectors, frozenset(fields)),
        cosine_space("image", own["image"]),
        cosine_space("title", own["title"], frozenset({"title"})),
    ]
    k, painters = params.neighbours, artist_clusters(index)
    values = tables.evaluate_spaces(spaces, judges, k, seed)
    scores = tables.retrieval_table(values, painters, params.bootstrap, seed)
    pairs = tables.differences(values, "image", [f"ndcg{k}"], painters, params.bootstrap, seed)
    return _laid_out(scores, pairs, k, [name, *OWN, tables.RANDOM])


def _laid_out(scores: pd.DataFrame, pairs: pd.DataFrame, k: int, order: list[str]) -> pd.DataFrame:
    keys = ["judge", "space"]
    ndcg = scores[scores["metric"] == f"ndcg{k}"].rename(columns={"micro": "ndcg"})
    precision = scores[scores["metric"] == f"p{k}"][[*keys, "micro"]].rename(columns={"micro": "precision"})
    names = {"micro": "difference", "low": "difference_low", "high": "difference_high"}
    table = ndcg.merge(precision, on=keys).merge(pairs.rename(columns=names)[[*keys, *AGAINST]], on=keys, how="left")
    judges = list(dict.fromkeys(table["judge"]))
    place = [judges.index(j) * len(order) + order.index(s) for j, s in zip(table["judge"], table["space"], strict=True)]
    return table.iloc[np.argsort(place, kind="stable")][[*TABLE, *AGAINST]].reset_index(drop=True)


def printed(table: pd.DataFrame, k: int) -> str:
    """The table as aligned text."""
    shown = pd.DataFrame(
        {
            "judge": table["judge"],
            "space": table["space"].map(space_label),
            "queries": table["queries"],
            f"nDCG@{k} (95%)": [f"{v:.3f} ({a:.3f} to {b:.3f})" for v, a, b in table[["ndcg", "low", "high"]].values],
            f"precision@{k}": table["precision"].map("{:.3f}".format),
            "against image, raw (95%)": [
                "" if np.isnan(v) else f"{v:+.3f} ({a:+.3f} to {b:+.3f})" for v, a, b in table[AGAINST[:3]].values
            ],
            "p (Holm)": table["p_holm"].map(lambda p: "" if np.isnan(p) else f"{p:.3f}"),
        }
    )
    return shown.to_string(index=False)
