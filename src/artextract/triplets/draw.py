"""Which triplets people are asked about: "Which of the two is more like the first?"

Most answers about random works say little: nearly everything agrees on them. Three of four triplets are therefore
drawn where two spaces disagree: one of the two candidates is among the nearest works of one space, the other among
those of another space, and each space prefers its own. The rest compare a near work with a random one. They show how
often a space is right where the question is easy.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError

NEAR = 10  # nearest works that candidates come from
PLAIN_SHARE = 0.25
REPEATED_SHARE = 0.1  # of the triplets; they are shown a second time with the sides swapped
DISAGREE, PLAIN = "disagree", "plain"
TRIPLETS = ["triplet", "kind", "query", "first", "second", "repeated"]
Triplet = tuple[int, int, int]  # query and two candidates
TRIES = 200  # per triplet, before the collection counts as too small


def shown_rows(index: pd.DataFrame) -> np.ndarray:
    """Rows of the works whose images may be shown to others: those that the museum marks as open access.

    Args:
        index: n works, as fetch_nga writes them.

    Returns:
        int64.

    Raises:
        ArtExtractError: The index does not say which works are open access.
    """
    if "open_access" not in index:
        raise ArtExtractError(
            "the index does not say which images may be shown", where="open_access", remedy="`dvc repro fetch_nga`"
        )
    return np.flatnonzero(index["open_access"].fillna(False).to_numpy(dtype=bool))


def draw_triplets(
    vectors: Mapping[str, np.ndarray], group: np.ndarray, rows: np.ndarray, count: int, seed: int
) -> pd.DataFrame:
    """Triplets of a query and two candidates, of three different groups; no triplet appears twice.

    Args:
        vectors: At least two spaces (n, d) over the same works.
        group: Group of each work (n,).
        rows: Works that may be shown.
        count: Number of triplets.
        seed: Seed of all choices.

    Returns:
        ``count`` rows, columns ``TRIPLETS``: number from 0, kind (``disagree`` or ``plain``), rows of the query and of
        the candidates, and whether the triplet is shown a second time.

    Raises:
        ArtExtractError: The collection has too few works for so many triplets.
    """
    rng = np.random.default_rng([seed, 6])
    pairs = list(combinations([_similarity(rows, group, v) for v in vectors.values()], 2))
    plain = round(PLAIN_SHARE * count)
    found: dict[Triplet, tuple[str, int, int, int]] = {}
    for i in range(count):
        kind, pair = (PLAIN if i < plain else DISAGREE), pairs[i % len(pairs)]
        for _ in range(TRIES):
            triplet = (_plain if kind == PLAIN else _disagreed)(*pair, group[rows], rng)
            if triplet is not None and (key := _unordered(triplet)) not in found:
                query, first, second = triplet
                found[key] = (kind, int(rows[query]), int(rows[first]), int(rows[second]))
                break
        else:
            raise ArtExtractError(
                f"only {i} of {count} triplets were found among {len(rows)} works that may be shown",
                remedy="ask for fewer with --triplets, or use a larger collection",
            )
    order = rng.permutation(count)
    table = pd.DataFrame([list(found.values())[i] for i in order], columns=pd.Index(TRIPLETS[1:5]))
    repeated = np.zeros(count, dtype=bool)
    repeated[rng.choice(count, round(REPEATED_SHARE * count), replace=False)] = True
    return table.assign(triplet=np.arange(count), repeated=repeated)[TRIPLETS]


def _similarity(rows: np.ndarray, group: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Cosine among the given rows, float32 (m, m); minus infinity within a group, which cannot be a candidate."""
    unit = unit_rows(vectors[rows])
    similarity = unit @ unit.T
    similarity[group[rows][:, None] == group[rows][None, :]] = -np.inf
    return similarity


def _near(similarity: np.ndarray, query: int, rng: np.random.Generator) -> int | None:
    """One of the nearest works of a query, at random; None where there is none."""
    nearest = np.argsort(-similarity[query], kind="stable")[:NEAR]
    nearest = nearest[np.isfinite(similarity[query, nearest])]
    return int(rng.choice(nearest)) if len(nearest) else None


def _disagreed(one: np.ndarray, other: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> Triplet | None:
    """A query, a work near it in one space, and a work near it in the other; None unless each prefers its own."""
    query = int(rng.integers(len(group)))
    a, b = _near(one, query, rng), _near(other, query, rng)
    if a is None or b is None or group[a] == group[b]:
        return None
    disagree = one[query, a] > one[query, b] and other[query, b] > other[query, a]
    return (query, a, b) if disagree else None


def _plain(one: np.ndarray, other: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> Triplet | None:
    """A query, a work near it in one of the two spaces, and a random work."""
    query, third = (int(i) for i in rng.integers(len(group), size=2))
    near = _near(one if rng.random() < 0.5 else other, query, rng)
    if near is None or group[third] in (group[query], group[near]):
        return None
    return query, near, third


def _unordered(triplet: Triplet) -> Triplet:
    """The triplet with its candidates in a fixed order: the same question, whatever the sides."""
    query, a, b = triplet
    return query, min(a, b), max(a, b)
