"""Settings and works for the tests of the siamese projection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.params.sections import Siamese


def settings(**changes: object) -> Siamese:
    base: dict[str, object] = {
        "head": "closed_form",
        "subject": 0.5,
        "positive_quantile": 0.8,
        "negative_quantile": 0.5,
        "max_pairs_per_artist": 20,
        "hard_negatives": 3,
        "hard_weight": 2.0,
        "mined_works": 20000,
        "components": 12,
        "rank": 4,
        "hidden": 16,
        "ridge": 1.0,
        "temperature": 0.1,
        "dropout": 0.2,
        "anchor": 0.01,
        "lr": 0.005,
        "epochs": 6,
        "batch_size": 64,
    }
    return Siamese(**(base | changes))  # type: ignore[arg-type]


def works(
    titles: Sequence[str], artists: Sequence[str | None] | None = None, groups: Sequence[int] | None = None
) -> pd.DataFrame:
    n = len(titles)
    artist = pd.array(artists or [None] * n, dtype="string")
    groups = list(range(n)) if groups is None else groups
    return pd.DataFrame({"title": list(titles), "artist": artist, "group": groups})


def two_subjects(n: int = 120, faint: float = 1.0) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Works with two subjects, and the subject of each work.

    Titles tell the subject clearly; images tell it in one of sixteen directions. Every painter has four works, two of
    each subject.
    """
    rng = np.random.default_rng(3)
    subject = np.arange(n) % 2
    images = rng.normal(size=(n, 16))
    images[:, 0] = (2 * subject - 1) * faint + rng.normal(0, 0.3, n)
    titles = unit_rows(np.eye(2)[subject] + rng.normal(0, 0.15, (n, 2)))
    index = works([f"{'Sea' if s else 'Hill'} {i}" for i, s in enumerate(subject)], [f"a{i // 4}" for i in range(n)])
    return unit_rows(images), titles, index, subject
