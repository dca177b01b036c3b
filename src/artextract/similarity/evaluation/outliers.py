"""Attribution outliers: paintings that look more like another painter's works than like those of their own.

The score of a painting is the evidence for the best other painter less that for the own one (``attribution.py``). A
painter with many works has near ones for any painting, so the score ranks paintings and proves nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.files import write_table
from artextract.data.images.shards import ShardReader
from artextract.measures.auc import ones, wins
from artextract.measures.bootstrap import cluster_bootstrap, interval
from artextract.pictures.sheets import Card, contact_sheet, retrieval_sheet
from artextract.similarity.evaluation.attribution import NEAREST, Outliers, find_outliers, painter_found
from artextract.similarity.evaluation.deals import painter_found_by_chance
from artextract.similarity.ranking.spaces import centred

FORMER, QUALIFIED = "former_attributions", "artist_qualified"
EMPTY = "not measured: column empty"
HEADING = "Paintings that look unlike their attribution"
NOTHING = "No work can be checked: that takes two painters with three works each, attributed without reservation."


def area(score: np.ndarray, positive: np.ndarray, cluster: np.ndarray, draws: int, seed: int) -> dict[str, Any]:
    """AUC of the score for a truth, with a 95% interval that draws painters as a whole.

    Args:
        score: (n,), finite.
        positive: Boolean (n,).
        cluster: Painter of each work (n,).
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        auc, low, high, works, positive; or why it could not be measured.
    """
    counts = {"works": len(score), "positive": int(positive.sum())}
    if not 0 < positive.sum() < len(score):
        return {"measured": "not measured: no such work can be scored", **counts}

    def ratio(weights: np.ndarray) -> np.ndarray:
        won, compared = wins(score, positive, weights)
        return np.divide(won, compared, out=np.full(won.shape, np.nan), where=compared > 0)

    low, high = interval(ratio(cluster_bootstrap(cluster, draws, np.random.default_rng(seed))))
    values = {} if np.isnan(low) else {"low": low, "high": high}  # NaN: no draw held both kinds
    return {"auc": float(ratio(ones(len(score)))[0]), **values, **counts}


def _given(column: pd.Series) -> np.ndarray:
    """Where a cell says something: text or a list that is not empty; boolean (n,)."""

    def says(cell: Any) -> bool:
        return len(cell) > 0 if hasattr(cell, "__len__") else bool(pd.notna(cell))

    return column.map(says, na_action=None).to_numpy(dtype=bool)


def truths(index: pd.DataFrame, certain: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray] | None]:
    """Ground truth for the scores: positives, and the works that are compared; None where the column is empty.

    ``former_attribution``: among the works attributed without reservation, those that were given to somebody else
    before. ``qualified``: those "attributed to" a painter or his workshop, against those by him.
    """
    found: dict[str, tuple[np.ndarray, np.ndarray] | None] = {"former_attribution": None, "qualified": None}
    if FORMER in index and (former := _given(index[FORMER])).any():
        found["former_attribution"] = (former, certain)
    if QUALIFIED in index and (qualified := _given(index[QUALIFIED])).any():
        found["qualified"] = (qualified, certain | qualified)
    return found


def report(
    index: pd.DataFrame,
    reader: ShardReader,
    embedding: np.ndarray,
    *,
    draws: int,
    seed: int,
    table: Path,
    sheet: Path,
    shown: int = 8,
) -> dict[str, Any]:
    """Rank the works by how much their neighbours disagree with their attribution, and judge the ranking.

    Args:
        index: n works: id, title, attribution, artist, artist_qualified, artist_name, group; former_attributions where
            the museum records them.
        reader: Their images.
        embedding: Image embedding, rows (n, d); it is centred here.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.
        table: CSV to write: the ranked works.
        sheet: JPEG to write: the first ones, each with the evidence.
        shown: Works on the sheet.

    Returns:
        works, painters, painter_found and painter_found_chance (missing where no work can be checked), and for each
        truth its AUC with interval, or why it was not measured. Where chance was measured on some of the works,
        painter_found_chance_works and painter_found_chance_error say on how many, and its standard error.
    """
    vectors, group = centred(embedding), index["group"].to_numpy()
    certain = index["artist"].notna().to_numpy()
    person = index["artist"].astype("string")
    person = person.fillna(index[QUALIFIED].astype("string")) if QUALIFIED in index else person
    painter = pd.factorize(person)[0]
    found = find_outliers(vectors, painter, certain, group)
    scored = np.isfinite(found.score)
    metrics: dict[str, Any] = {"works": int(scored.sum()), "painters": len(np.unique(painter[scored]))}
    if (share := painter_found(found, certain)) is not None:
        chance = painter_found_by_chance(vectors, painter, certain, group, seed)
        assert chance is not None, "what can be checked can be dealt out"
        metrics |= {"painter_found": share, "painter_found_chance": chance.share}
        if chance.error:
            metrics |= {"painter_found_chance_works": chance.works, "painter_found_chance_error": chance.error}
    for name, truth in truths(index, certain).items():
        if truth is None:
            metrics[name] = {"measured": EMPTY}
            continue
        rows = scored & truth[1]
        metrics[name] = area(found.score[rows], truth[0][rows], painter[rows], draws, seed)
    ranked = np.flatnonzero(scored)[np.argsort(-found.score[scored], kind="stable")]
    names = index["artist_name"].astype("string").groupby(painter).first()  # by code; -1 is never a rival
    write_table(table, ranked_table(index, found, ranked, names))
    if len(ranked):
        _draw(index, reader, vectors, painter, certain, found, ranked[:shown], names, sheet)
    else:
        contact_sheet([], HEADING, NOTHING, sheet)  # a plot that is declared and missing makes `dvc plots` complain
    return metrics


def ranked_table(index: pd.DataFrame, found: Outliers, ranked: np.ndarray, names: pd.Series) -> pd.DataFrame:
    """The works from the most doubtful on: rank, id, title, attribution, score, both evidences, the other painter."""
    works = index.iloc[ranked]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(ranked) + 1),
            "id": works["id"].to_numpy(),
            "title": works["title"].to_numpy(),
            "attribution": works["attribution"].to_numpy(),
            "score": found.score[ranked],
            "nearest_other_painter": names.reindex(found.rival[ranked]).to_numpy(),
            "evidence_other": found.other[ranked],
            "evidence_own": found.own[ranked],
        }
    )


def _draw(
    index: pd.DataFrame,
    reader: ShardReader,
    vectors: np.ndarray,
    painter: np.ndarray,
    certain: np.ndarray,
    found: Outliers,
    rows: np.ndarray,
    names: pd.Series,
    path: Path,
) -> None:
    """Each work with the two nearest by its own painter, then the two nearest by the other one, framed."""
    group, lines = index["group"].to_numpy(), []

    def card(row: int, note: str, marked: bool = False) -> Card:
        work = index.iloc[row]
        return Card(reader.image(row), str(work["title"]), str(work["attribution"]), note, marked)

    for row in rows:
        cards = []
        for code, label in ((painter[row], "own"), (found.rival[row], "other")):
            works = np.flatnonzero(certain & (painter == code) & (group != group[row]))
            cosine = vectors[works] @ vectors[row]
            for i in np.argsort(-cosine, kind="stable")[:NEAREST]:
                cards.append(card(int(works[i]), f"{label} painter   {cosine[i]:.2f}", label == "other"))
        lines.append((card(int(row), f"score {found.score[row]:.2f}"), cards))
    subtitle = (
        "Each with the two nearest works of its own painter and, framed, of the best other one. A hint, no verdict."
    )
    retrieval_sheet(lines, HEADING, subtitle, path)
