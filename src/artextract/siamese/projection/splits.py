"""Three ways to hold paintings out: by object (S1), by artist in folds (S2), by title (S3). Pure and seeded.

Each answers another question: does it work for unseen paintings, for unseen painters, for unseen subjects. Groups
(near-duplicates, siblings) are on one side in all three. Under S3 a work whose title is similar to a held-out title is
left out of the training, so that no held-out title has a similar one among the titles that teach.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from artextract.data.images.duplicates import groups
from artextract.data.museum.painters import person
from artextract.data.museum.titles import normalised_title
from artextract.params.sections import Splits
from artextract.siamese.projection.cosines import blocks, pairs_once

THRESHOLD_STEP = 0.05  # by which the threshold of title cosine rises inside a cluster that is too large


def _linked(*columns: np.ndarray) -> np.ndarray:
    """Components of rows that share a value in any column; negative values link nothing. int64 (n,)."""
    pairs = []
    for values in columns:
        first: dict[int, int] = {}
        pairs += [(first.setdefault(v, i), i) for i, v in enumerate(values.tolist()) if v >= 0]
    return groups(len(columns[0]), pairs)


def held_out_objects(group: np.ndarray, params: Splits, seed: int) -> np.ndarray:
    """S1: train, select or held_out by group; shares are of groups. Strings (n,)."""
    order = np.random.default_rng([seed, 1]).permutation(np.unique(group))
    held = round(params.held_out_fraction * len(order))
    select = round(params.select_fraction * (len(order) - held))
    names = ["held_out"] * held + ["select"] * select + ["train"] * (len(order) - held - select)
    part = dict(zip(order.tolist(), names, strict=True))
    return np.array([part[g] for g in group.tolist()], dtype=object)


def painter_components(index: pd.DataFrame) -> np.ndarray:
    """Components that S2 never divides: works of one painter, works of one group, and so on; int64 (n,)."""
    return _linked(pd.factorize(person(index))[0], index["group"].to_numpy())


def artist_folds(index: pd.DataFrame, params: Splits, seed: int) -> np.ndarray:
    """S2: the fold that holds each work out; all works tied to a painter are in one, whatever ties them.

    A work from a painter's workshop, or after him, goes with him; works that share a group go together, and so do
    their painters; works of nobody known go by group. From the largest such set to the smallest, each joins the fold
    with the fewest works.

    Returns:
        int64 (n,), 0 to ``folds`` - 1.
    """
    component = painter_components(index)
    sizes = np.bincount(component)
    order = np.random.default_rng([seed, 2]).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold, works = np.zeros(len(sizes), dtype=np.int64), np.zeros(params.folds, dtype=np.int64)
    for c in order.tolist():
        fold[c] = int(works.argmin())
        works[fold[c]] += sizes[c]
    return fold[component]


def title_clusters(index: pd.DataFrame, titles: np.ndarray, params: Splits) -> np.ndarray:
    """Works with the same title, or titles alike, transitively; and their groups.

    Chains of likeness run far ("Portrait of a Man", "... of a Woman", "... of a Lady with a Dog"). A cluster of more
    than ``max_cluster`` of the works is therefore parted with a threshold that rises by ``THRESHOLD_STEP`` until its
    pieces are small enough. The same title, and one group, are never parted.

    Args:
        index: With title and group, n rows.
        titles: Title embeddings, unit rows (n, d).
        params: Section ``splits``.

    Returns:
        int64 (n,).
    """
    same = _linked(pd.factorize(index["title"].map(normalised_title))[0], index["group"].to_numpy())
    largest = math.ceil(params.max_cluster * len(index))
    result, count = np.full(len(index), -1, dtype=np.int64), 0
    waiting = [(np.arange(len(index)), params.title_cosine)]
    while waiting:
        rows, threshold = waiting.pop()
        part = pd.factorize(same[rows])[0]
        if threshold < 1:
            part = _joined(part, titles[rows], threshold)
        order = np.argsort(part, kind="stable")
        for members in np.split(rows[order], np.cumsum(np.bincount(part))[:-1]):
            if len(members) > largest and threshold < 1:
                waiting.append((members, threshold + THRESHOLD_STEP))
            else:
                result[members], count = count, count + 1
    return pd.factorize(result)[0]


def _joined(part: np.ndarray, titles: np.ndarray, threshold: float) -> np.ndarray:
    """Parts (n,), those joined in which two titles have at least this cosine, transitively; numbered from 0, (n,).

    Parts that are joined already need no further pair, so few of the pairs are ever held; and works with one embedding
    are compared with others once.
    """
    _, first, same = np.unique(_as_bytes(titles), return_index=True, return_inverse=True)
    part = _linked_parts(part, part, part[first[same]])
    different = np.sort(first)
    for start, block in pairs_once(titles[different]):
        i, j = np.nonzero(block >= threshold)
        own = part[different]
        part = _linked_parts(part, own[i + start], own[j + start])
    return part


def _linked_parts(part: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Parts (n,), each ``left`` (l,) joined with its ``right`` (l,)."""
    count, apart = int(part.max()) + 1, left != right
    links = np.unique(np.minimum(left, right)[apart] * count + np.maximum(left, right)[apart])
    if not len(links):
        return part
    return groups(count, list(zip((links // count).tolist(), (links % count).tolist(), strict=True)))[part]


def _as_bytes(rows: np.ndarray) -> np.ndarray:
    """Each row (n, d) as one value that can be compared, (n,)."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()


def held_out_titles(cluster: np.ndarray, params: Splits, seed: int) -> np.ndarray:
    """S3: train, select or held_out by title cluster; shares are of works, and no larger. Strings (n,)."""
    sizes = np.bincount(cluster).tolist()
    part = np.full(len(sizes), "train", dtype=object)
    held = params.held_out_fraction * len(cluster)
    room = {"held_out": held, "select": params.select_fraction * (len(cluster) - held)}
    for c in np.random.default_rng([seed, 3]).permutation(len(sizes)).tolist():
        for name, left in room.items():
            if sizes[c] <= left:
                part[c], room[name] = name, left - sizes[c]
                break
    return part[cluster]


def leave_similar_out(part: np.ndarray, group: np.ndarray, titles: np.ndarray, cosine: float) -> np.ndarray:
    """S3: works of the training whose title is similar to a held-out one become ``left_out``, with their groups.

    Clusters alone do not do this: titles form long chains, and a cluster that is too large is divided.

    Args:
        part: train, select or held_out of each work (n,).
        group: Group of each work (n,).
        titles: Title embeddings, unit rows (n, d).
        cosine: Smallest title cosine that is similar.
    """
    held = part == "held_out"
    near = [(block >= cosine).any(axis=1) for _, block in blocks(titles, titles[held])]
    similar = ~held & np.concatenate(near)
    return np.where(~held & np.isin(group, group[similar]), "left_out", part).astype(object)


def split_table(index: pd.DataFrame, titles: np.ndarray, params: Splits, similar: float, seed: int) -> pd.DataFrame:
    """All three splits, one row per work.

    Args:
        index: The museum's index: id, title, group, artist, artist_qualified; n rows.
        titles: Title embeddings, unit rows (n, d).
        params: Section ``splits``.
        similar: Title cosine from which a pair of works is positive (``pairs.positive_cosine``): under S3 no held-out
            title has a title that teaches so near.
        seed: Seed of the random choices; each split draws from its own stream.

    Returns:
        id, s1 (train, select or held_out), s2_fold (0 to ``folds`` - 1), s3 (train, select, held_out or left_out).
    """
    group = index["group"].to_numpy()
    by_title = held_out_titles(title_clusters(index, titles, params), params, seed)
    return pd.DataFrame(
        {
            "id": index["id"],
            "s1": held_out_objects(group, params, seed),
            "s2_fold": artist_folds(index, params, seed),
            "s3": leave_similar_out(by_title, group, titles, min(similar, params.title_cosine)),
        }
    )
