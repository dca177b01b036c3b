"""The index of the stored images: labels, the work that each image shows, how its source framed it, its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.same_work import in_val_list, same_work

INDEX_COLUMNS = [
    "id", *TASKS, *(f"{task}_split" for task in TASKS), "group", "stratum",
    "shard", "offset", "size", "sha256", "phash", "width", "height",
]  # fmt: skip


def read_manifest(images: Path) -> pd.DataFrame:
    """The optional ``manifest.csv`` beside the images.

    Returns:
        Columns path, and of ``geometry`` (how the source framed the picture; becomes the stratum) and ``group``
        (works that belong together) those that it has, null where a cell is empty; no rows where there is no
        manifest.
    """
    path = images / "manifest.csv"
    if not path.exists():
        return pd.DataFrame({"path": pd.Series(dtype=str)})
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "path" not in table:
        raise ArtExtractError("has no column `path`", where=str(path), remedy="name the column, or move the file away")
    table = table[[name for name in ("path", "geometry", "group") if name in table]].drop_duplicates("path")
    return table.replace("", None)


def build_index(table: pd.DataFrame, stored: pd.DataFrame, manifest: pd.DataFrame, bits: int) -> pd.DataFrame:
    """The rows whose image is stored, with group, val_work and stratum.

    Which images show the same work, and which works are validation, is decided over all listed images: a copy of a
    validation image that is not at hand is still not trained on.

    Args:
        table: Result of ``lists.union``.
        stored: Result of ``write_shards`` for all of its paths.
        manifest: Result of ``read_manifest``.
        bits: Largest distance of two perceptual hashes of one work.
    """
    listed = table.merge(stored, left_on="path", right_on="id", how="left", validate="one_to_one")
    extra = listed[["path"]].merge(manifest, on="path", how="left")
    nothing = pd.Series([None] * len(listed), dtype="string")
    listed["declared"] = extra["group"] if "group" in extra else nothing
    listed["stratum"] = (extra["geometry"] if "geometry" in extra else nothing).astype("string")
    listed["group"] = same_work(listed, bits)
    listed["val_work"] = in_val_list(listed, listed["group"])
    index = listed[listed["error"].isna()].reset_index(drop=True)
    index["group"] = pd.factorize(index["group"])[0].astype(np.int64)
    return index.astype(dict.fromkeys(("width", "height", "offset", "size"), "int64"))  # a missing image made floats


def summarise(index: pd.DataFrame) -> dict[str, int]:
    """Counts of the index: rows of each split and task, duplicates, groups."""
    counts = {
        "exact_duplicates": int(index["sha256"].duplicated().sum()),
        "groups": int(index["group"].nunique()),
        "images_in_groups_of_several": int(index["group"].duplicated(keep=False).sum()),
    }
    for task in TASKS:
        for split in ("train", "select", "val", "guarded"):
            counts[f"{task}.{split}"] = int((index[f"{task}_split"] == split).sum())
    return counts
