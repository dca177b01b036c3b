"""Training pairs from titles: works whose titles are alike, works whose titles are not, and those hard to tell apart.

Nothing but titles says what is a pair. Works without a title of their own take no part, a pair of titles counts once
however many works bear them, and no painter carries the training: each painter's works are part of a limited number
of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from artextract.core.errors import ArtExtractError
from artextract.data.museum.painters import artist_clusters
from artextract.data.museum.titles import have_titles, normalised_title
from artextract.params.sections import Siamese

MIN_TITLED = 4  # fewer works give no two quantiles of title cosine
MIN_TAUGHT = 12  # works with a title of their own that a training needs: with fewer it would learn them by heart
CHUNK = 4096  # candidate pairs that are looked at together


class TooFewWorks(ArtExtractError):
    """There is not enough to learn from; a collection without a training is still one that can be searched."""


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
    return rows[have_titles(index.iloc[rows])]


def positive_cosine(index: pd.DataFrame, titles: np.ndarray, quantile: float) -> float:
    """Smallest title cosine of a positive pair if all works are learnt from.

    Args:
        index: title and group of n works.
        titles: Title embeddings, unit rows (n, d).
        quantile: ``siamese.positive_quantile``.

    Returns:
        The cosine; 1 where no two titled works are of different groups.
    """
    rows = titled_rows(index, np.arange(len(index)))
    cosine, possible = _title_cosines(index, titles, rows)
    cosines = cosine[np.triu(possible, 1)]
    return float(np.quantile(cosines, quantile, overwrite_input=True)) if len(cosines) else 1.0


def _title_cosines(index: pd.DataFrame, titles: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Title cosine of each two rows (m, m), and True where they are of different groups."""
    group, own = index["group"].to_numpy()[rows], titles[rows]
    return own @ own.T, group[:, None] != group[None, :]  # of one array with itself: numpy computes half of it


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
        seed: Seed of the order in which positive pairs are taken up to the caps.

    Raises:
        TooFewWorks: Too few titled works, or titles that give no pairs.
    """
    titled = titled_rows(index, np.sort(rows))
    if len(titled) < MIN_TITLED:
        raise TooFewWorks(
            f"only {len(titled)} titled works to take pairs from", where="train_siamese", remedy="use more works"
        )
    cosine, possible = _title_cosines(index, titles, titled)
    upper = np.triu(possible, 1)
    if not upper.any():
        raise TooFewWorks("all titled works are of one group", where="train_siamese", remedy="use more works")
    positive_from, negative_to = np.quantile(
        cosine[upper], [params.positive_quantile, params.negative_quantile], overwrite_input=True
    )
    # Where most titles are equal both quantiles are one number, and a pair must not be drawn together and apart.
    unlike = possible & (cosine <= negative_to) & (cosine < positive_from)
    positive = _positive(index, titled, upper & (cosine >= positive_from), params, seed)
    if not len(positive) or not unlike.any():
        raise TooFewWorks(
            f"no positive pairs, or no negative ones, among {len(titled)} titled works",
            where="train_siamese",
            remedy="lower siamese.positive_quantile, or use more works",
        )
    negative = _negative(images[titled], unlike, params)
    return Pairs(titled, positive, negative, float(positive_from), float(negative_to))


def _positive(index: pd.DataFrame, rows: np.ndarray, candidates: np.ndarray, params: Siamese, seed: int) -> np.ndarray:
    """Candidate pairs in a random order, each pair of titles once, as far as the painters' caps allow; (p, 2)."""
    title = pd.factorize(index["title"].iloc[rows].map(normalised_title))[0]
    painter = artist_clusters(index)[rows]
    pairs = np.argwhere(candidates)
    pairs = pairs[np.random.default_rng(seed).permutation(len(pairs))]
    names = np.sort(title[pairs], axis=1) @ np.array([len(title), 1])  # one number for a pair of titles
    cap, used = params.max_pairs_per_artist, [0] * (int(painter.max()) + 1)
    seen: set[int] = set()
    chosen = []
    for start in range(0, len(pairs), CHUNK):
        places = np.arange(start, min(start + CHUNK, len(pairs)))
        # Painters fill up early, and what they leave is not worth a turn of the loop.
        places = places[(np.asarray(used)[painter[pairs[places]]] < cap).all(axis=1)]
        for place, name, (a, b) in zip(places, names[places].tolist(), painter[pairs[places]].tolist(), strict=True):
            if name not in seen and used[a] < cap and used[b] < cap:
                seen.add(name)
                used[a] += 1
                used[b] += a != b
                chosen.append(place)
    return pairs[np.array(chosen, dtype=np.int64)]


def _negative(images: np.ndarray, unlike: np.ndarray, params: Siamese) -> np.ndarray:
    """Weights of negatives: the ``hard_negatives`` most alike images of each work count ``hard_weight`` times.

    So do those that are as alike as the last of these.
    """
    weight = unlike.astype(np.float32)
    if params.hard_negatives:
        similarity = images @ images.T
        np.copyto(similarity, -np.inf, where=~unlike)
        count = min(params.hard_negatives, len(images))
        least = torch.topk(torch.from_numpy(similarity), count, dim=1).values[:, -1:].numpy()
        weight[(similarity >= least) & unlike] = params.hard_weight
    return weight
