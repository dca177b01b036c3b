"""Triplets over random vectors, and raters who follow a space but err at random."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.similarity.ranking.spaces import cosine_space
from artextract.triplets.agreement import preferences
from artextract.triplets.answers import ANSWERS
from artextract.triplets.draw import draw_triplets

WORKS = 300


def vectors(seed: int = 0) -> dict[str, np.ndarray]:
    """Three unrelated spaces over ``WORKS`` works."""
    rng = np.random.default_rng(seed)
    return {name: unit_rows(rng.normal(size=(WORKS, 12))) for name in ("image", "title", "siamese")}


def triplets(count: int, seed: int = 0) -> pd.DataFrame:
    return draw_triplets(vectors(), np.arange(WORKS), np.arange(WORKS), count, seed)


def answers(asked: pd.DataFrame, follows: np.ndarray, errors: list[float], seed: int = 0) -> pd.DataFrame:
    """Answers as ``read_answers`` gives them: one rater per error rate, all of whom follow one space.

    Args:
        asked: Result of ``triplets``; what is repeated is answered twice.
        follows: Vectors of the space that the raters follow (n, d).
        errors: Probability of each rater that an answer is the other one.
        seed: Seed of errors and sides.
    """
    rng = np.random.default_rng(seed)
    fixed = pd.DataFrame(
        {
            "query": asked["query"],
            "first": asked[["first", "second"]].min(axis=1),
            "second": asked[["first", "second"]].max(axis=1),
            "kind": asked["kind"],
        }
    )
    truth = preferences(cosine_space("true", follows), fixed) > 0.5
    parts = []
    for rater, error in enumerate(errors):
        for repeat in (False, True):
            rows = asked["repeated"].to_numpy() if repeat else np.ones(len(asked), dtype=bool)
            chose = truth[rows] ^ (rng.random(rows.sum()) < error)
            left = rng.random(rows.sum()) < 0.5
            columns = {"rater": f"r{rater}", "repeat": repeat, "chose_first": chose, "chose_left": left}
            parts.append(fixed[rows].assign(**columns, seconds=2.0))
    return pd.concat(parts, ignore_index=True)[ANSWERS]
