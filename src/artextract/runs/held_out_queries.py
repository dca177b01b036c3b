"""The query works of a judged embedding: all works, or those that a split holds out; and how siamese scored there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.siamese.evaluation.fitted import Held
from artextract.siamese.evaluation.held_out import by_part
from artextract.siamese.evaluation.trials import PRIMARY
from artextract.similarity.ranking.tables import Values

SPLITS = ("s1", "s2", "s3")
REMEDY = "`dvc repro train_siamese`, or name its folder with --siamese"


def all_works(n: int) -> list[Held]:
    """Every one of n works is a query, and nothing is held out."""
    return [Held(np.arange(n), np.array([], dtype=np.int64), np.arange(n))]


def read_split(folder: Path, split: str, index: pd.DataFrame) -> list[Held]:
    """The parts of a split, each with works that may be learnt from and held-out query works.

    Args:
        folder: Holds splits.parquet, as train_siamese writes it.
        split: ``s1`` (works), ``s2`` (painters, in folds) or ``s3`` (titles).
        index: n works, with their id.

    Returns:
        One part for S1 and S3, one per fold for S2, in the order of the folds.

    Raises:
        ArtExtractError: There is no such split or no such file, or the file belongs to another index.
    """
    if split not in SPLITS:
        raise ArtExtractError(f"there is no split {split}", where="--split", remedy=f"one of: {', '.join(SPLITS)}")
    path = folder / "splits.parquet"
    table = _read(path)
    if table["id"].tolist() != index["id"].tolist():
        raise ArtExtractError("the splits belong to another index", where=str(path), remedy=REMEDY)
    if split != "s2":
        return [by_part(table[split].to_numpy())]
    fold, nothing = table["s2_fold"].to_numpy(), np.array([], dtype=np.int64)
    return [Held(np.flatnonzero(fold != f), nothing, np.flatnonzero(fold == f)) for f in np.unique(fold)]


def siamese_values(folder: Path, split: str, index: pd.DataFrame, queries: dict[str, np.ndarray]) -> Values:
    """What the siamese network scored on the held-out queries of a split, as train_siamese measured it.

    Args:
        folder: Holds values.parquet: columns split, judge, space, id, painter, and one per metric.
        split: As in ``read_split``.
        index: n works, with their id.
        queries: Rows of the held-out queries, for each judge that may score an embedding made with titles.

    Returns:
        Per-query metrics by judge and space. Where the file has a query several times (several trainings), its mean.

    Raises:
        ArtExtractError: There is no such file, or its queries are others: the judges have changed since.
    """
    path = folder / "values.parquet"
    table = _read(path)
    table = table[(table["split"] == split) & (table["space"] == PRIMARY)]
    row_of = pd.Series(np.arange(len(index)), index=index["id"].to_numpy())
    found: Values = {}
    for judge, rows in queries.items():
        part = table[table["judge"] == judge].drop(columns=["split", "judge", "space", "painter"])
        values = part.groupby("id").mean(numeric_only=True)
        values.index = pd.Index(row_of.reindex(values.index).fillna(-1).astype(np.int64).to_numpy())
        if sorted(values.index) != sorted(rows.tolist()):
            raise ArtExtractError(
                f"the queries of judge {judge} in split {split} are not those of this collection and these parameters",
                where=str(path),
                remedy=REMEDY,
            )
        found[judge, PRIMARY] = values.loc[rows]
    return found


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path), remedy=REMEDY) from None
    except (ValueError, OSError) as error:  # pyarrow's own errors are these too
        raise ArtExtractError(f"not readable as a table: {error}", where=str(path), remedy=REMEDY) from error
