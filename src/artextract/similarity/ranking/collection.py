"""A collection in memory: its index, and the embeddings of its images and titles, as one object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.compute import ROWS
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_array
from artextract.core.memory import require_memory
from artextract.data.museum.painters import artist_clusters

# Bytes at the peak of train_siamese, which needs more than judging: for each value of a work's embeddings; for each
# work that pairs are taken from (``siamese.mined_works``), and for each pair of a block of them. Fitted to whole stages
# at 1,000 to 16,000 works; at 100,000 it says 5.4 GB, and 5.2 were seen (docs/results/stages.csv).
PER_VALUE = 16
PER_MINED, MINED = 70_000, 20_000
PER_PAIR, PAIRED = 70, 4_096
VALUES = 2_048  # of an image and a title


def require_room(works: int, values: int = VALUES) -> None:
    """Stop before a collection is judged or learnt from, where that would not fit into memory.

    Args:
        works: Number of works.
        values: Values of the embeddings of one work, those of its image and its title together.

    Raises:
        ArtExtractError: It needs more than is free.
    """
    require_memory(
        PER_VALUE * values * works + PER_MINED * min(works, MINED) + PER_PAIR * min(works, PAIRED) ** 2,
        f"comparing {works:,} works with each other",
        "a machine with more memory, other programs closed, or fewer works: `-S nga.max_objects=N` keeps N of them",
    )


@dataclass(frozen=True)
class Collection:
    """n works and their embeddings; row i of an embedding belongs to row i of the index.

    Attributes:
        index: The museum's index, n rows.
        images: Image embeddings, unit rows float32 (n, d), mapped from their file.
        titles: Title embeddings, unit rows float32 (n, t), likewise.
    """

    index: pd.DataFrame
    images: np.ndarray
    titles: np.ndarray

    @property
    def group(self) -> np.ndarray:
        """Group of each work (n,): near-duplicates and panels of one whole share one."""
        return self.index["group"].to_numpy()

    @property
    def painters(self) -> np.ndarray:
        """Painter of each work as a number, int64 (n,): the units that a bootstrap draws as a whole."""
        return artist_clusters(self.index)

    @property
    def values(self) -> int:
        """Values of the embeddings of one work."""
        return self.images.shape[1] + self.titles.shape[1]

    @property
    def embeddings(self) -> dict[str, np.ndarray]:
        """Both embeddings by the name of their space: ``image`` and ``title``."""
        return {"image": self.images, "title": self.titles}


def open_collection(folder: Path, embeddings: Path) -> Collection:
    """Read index.parquet of a folder, and map images.npy and titles.npy of another.

    Raises:
        ArtExtractError: An embedding belongs to another index, or holds values that are not numbers.
    """
    index = pd.read_parquet(folder / "index.parquet")
    arrays = {
        kind: read_array(embeddings / f"{kind}.npy", f"`dvc repro -f embed_{kind}`", mapped=True)
        for kind in ("images", "titles")
    }
    for kind, array in arrays.items():
        if array.ndim != 2 or len(array) != len(index):
            raise ArtExtractError(
                f"the embedding is stale: its shape is {array.shape}, and the index has {len(index):,} works",
                where=str(embeddings / f"{kind}.npy"),
                remedy=f"`dvc repro embed_{kind}`",
            )
        blocks = (array[start : start + ROWS] for start in range(0, len(array), ROWS))
        finite = np.concatenate([np.empty(0, dtype=bool), *(np.isfinite(block).all(axis=1) for block in blocks)])
        if not finite.all():
            row = int(np.flatnonzero(~finite)[0])
            raise ArtExtractError(
                f"{int((~finite).sum())} of {len(array):,} rows hold values that are not numbers, the first that of "
                f"{index['id'].iloc[row]}",
                where=str(embeddings / f"{kind}.npy"),
                remedy=f"`dvc repro -f embed_{kind}`; if it stays, take other weights, or precision=fp32",
            )
    return Collection(index, arrays["images"], arrays["titles"])
