"""An embedded collection on disk: its index, its images, its embeddings, and which networks made them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.intact import require_intact
from artextract.data.images.shards import ShardReader

SHOWN = ["id", "title", "attribution", "displaydate"]
PLACES = ["shard", "offset", "size", "sha256", "width", "height"]


@dataclass(frozen=True)
class Embedded:
    """A collection and its embeddings; row i of an embedding is row i of the index.

    Attributes:
        folder: Shards and index.parquet.
        embeddings: images.npy and titles.npy.
        index: n works: id, title, attribution, displaydate and the places of their images.
    """

    folder: Path
    embeddings: Path
    index: pd.DataFrame

    def reader(self) -> ShardReader:
        """The images."""
        return ShardReader(self.folder, self.index)

    def path(self, kind: str) -> Path:
        """Path of the embedding; kind is ``image`` or ``title``."""
        return self.embeddings / f"{kind}s.npy"

    def vectors(self, kind: str) -> np.ndarray:
        """Unit rows (n, d), mapped from the file.

        Raises:
            ArtExtractError: The embedding is missing, or it belongs to another index.
        """
        path, remedy = self.path(kind), f"`dvc repro embed_{kind}s`"
        try:
            array = np.load(path, mmap_mode="r")
        except FileNotFoundError:
            raise ArtExtractError(f"the {kind} embedding is missing", where=str(path), remedy=remedy) from None
        except (ValueError, EOFError, OSError) as error:
            raise ArtExtractError(f"not readable as an array: {error}", where=str(path), remedy=remedy) from error
        if array.ndim != 2 or len(array) != len(self.index):
            raise ArtExtractError(
                f"the embedding is stale: its shape is {array.shape}, and the index has {len(self.index):,} works",
                where=str(path),
                remedy=f"{remedy}, or name the folders of one collection with --collection and --embeddings",
            )
        return array

    def identity(self, kind: str) -> dict[str, Any]:
        """The network that made an embedding, as its stage recorded it next to the array or in the metrics.

        Raises:
            ArtExtractError: The record is missing, or it belongs to another array.
        """
        name = f"embed_{kind}s.json"
        places = [self.embeddings / name, self.embeddings.resolve().parent.parent / "metrics" / name]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise ArtExtractError(
                f"nothing says which network made the {kind} embedding",
                where=str(places[0]),
                remedy=f"`dvc repro embed_{kind}s`, or put the record (metrics/{name} of its run) next to the array",
            )
        try:
            record = read_json(path)
            shape = (record["rows"], record["dimensions"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArtExtractError(f"not a record of an encoder: {error!r}", where=str(path)) from error
        if shape != self.vectors(kind).shape:
            raise ArtExtractError(
                f"this record is of {shape[0]:,} x {shape[1]:,} values, the array of {{}} x {{}}".format(
                    *(f"{size:,}" for size in self.vectors(kind).shape)
                ),
                where=str(path),
                remedy=f"put the record of the array's own run next to it, as {places[0]}",
            )
        return record


def open_embedded(folder: Path, embeddings: Path) -> Embedded:
    """Open a collection; its embeddings are opened when they are first used.

    Raises:
        ArtExtractError: The index is missing, the file is not an index of a collection, or a file is damaged.
    """
    require_intact(folder / "index.parquet", embeddings, embeddings.absolute().parent / "siamese")
    path, remedy = folder / "index.parquet", "`dvc repro embed_images embed_titles`, or name it with --collection"
    try:
        index = pd.read_parquet(path, columns=SHOWN + PLACES)
    except FileNotFoundError:
        raise ArtExtractError("no collection is here", where=str(path), remedy=remedy) from None
    except (ValueError, KeyError, OSError) as error:  # pyarrow's own errors are these too
        problem = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(f"not an index of a collection: {problem}", where=str(path), remedy=remedy) from error
    if index.empty:
        raise ArtExtractError("the collection is empty", where=str(path), remedy=remedy)
    index[SHOWN] = index[SHOWN].astype("string").fillna("")
    return Embedded(folder, embeddings, index)
