"""The map of a collection as one picture, from the positions that similarity_eval has computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.collections import Places
from artextract.core.errors import ArtExtractError
from artextract.core.intact import require_intact
from artextract.core.spreadsheet import read_csv
from artextract.data.images.shards import ShardReader
from artextract.params.reading import load_params
from artextract.similarity.evaluation.maps import draw_map, sample_rows

SUFFIXES = (".jpg", ".jpeg")


def draw(at: Places, space: str, most: int, out: Path) -> int:
    """Draw the map of one space.

    Args:
        at: The collection.
        space: image, title or siamese.
        most: Largest number of works that are shown.
        out: JPEG to write.

    Returns:
        Number of works on the picture.

    Raises:
        ArtExtractError: The maps were not computed yet, belong to another index, a file is damaged, or ``out``
            is no JPEG.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise ArtExtractError("the map is written as a JPEG", where=str(out), remedy="end its name in .jpg")
    require_intact(at.index / "index.parquet")
    table, remedy = at.root / "plots/similarity/tsne.csv", "`dvc repro similarity_eval`"
    try:
        index = pd.read_parquet(at.index / "index.parquet")
        places = read_csv(table, dtype={"id": str}, keep_default_na=False)
    except FileNotFoundError as error:
        raise ArtExtractError("there is no map yet", where=str(error.filename), remedy=remedy) from None
    places = places[places["space"] == space]
    rows = pd.Index(index["id"].astype(str)).get_indexer(pd.Index(places["id"]))
    if (rows < 0).any() or not len(rows):
        raise ArtExtractError("the map is of another state of the collection", where=str(table), remedy=remedy)
    shown = sample_rows(len(rows), most, load_params("seed", path=at.params).seed)
    positions = places[["x", "y"]].to_numpy(dtype=np.float64)
    draw_map(ShardReader(at.index, index), rows[shown], positions[shown], out, space)
    return len(shown)
