from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artextract.data.images import duplicates
from artextract.data.images.decode import decode
from artextract.data.images.duplicates import groups, hamming_pairs, perceptual_hash
from tests.conftest import jpeg

# Hashes that lie near each other: a few centres with a few bits flipped.
NEAR = st.builds(
    lambda centre, flips: f"{centre ^ sum(1 << bit for bit in flips):016x}",
    st.sampled_from([0, 2**64 - 1, 0xF0F0F0F0F0F0F0F0]),
    st.sets(st.integers(0, 63), max_size=6),
)


def brute_pairs(hashes: list[str], bits: int) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(hashes)), 2)
        if bin(int(hashes[i], 16) ^ int(hashes[j], 16)).count("1") <= bits
    ]


def spanning(hashes: list[str], bits: int) -> list[tuple[int, int]]:
    """The pairs that are promised: different hashes by their first occurrences, and repetitions with the first one."""
    first = [hashes.index(value) for value in hashes]
    return [
        (i, j)
        for i, j in brute_pairs(hashes, bits)
        if (first[i], first[j]) == (i, j) or (first[j] == i and hashes[i] == hashes[j])
    ]


def brute_groups(n: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Union-find without ranks; groups numbered by first appearance."""
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in pairs:
        parent[max(root(i), root(j))] = min(root(i), root(j))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(i), len(numbers)) for i in range(n)]


def test_pairs_that_one_can_count() -> None:
    hashes = ["0" * 16, "0" * 15 + "1", "0" * 15 + "7", "f" * 16]
    assert hamming_pairs(hashes, 0) == []
    assert hamming_pairs(hashes, 1) == [(0, 1)]
    assert hamming_pairs(hashes, 2) == [(0, 1), (1, 2)]
    assert hamming_pairs(hashes, 3) == [(0, 1), (0, 2), (1, 2)]
    assert hamming_pairs(hashes, 61) == [(0, 1), (0, 2), (1, 2), (2, 3)]
    assert hamming_pairs(hashes, 64) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_equal_hashes_are_pairs_at_no_bits() -> None:
    assert hamming_pairs(["ffffffffffffffff"] * 2, 0) == [(0, 1)]


@pytest.mark.parametrize("hashes", [[], ["0" * 16]])
def test_nothing_to_compare(hashes: list[str]) -> None:
    assert hamming_pairs(hashes, 64) == []


@given(st.lists(NEAR, max_size=25), st.integers(0, 16))
def test_pairs_equal_brute_force(hashes: list[str], bits: int) -> None:
    assert sorted(hamming_pairs(hashes, bits)) == spanning(hashes, bits)


@pytest.mark.slow
@given(st.sets(NEAR, min_size=1, max_size=25), st.integers(0, 12))
def test_both_ways_find_the_same_pairs(hashes: set[str], bits: int) -> None:
    words = np.array(sorted(int(value, 16) for value in hashes), dtype=np.uint64)
    expected = brute_pairs([f"{word:016x}" for word in words.tolist()], bits)
    assert [tuple(pair) for pair in duplicates._by_chunks(words, bits).tolist()] == expected
    assert [tuple(pair) for pair in duplicates._all_compared(words, bits).tolist()] == expected


@pytest.mark.parametrize("at_once", [1, 50, 1 << 22])
def test_pairs_across_blocks_equal_brute_force(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    hashes = [f"{value:016x}" for value in rng.integers(0, 2**64, 300, dtype=np.uint64)]
    for i, j in ((0, 299), (127, 128), (5, 130), (255, 256)):
        hashes[j] = f"{int(hashes[i], 16) ^ 0b11:016x}"
    words = np.sort(np.array([int(value, 16) for value in hashes], dtype=np.uint64))
    found = duplicates._by_chunks(words, 6)
    np.testing.assert_array_equal(found, duplicates._all_compared(words, 6))
    assert len(found) == 4 and sorted(hamming_pairs(hashes, 6)) == brute_pairs(hashes, 6)


@pytest.mark.parametrize("where", range(4))
def test_bits_that_differ_are_found_wherever_they_are(where: int) -> None:
    """Six bits: all in one chunk of sixteen, or two in each of three others, which leaves one chunk as it is."""
    one = sum(1 << (16 * where + bit) for bit in (0, 3, 7, 9, 12, 15))
    spread = sum((1 << (16 * chunk + 2)) | (1 << (16 * chunk + 13)) for chunk in range(4) if chunk != where)
    words = np.sort(np.array([0, one, 2**64 - 1, 2**64 - 1 - spread], dtype=np.uint64))
    assert duplicates._by_chunks(words, 6).tolist() == [[0, 1], [2, 3]]
    assert duplicates._by_chunks(words, 5).tolist() == []


def test_equal_hashes_do_not_become_a_pair_each_with_each() -> None:
    assert len(hamming_pairs(["0" * 16] * 5_000 + ["0" * 15 + "1"] * 5_000, 6)) == 9_999


def test_groups_that_one_can_see() -> None:
    assert groups(6, [(4, 1), (1, 5), (0, 3)]).tolist() == [0, 1, 2, 0, 1, 1]
    assert groups(3, []).tolist() == [0, 1, 2]
    assert groups(0, []).tolist() == []
    assert groups(2, [(0, 1), (1, 0), (0, 0)]).tolist() == [0, 0]


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_groups_equal_union_find(case: tuple[int, list[tuple[int, int]]]) -> None:
    n, pairs = case
    found = groups(n, pairs)
    assert found.dtype == np.int64
    assert found.tolist() == brute_groups(n, pairs)


@given(st.lists(NEAR, max_size=20), st.integers(0, 8))
def test_near_duplicates_are_transitive(hashes: list[str], bits: int) -> None:
    found = groups(len(hashes), hamming_pairs(hashes, bits)).tolist()
    assert found == brute_groups(len(hashes), brute_pairs(hashes, bits))


def test_hash_sees_through_size_and_compression_but_not_through_the_picture() -> None:
    def bits(a: str, b: str) -> int:
        return bin(int(a, 16) ^ int(b, 16)).count("1")

    original = perceptual_hash(decode(jpeg(1, 240, 180)))
    assert len(original) == 16 and int(original, 16) >= 0
    assert bits(original, perceptual_hash(decode(jpeg(1, 200, 150, quality=40)))) <= 6
    assert bits(original, perceptual_hash(decode(jpeg(2, 240, 180)))) > 10
    assert perceptual_hash(Image.new("RGB", (3, 900))) == perceptual_hash(Image.new("RGB", (900, 3)))


def test_eight_thousand_hashes_are_looked_up_and_equal_those_that_are_compared() -> None:
    words = np.unique(np.random.default_rng(1).integers(0, 2**64, 8_000, dtype=np.uint64))
    words = np.unique(np.concatenate([words, words[::40] ^ np.uint64(0x8001_0000_0100_0003)]))
    found = duplicates._by_chunks(words, 6)
    assert len(found) >= 190
    np.testing.assert_array_equal(found, duplicates._all_compared(words, 6))


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 30))
def test_candidates_come_in_blocks_of_so_many_pairs(sizes: list[int], at_once: int) -> None:
    size = np.array(sizes, dtype=np.int64)
    low, order = np.arange(len(size)) % 3, np.random.default_rng(0).permutation(12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "AT_ONCE", at_once)
        blocks = list(duplicates._candidates(order, low, size))
    pairs = [(int(i), int(j)) for left, right in blocks for i, j in zip(left, right, strict=True)]
    assert pairs == [(i, int(order[low[i] + k])) for i in range(len(size)) for k in range(size[i])]
    assert all(len(left) <= at_once or len(set(left.tolist())) == 1 for left, _ in blocks)
    # No block could have taken the first row of the next one.
    for (left, _), (after, _) in itertools.pairwise(block for block in blocks if len(block[0])):
        assert len(left) + int((after == after[0]).sum()) > at_once


def test_few_of_all_pairs_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.unique(np.random.default_rng(1).integers(0, 2**64, 4_000, dtype=np.uint64))
    looked_up, original = [], duplicates._candidates

    def counted(*args: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for left, right in original(*args):
            looked_up.append(len(left))
            yield left, right

    monkeypatch.setattr(duplicates, "_candidates", counted)
    duplicates._by_chunks(words, 3)  # one chunk is equal: of 4 x n² pairs, one in 2**16
    assert 0.9 < sum(looked_up) / (4 * len(words) * (1 + len(words) / 2**16)) < 1.1
