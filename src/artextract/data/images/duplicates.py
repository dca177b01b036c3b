"""Near-duplicate groups: works that look the same must not be on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np
from PIL import Image

BITS = 64  # of a hash
CHUNK = 16  # bits of a chunk of a hash
CHUNKS = BITS // CHUNK
AT_ONCE = 1 << 22  # pairs that are compared at a time: 100 MB
LOOK_UP = 8  # a pair that is looked up costs this many times as much as one that is compared in passing


def perceptual_hash(image: Image.Image) -> str:
    """64-bit perceptual hash (pHash, by ImageHash) as 16 hex digits."""
    import imagehash

    return str(imagehash.phash(image))


def hamming_pairs(hashes: Sequence[str], bits: int) -> list[tuple[int, int]]:
    """Pairs (i < j) of 64-bit hashes that differ in at most ``bits`` bits, enough of them for ``groups``.

    Each hash that occurs again is paired with its first occurrence. Of different hashes, all such pairs are found, by
    their first occurrences: many equal hashes, as empty pages have, would otherwise be a pair each with each.

    Exact, without comparing all pairs: two hashes that differ in at most ``bits`` bits differ in at most a quarter of
    these in one of their four chunks of 16 bits, so only hashes with such a chunk are compared (Norouzi, Punjani and
    Fleet 2012, "Fast search in Hamming space with multi-index hashing"). Where there are few hashes, or many bits, it
    is faster to compare all of them.
    """
    words = np.array([int(value, 16) for value in hashes], dtype=np.uint64)
    if not len(words):
        return []
    different, first, which = np.unique(words, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[which] != np.arange(len(words)))
    n, probes = len(different), CHUNKS * sum(comb(CHUNK, wrong) for wrong in range(min(bits // CHUNKS, CHUNK) + 1))
    looked_up = LOOK_UP * probes * n * (1 + n / 2**CHUNK)
    found = _by_chunks(different, bits) if looked_up < n * n / 2 else _all_compared(different, bits)
    pairs = np.concatenate([np.sort(first[found], axis=1), np.stack([first[which[again]], again], axis=1)])
    return [(int(i), int(j)) for i, j in pairs.tolist()]


def _all_compared(words: np.ndarray, bits: int) -> np.ndarray:
    """Pairs of rows that differ in at most ``bits`` bits, by comparing all pairs in blocks; int64 (pairs, 2)."""
    found = [np.empty((0, 2), dtype=np.int64)]
    block = max(1, AT_ONCE // 4 // len(words))
    for start in range(0, len(words), block):
        near = np.bitwise_count(words[start : start + block, None] ^ words[None, start:]) <= bits
        pairs = np.argwhere(near) + start
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    return np.concatenate(found)


def _by_chunks(words: np.ndarray, bits: int) -> np.ndarray:
    """As ``_all_compared``, for words of which no two are equal, by looking up their chunks."""
    n, found = len(words), [np.empty(0, dtype=np.int64)]
    masks = [
        sum(1 << bit for bit in wrong) for r in range(bits // CHUNKS + 1) for wrong in combinations(range(CHUNK), r)
    ]
    for shift in range(0, BITS, CHUNK):
        chunk = (words >> np.uint64(shift)).astype(np.int64) & (2**CHUNK - 1)
        order = np.argsort(chunk, kind="stable")
        starts = np.searchsorted(chunk[order], np.arange(2**CHUNK + 1))
        for mask in masks:
            low, high = starts[chunk ^ mask], starts[(chunk ^ mask) + 1]
            for i, j in _candidates(order, low, high - low):
                near = (i < j) & (np.bitwise_count(words[i] ^ words[j]) <= bits)
                found.append(i[near] * n + j[near])
    both = np.unique(np.concatenate(found))  # a pair may agree in several chunks
    return np.stack([both // n, both % n], axis=1)


def _candidates(order: np.ndarray, low: np.ndarray, size: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each row with the rows order[low : low + size], some millions of pairs at a time; int64 (pairs,) each."""
    until = np.cumsum(size)
    start = 0
    while start < len(size):
        before = until[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(until, before + AT_ONCE, "right")))
        part = size[start:end]
        within = np.arange(part.sum()) - np.repeat(np.cumsum(part) - part, part)
        yield np.repeat(np.arange(start, end), part), order[np.repeat(low[start:end], part) + within]
        start = end


def groups(n: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Connected components: the group of each of ``n`` items, numbered by first appearance.

    Args:
        n: Number of items.
        pairs: Items that belong together; transitive.

    Returns:
        int64 array (n,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if n == 0:
        return np.zeros(0, dtype=np.int64)
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(n, n))
    labels = connected_components(graph, directed=False)[1]
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number]
