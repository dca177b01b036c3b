"""The index of the stored images: labels, the work that each image shows, how its source framed it, its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.core.tasks import TASKS
from artextract.core.text import LONGEST_NAME, clean_cells
from artextract.data.wikiart.same_work import in_val_list, same_work

INDEX_COLUMNS = [
    "id", *TASKS, *(f"{task}_split" for task in TASKS), "group", "stratum", "source",
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
    with readable(path, "CSV", "write it as CSV in UTF-8, with the columns path, geometry and group, or move it away"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "path" not in table:
        raise ArtExtractError("has no column `path`", where=str(path), remedy="name the column, or move the file away")
    table = table[[name for name in ("path", "geometry", "group") if name in table]].drop_duplicates("path")
    for name in table.columns.drop("path"):  # names that are shown; a path has to stay as its file is called
        table[name] = clean_cells(table[name], longest=LONGEST_NAME)[0]
    return table.replace("", None)


def build_index(
    table: pd.DataFrame,
    stored: pd.DataFrame,
    numbers: Mapping[str, int],
    manifests: Sequence[pd.DataFrame],
    bits: int,
) -> pd.DataFrame:
    """The rows whose image is stored, with group, val_work, source and stratum.

    Which images show the same work, and which works are validation, is decided over all listed images: a copy of a
    validation image that is not at hand is still not trained on.

    Args:
        table: Result of ``lists.union``.
        stored: Result of ``write_shards`` for all of its paths.
        numbers: Listed path to the number of the source that its image is from.
        manifests: Result of ``read_manifest`` for each source. The group that a manifest declares counts wherever the
            image is from; the geometry is that of the image's own source.
        bits: Largest distance of two perceptual hashes of one work.
    """
    listed = table.merge(stored, left_on="path", right_on="id", how="left", validate="one_to_one")
    listed["source"] = listed["path"].map(numbers)
    listed["stratum"] = pd.Series([None] * len(listed), dtype="string")
    for number, manifest in enumerate(manifests):
        extra = listed[["path"]].merge(manifest, on="path", how="left")
        if "group" in extra:
            listed[f"declared_{number}"] = extra["group"]
        if "geometry" in extra:
            listed["stratum"] = listed["stratum"].mask(listed["source"] == number, extra["geometry"].astype("string"))
    listed["group"] = same_work(listed, bits)
    listed["val_work"] = in_val_list(listed, listed["group"])
    index = listed[listed["error"].isna()].reset_index(drop=True)
    index["group"] = pd.factorize(index["group"])[0].astype(np.int64)
    whole = ("source", "width", "height", "offset", "size")  # a missing image made them floats
    return index.astype(dict.fromkeys(whole, "int64"))


def summarise(index: pd.DataFrame) -> dict[str, int]:
    """Counts of the index: duplicates, groups, and rows of each split and task.

    Where the images are from several sources, the rows of source k are also counted alone: ``<key>.source_<k>``.
    """
    counts = {
        "exact_duplicates": int(index["sha256"].duplicated().sum()),
        "groups": int(index["group"].nunique()),
        "images_in_groups_of_several": int(index["group"].duplicated(keep=False).sum()),
    }
    counts |= _rows(index)
    if index["source"].any():
        for number, part in index.groupby("source"):
            alone = {"images_stored": len(part)} | _rows(part)
            counts |= {f"{key}.source_{number}": count for key, count in alone.items()}
    return counts


def _rows(index: pd.DataFrame) -> dict[str, int]:
    """Rows of each split and task; and validation rows that are not judged."""
    counts = {}
    for task in TASKS:
        split = index[f"{task}_split"]
        for name in ("train", "select", "val", "guarded"):
            counts[f"{task}.{name}"] = int((split == name).sum())
        counts[f"{task}.val_not_judged"] = int(((index[f"{task}_list"] == "val") & split.isna()).sum())
    return counts
