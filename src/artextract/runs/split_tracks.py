"""Two ways to split WikiArt for a comparison with others: by work, and by painter; and what must hold for each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.paths import painter_slug
from artextract.data.wikiart.splits import painter_folds

FOLDS = 5
SIDES = ("train", "select", "val")
PAINTER_TASKS = ("style", "genre")  # a painter who was never seen cannot be recognised


def image_disjoint(rows: pd.DataFrame) -> pd.DataFrame:
    """The published split, guarded: no work is on two sides of any task.

    Args:
        rows: id, labels, ``<task>_split`` and group, as prepare_artgan writes them.

    Returns:
        path, work, style, genre, artist, style_split, genre_split, artist_split; all images, sorted by path.
    """
    table = rows.rename(columns={"id": "path", "group": "work"})
    return table[["path", "work", *TASKS, *(f"{t}_split" for t in TASKS)]].sort_values("path", ignore_index=True)


def painter_disjoint(rows: pd.DataFrame, select_fraction: float, seed: int) -> pd.DataFrame:
    """Folds of painters: every painter is held out once, and neither a painter nor a work is on two sides of a fold.

    The published training and validation rows are divided anew. In each fold about ``select_fraction`` of the remaining
    images, by painter, are select rows. A remaining image of a work that is on another side (two painters are named for
    one picture) is guarded: it is not used in this fold.

    Args:
        rows: id, labels and group, as prepare_artgan writes them.
        select_fraction: Share of the remaining images, above 0 and at most .5.
        seed: Seed of the folds.

    Returns:
        path, work, style, genre, fold (0 ... 4: the fold in which the image is validation), split_0 ... split_4 (train,
        select, val or guarded); the images with a style or a genre, in the order of their paths.

    Raises:
        ArtExtractError: There are too few painters.
    """
    table = rows.rename(columns={"id": "path", "group": "work"})[["path", "work", *PAINTER_TASKS]]
    table = table[table[list(PAINTER_TASKS)].notna().any(axis=1)].sort_values("path", ignore_index=True)
    table["fold"] = painter_folds(table["path"].tolist(), FOLDS, seed)
    for fold in range(FOLDS):
        table[f"split_{fold}"] = _one_fold(table, fold, select_fraction, seed)
    return table


def _one_fold(table: pd.DataFrame, fold: int, select_fraction: float, seed: int) -> np.ndarray:
    split = np.where(table["fold"] == fold, "val", "train").astype(object)
    split[(split == "train") & _shares_work(table, split == "val")] = "guarded"
    left = np.flatnonzero(split == "train")
    parts = painter_folds(table["path"].iloc[left].tolist(), max(2, round(1 / select_fraction)), seed)
    split[left[parts == 0]] = "select"
    split[(split == "train") & _shares_work(table, split == "select")] = "guarded"
    return split


def _shares_work(table: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    return table["work"].isin(table.loc[chosen, "work"]).to_numpy(dtype=bool)


def check_image_disjoint(table: pd.DataFrame, where: str) -> None:
    """Stop if a work is on two sides, in one task or in two.

    Raises:
        ArtExtractError: Names the work.
    """
    _check_paths(table, where)
    columns = [f"{task}_split" for task in TASKS]
    sides = table.melt(id_vars="work", value_vars=columns, value_name="side")
    _check_sides(sides[sides["side"].isin(SIDES)], where)


def check_painter_disjoint(table: pd.DataFrame, where: str) -> None:
    """Stop if a painter is held out in two folds, or if a work or a painter is on two sides of a fold.

    Raises:
        ArtExtractError: Names the painter or the work.
    """
    _check_paths(table, where)
    painter = table["path"].map(painter_slug)
    folds = table.groupby(painter)["fold"].nunique()
    if (folds > 1).any():
        raise ArtExtractError(f"the painter {folds.idxmax()} is in {folds.max()} folds", where=where)
    for fold in range(FOLDS):
        split = table[f"split_{fold}"]
        if not ((split == "val") == (table["fold"] == fold)).all():
            raise ArtExtractError(f"the val rows of split_{fold} are not the rows of fold {fold}", where=where)
        used = split.isin(SIDES)
        for unit in (table["work"], "painter " + painter):
            _check_sides(pd.DataFrame({"work": unit[used], "side": split[used]}), f"{where}, split_{fold}")


def _check_paths(table: pd.DataFrame, where: str) -> None:
    if table["path"].duplicated().any():
        raise ArtExtractError(f"{table['path'][table['path'].duplicated()].iloc[0]} is listed twice", where=where)


def _check_sides(sides: pd.DataFrame, where: str) -> None:
    count = sides.groupby("work")["side"].nunique()
    if (count > 1).any():
        work = count.idxmax()
        found = sorted(set(sides.loc[sides["work"] == work, "side"]))
        raise ArtExtractError(f"work {work} is on two sides: {' and '.join(found)}", where=where)


def counts(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of each side: one row per task of a track by work, or per task and fold of a track by painter.

    Args:
        name: Name of the track.
        table: Result of ``image_disjoint`` or of ``painter_disjoint``.
    """
    found = []
    if "fold" in table:
        columns = [(task, f"split_{fold}", f", fold {fold}") for task in PAINTER_TASKS for fold in range(FOLDS)]
    else:
        columns = [(task, f"{task}_split", "") for task in TASKS]
    for task, column, suffix in columns:
        sides = table.loc[table[task].notna(), column].value_counts()
        found.append(
            {"track": f"{name}{suffix}", "task": task} | {s: int(sides.get(s, 0)) for s in (*SIDES, "guarded")}
        )
    return pd.DataFrame(found)
