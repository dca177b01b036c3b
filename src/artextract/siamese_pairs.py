"""Training pairs from titles: works whose titles are alike, works whose titles are not, and those hard to tell apart.

Nothing but titles says what is a pair. Works without a title of their own take no part, a pair of titles counts once
however many works bear them, and no painter carries the training: his works stand in a limited number of pairs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.errors import ArtExtractError
from artextract.nga import is_untitled
from artextract.nga_splits import normalised_title
from artextract.params import Siamese
from artextract.relevance import artist_clusters

MIN_TITLED = 4  # fewer works give no two quantiles of title cosine


@dataclass(frozen=True)
class Pairs:
    """Pairs among m works.

    Attributes:
        rows: Works that take part, int64 (m,): rows of the index.
        positive: Pairs (p, 2) of positions in ``rows``.
        negative: Weight of each work as a negative of each other, float32 (m, m): 0 = none, 1 = a title unlike,
            ``siamese.hard_weight`` = a title unlike and an image alike.
        positive_from: Smallest title cosine of a positive pair.
        negative_to: Largest one of a negative pair.
    """

    rows: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    positive_from: float
    negative_to: float


def titled_rows(index: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Those of the rows whose works have a title of their own; int64."""
    return rows[~index["title"].iloc[rows].map(is_untitled).to_numpy(dtype=bool)]


def mine_pairs(
    index: pd.DataFrame, titles: np.ndarray, images: np.ndarray, rows: np.ndarray, params: Siamese, seed: int
) -> Pairs:
    """Positive and negative pairs among some rows.

    Args:
        index: title, group, artist (and artist_qualified) of n works.
        titles: Title embeddings, unit rows (n, d). Another order of them gives the control with shuffled titles.
        images: Image embeddings, centred unit rows (n, e); they tell which negatives are hard.
        rows: Works to take pairs from.
        params: Quantiles, caps, and hard negatives.
        seed: Of the order in which positive pairs are taken up to the caps.

    Raises:
        ArtExtractError: Too few titled works, or titles that give no pairs.
    """
    titled = titled_rows(index, np.sort(rows))
    if len(titled) < MIN_TITLED:
        raise ArtExtractError(
            f"only {len(titled)} titled works to take pairs from", where="train_siamese", remedy="use more works"
        )
    group = index["group"].to_numpy()[titled]
    cosine = titles[titled] @ titles[titled].T
    possible = group[:, None] != group[None, :]
    upper = np.triu(possible, 1)
    if not upper.any():
        raise ArtExtractError("all titled works are of one group", where="train_siamese", remedy="use more works")
    positive_from, negative_to = np.quantile(cosine[upper], [params.positive_quantile, params.negative_quantile])
    # Where most titles are equal both quantiles are one number, and a pair must not be drawn together and apart.
    unlike = possible & (cosine <= negative_to) & (cosine < positive_from)
    positive = _positive(index, titled, upper & (cosine >= positive_from), params, seed)
    if not len(positive) or not unlike.any():
        raise ArtExtractError(
            f"no positive pairs, or no negative ones, among {len(titled)} titled works",
            where="train_siamese",
            remedy="lower siamese.positive_quantile, or use more works",
        )
    negative = _negative(images[titled], unlike, params)
    return Pairs(titled, positive, negative, float(positive_from), float(negative_to))


def _positive(index: pd.DataFrame, rows: np.ndarray, candidates: np.ndarray, params: Siamese, seed: int) -> np.ndarray:
    """Candidate pairs in a random order, each pair of titles once, as far as the painters' caps allow; (p, 2)."""
    title = pd.factorize(index["title"].iloc[rows].map(normalised_title))[0].tolist()
    painter = artist_clusters(index)[rows].tolist()
    pairs = np.argwhere(candidates)
    pairs = pairs[np.random.default_rng(seed).permutation(len(pairs))]
    seen: set[tuple[int, int]] = set()
    used: Counter[int] = Counter()
    chosen = []
    for i, j in pairs.tolist():
        names = (min(title[i], title[j]), max(title[i], title[j]))
        painters = {painter[i], painter[j]}
        if names not in seen and all(used[p] < params.max_pairs_per_artist for p in painters):
            seen.add(names)
            used.update(painters)
            chosen.append((i, j))
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)


def _negative(images: np.ndarray, unlike: np.ndarray, params: Siamese) -> np.ndarray:
    """Weights of negatives: the ``hard_negatives`` most alike images of each work count ``hard_weight`` times."""
    weight = unlike.astype(np.float32)
    if params.hard_negatives:
        similarity = np.where(unlike, images @ images.T, -np.inf)
        count = min(params.hard_negatives, len(images))
        hard = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        chosen = np.zeros_like(unlike)
        np.put_along_axis(chosen, hard, True, axis=1)
        weight[chosen & unlike] = params.hard_weight
    return weight
