"""The judge ``human``: the project's own spaces and given embeddings, scored by people's answers to triplets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.museum.painters import artist_clusters
from artextract.runs.held_out_queries import REMEDY
from artextract.runs.judging import read_vectors
from artextract.search.collection import Embedded
from artextract.siamese.evaluation.trials import PRIMARY
from artextract.similarity.ranking.spaces import centred, cosine_space
from artextract.triplets.agreement import agreement_table, people, printed
from artextract.triplets.answers import read_answers

NOT_MEASURED = (
    "Judge human: not measured, since there are no answers. `artextract triplets page OUT.html` writes the page that "
    "asks people."
)


def own_vectors(works: Embedded, siamese: Path) -> dict[str, np.ndarray]:
    """Vectors of the spaces image, title and, where it was trained, siamese.

    Args:
        works: The embedded collection.
        siamese: Folder of projected.npy.
    """
    own = {kind: np.asarray(works.vectors(kind)) for kind in ("image", "title")}
    if (path := siamese / "projected.npy").is_file():
        own[PRIMARY] = read_vectors(path, len(works.index), REMEDY)
    return own


def judged_by_people(
    answers: Sequence[Path],
    index: pd.DataFrame,
    given: Mapping[str, np.ndarray],
    own: Mapping[str, np.ndarray],
    draws: int,
    seed: int,
) -> tuple[pd.DataFrame, str]:
    """Spaces by their agreement with people.

    Args:
        answers: CSV files of the page.
        index: n works.
        given: Embeddings by name (n, d).
        own: Result of ``own_vectors``.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        The table of ``agreement.agreement_table``, and the text for people.

    Raises:
        ArtExtractError: A file cannot be used, or a given embedding has the name of one of the project's own spaces.
    """
    vectors = {**own, "centred": centred(own["image"])}
    if taken := sorted(set(given) & set(vectors)):
        raise ArtExtractError(
            f"an embedding is called {taken[0]}, like a space of this project", remedy="rename the file"
        )
    spaces = [cosine_space(name, array) for name, array in {**given, **vectors}.items()]
    read, painters = read_answers(answers, index["id"]), artist_clusters(index)
    if read.empty:
        return agreement_table(spaces, read, painters, "image", draws, seed), NOT_MEASURED
    table = agreement_table(spaces, read, painters, "image", draws, seed)
    return table, printed(table, people(read, painters, draws, seed), "image")
