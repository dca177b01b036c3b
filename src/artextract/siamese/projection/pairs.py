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
from scipy.sparse import csr_matrix

from artextract.core.errors import ArtExtractError
from artextract.data.museum.painters import artist_clusters
from artextract.data.museum.titles import have_titles, normalised_title
from artextract.params.sections import Siamese
from artextract.siamese.projection.cosines import PairCosines, largest_below, least_above

MIN_TITLED = 4  # fewer works give no two quantiles of title cosine
MIN_TAUGHT = 12  # works with a title of their own that a training needs: with fewer it would learn them by heart
ROUNDING = 2.0**-20  # by which the cosine of two titles may differ between two products of matrices, and to spare
MANY = 1 / 64  # share of all pairs
CHUNK = 4096  # candidate pairs that are looked at together


class TooFewWorks(ArtExtractError):
    """There is not enough to learn from; a collection without a training is still one that can be searched."""


@dataclass(frozen=True)
class Pairs:
    """Pairs among m works.

    Attributes:
        rows: Works that take part, int64 (m,): rows of the index.
        positive: Pairs (p, 2) of positions in ``rows``.
        positive_from: Smallest title cosine of a positive pair.
        negative_to: Largest one of a negative pair.
        titles: Title embeddings of the works, unit rows float32 (m, t).
        group: Group of each of the works (m,).
        given: Weights as negatives that the titles of a batch do not tell, sparse float32 (m, m), zeros among them:
            hard negatives, positive pairs, and pairs so near to ``negative_to`` that the cosine of a batch may round
            to its other side.
    """

    rows: np.ndarray
    positive: np.ndarray
    positive_from: float
    negative_to: float
    titles: np.ndarray
    group: np.ndarray
    given: csr_matrix

    def negative(self, works: np.ndarray) -> np.ndarray:
        """Weight of some works as negatives of each other, float32 (b, b).

        0 = none, 1 = a title unlike, ``siamese.hard_weight`` = a title unlike and an image alike.

        Args:
            works: Positions in ``rows``, int64 (b,).
        """
        titles, group = self.titles[works], self.group[works]
        below = unlike_to(self.positive_from, self.negative_to)
        weight = ((titles @ titles.T <= below) & (group[:, None] != group[None, :])).astype(np.float32)
        given = self.given[works][:, works].tocoo()
        weight[given.row, given.col] = given.data
        return weight


def unlike_to(positive_from: float, negative_to: float) -> np.float32:
    """Largest title cosine of two works that are negatives of each other.

    Where most titles are equal both quantiles are one number, and a pair must not be drawn together and apart.
    """
    below = np.nextafter(least_above(positive_from), np.float32(-np.inf))
    return min(below, largest_below(negative_to))


def titled_rows(index: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Those of the rows whose works have a title of their own; int64."""
    return rows[have_titles(index.iloc[rows])]


def positive_cosine(index: pd.DataFrame, titles: np.ndarray, params: Siamese, seed: int) -> float:
    """Smallest title cosine of a positive pair if all works are learnt from.

    Args:
        index: title and group of n works.
        titles: Title embeddings, unit rows (n, d).
        params: The quantile, and of how many works it is taken, as ``mine_pairs`` takes it.
        seed: Seed of the draw of works.

    Returns:
        The cosine; 1 where no two titled works are of different groups.
    """
    rows = at_most(titled_rows(index, np.arange(len(index))), params.mined_works, seed)
    cosines = PairCosines(titles[rows], index["group"].to_numpy()[rows])
    return cosines.quantiles([params.positive_quantile])[0] if cosines.count else 1.0


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
    titled = at_most(titled, params.mined_works, seed)
    group = index["group"].to_numpy()[titled]
    cosines = PairCosines(titles[titled], group)
    if not cosines.count:
        raise TooFewWorks("all titled works are of one group", where="train_siamese", remedy="use more works")
    positive_from, negative_to = cosines.quantiles([params.positive_quantile, params.negative_quantile])
    looked = _look(cosines, images[titled], positive_from, negative_to, params)
    positive = _positive(index, titled, looked.alike, params, seed)
    if not len(positive) or not looked.unlike:
        raise TooFewWorks(
            f"no positive pairs, or no negative ones, among {len(titled)} titled works",
            where="train_siamese",
            remedy="lower siamese.positive_quantile, or use more works",
        )
    given = looked.with_positive(positive, len(titled))
    return Pairs(titled, positive, positive_from, negative_to, titles[titled], group, given)


def at_most(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """So many of the rows, drawn at random, in their order; all of them where there are no more."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 5]).choice(rows, most, replace=False))


@dataclass(frozen=True)
class _Looked:
    """All pairs (i, j) of m works, looked at once; a pair is the number i * m + j.

    Attributes:
        alike: Pairs with titles alike and i < j, int64 (c,), ascending.
        given: Pairs of ``Pairs.given`` but for the positive ones, int64 (g,).
        weight: Their weights float32 (g,).
        unlike: Whether any two titles are unlike.
    """

    alike: np.ndarray
    given: np.ndarray
    weight: np.ndarray
    unlike: bool

    def with_positive(self, positive: np.ndarray, m: int) -> csr_matrix:
        """``Pairs.given``: positive pairs (p, 2) have the weight zero, both ways round."""
        i, j = np.concatenate([positive, positive[:, ::-1]]).T
        weight = np.concatenate([self.weight, np.zeros(len(i), dtype=np.float32)])
        place = np.concatenate([self.given // m, i]), np.concatenate([self.given % m, j])
        return csr_matrix((weight, place), shape=(m, m))


def _look(
    cosines: PairCosines, images: np.ndarray, positive_from: float, negative_to: float, params: Siamese
) -> _Looked:
    """Look at all pairs of works once, in blocks."""
    m, least, most = len(images), least_above(positive_from), unlike_to(positive_from, negative_to)
    alike, given, weights, some_unlike = [], [], [], False
    for part, block in cosines.blocks():
        found = np.flatnonzero(block >= least) + part.start * m
        alike.append(found[found % m > found // m])
        unlike = block <= most
        some_unlike |= bool(unlike.any())
        weight = unlike.astype(np.float32)
        told = np.abs(block - most) <= ROUNDING
        if told.mean() > MANY:  # most titles are equal: too many pairs to keep, and rounding may decide about them
            told[:] = False
        if params.hard_negatives:
            hard = _hardest(images[part], images, unlike, params.hard_negatives)
            weight[hard] = params.hard_weight
            told |= hard
        place = np.flatnonzero(told)
        given.append(place + part.start * m)
        weights.append(weight.ravel()[place])
    return _Looked(np.concatenate(alike), np.concatenate(given), np.concatenate(weights), some_unlike)


def _hardest(queries: np.ndarray, images: np.ndarray, unlike: np.ndarray, count: int) -> np.ndarray:
    """True for the ``count`` most alike images of each query among those that are unlike by title; boolean (b, m).

    So it is for those that are as alike as the last of these.
    """
    similarity = queries @ images.T
    np.copyto(similarity, -np.inf, where=~unlike)
    least = torch.topk(torch.from_numpy(similarity), min(count, len(images)), dim=1).values[:, -1:].numpy()
    return (similarity >= least) & unlike


def _positive(index: pd.DataFrame, rows: np.ndarray, alike: np.ndarray, params: Siamese, seed: int) -> np.ndarray:
    """Pairs with titles alike in a random order, each pair of titles once, as the painters' caps allow; (p, 2)."""
    title = pd.factorize(index["title"].iloc[rows].map(normalised_title))[0]
    painter = artist_clusters(index)[rows]
    order = alike[np.random.default_rng(seed).permutation(len(alike))]
    pairs = np.stack([order // len(rows), order % len(rows)], axis=1)
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
