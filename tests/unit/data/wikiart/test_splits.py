from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.wikiart.splits import carve, painter_folds, split_every_class


def frame(**columns: list[int | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in columns.items()})


def rows_of_classes(labels: pd.DataFrame, rows: np.ndarray) -> dict[tuple[str, int], int]:
    """Slow count of each class among the rows."""
    counts: dict[tuple[str, int], int] = {}
    for task in labels:
        for label, is_in in zip(labels[task], rows, strict=True):
            if is_in and not pd.isna(label):
                counts[str(task), int(label)] = counts.get((str(task), int(label)), 0) + 1
    return counts


def groups_of(group: list[int], rows: np.ndarray) -> set[int]:
    return {g for g, is_in in zip(group, rows, strict=True) if is_in}


@st.composite
def cases(draw: st.DrawFn) -> tuple[pd.DataFrame, list[int]]:
    n = draw(st.integers(1, 30))
    label = st.none() | st.integers(0, 3)
    columns = {task: draw(st.lists(label, min_size=n, max_size=n)) for task in ("style", "genre")}
    return frame(**columns), draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))


# --- split_every_class


def test_each_class_of_three_gives_one() -> None:
    labels = frame(style=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    chosen = split_every_class(labels, list(range(9)), 0.3333, np.random.default_rng(0))
    assert rows_of_classes(labels, chosen) == {("style", 0): 1, ("style", 1): 1, ("style", 2): 1}


def test_the_share_is_rounded_up() -> None:
    labels = frame(style=[0] * 10)
    for fraction, expected in ((0.1, 1), (0.11, 2), (0.5, 5), (0.95, 9)):  # of ten all but one at most
        assert split_every_class(labels, list(range(10)), fraction, np.random.default_rng(0)).sum() == expected


def test_groups_are_never_divided() -> None:
    labels = frame(style=[0, 0, 0, 0, 1, 1])
    group = [7, 7, 7, 3, 5, 9]
    chosen = split_every_class(labels, group, 0.25, np.random.default_rng(0))
    assert chosen[0] == chosen[1] == chosen[2]
    assert groups_of(group, chosen).isdisjoint(groups_of(group, ~chosen))


def test_class_in_one_group_stays_in_training() -> None:
    labels = frame(style=[0, 0, 1, 1, 1])
    for seed in range(10):
        chosen = split_every_class(labels, [1, 1, 2, 3, 4], 0.3, np.random.default_rng(seed))
        assert chosen[:2].tolist() == [False, False]
        assert chosen[2:].sum() == 1


def test_unlabelled_works_stay() -> None:
    labels = frame(style=[None, None, 0, 0], genre=[None, None, None, None])
    chosen = split_every_class(labels, [0, 1, 2, 3], 0.5, np.random.default_rng(0))
    assert chosen[:2].sum() == 0 and chosen[2:].sum() == 1


def test_rare_class_is_served_first_and_others_count_its_rows() -> None:
    # The two works of genre 1 are of style 0 as well: style 0's share of two is then met by one more.
    labels = frame(style=[0, 0, 0, 0], genre=[1, 1, None, None])
    for seed in range(10):
        chosen = split_every_class(labels, [0, 1, 2, 3], 0.5, np.random.default_rng(seed))
        assert chosen[:2].sum() == 1 and chosen[2:].sum() == 1


def test_same_seed_same_split() -> None:
    labels = frame(style=[i % 3 for i in range(60)])
    a, b, other = (split_every_class(labels, list(range(60)), 0.3, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, other)


@given(cases(), st.sampled_from([0.1, 0.3333, 0.5, 0.9]), st.integers(0, 5))
def test_split_properties(case: tuple[pd.DataFrame, list[int]], fraction: float, seed: int) -> None:
    labels, group = case
    chosen = split_every_class(labels, group, fraction, np.random.default_rng(seed))
    assert chosen.dtype == bool and len(chosen) == len(labels)
    assert groups_of(group, chosen).isdisjoint(groups_of(group, ~chosen))
    every, left = rows_of_classes(labels, np.ones(len(labels), dtype=bool)), rows_of_classes(labels, ~chosen)
    assert set(left) == set(every)  # no class is left without a training row
    taken = rows_of_classes(labels, chosen)
    for key, count in every.items():  # a class without validation rows has no group that could have gone
        if key not in taken:
            for g in groups_of(group, np.ones(len(group), dtype=bool)):
                inside = rows_of_classes(labels, np.array([h == g for h in group]))
                assert key not in inside or any(left[k] == n for k, n in inside.items())
        assert taken.get(key, 0) < count


@given(cases(), st.integers(0, 5))
def test_single_images_of_one_task_meet_their_share_exactly(case: tuple[pd.DataFrame, list[int]], seed: int) -> None:
    labels = case[0][["style"]]
    chosen = split_every_class(labels, list(range(len(labels))), 0.3333, np.random.default_rng(seed))
    for key, count in rows_of_classes(labels, np.ones(len(labels), dtype=bool)).items():
        expected = min(int(np.ceil(count * 0.3333)), count - 1)
        assert rows_of_classes(labels, chosen).get(key, 0) == expected


# --- carve


def test_carve_takes_about_its_share_and_only_eligible_groups() -> None:
    labels = frame(style=[i % 2 for i in range(100)])
    eligible = np.arange(100) >= 20
    chosen = carve(labels, list(range(100)), eligible, 0.15, np.random.default_rng(0))
    assert chosen.sum() == 12  # .15 of the 80
    assert not chosen[:20].any()


def test_group_with_one_ineligible_row_is_left_alone() -> None:
    labels = frame(style=[0] * 12)
    group = [0, 0, *range(1, 11)]
    eligible = np.array([False] + [True] * 11)
    for seed in range(20):
        assert not carve(labels, group, eligible, 0.9, np.random.default_rng(seed))[:2].any()


def test_last_row_of_a_class_is_not_carved_out() -> None:
    labels = frame(style=[0, *[1] * 9])
    for seed in range(20):
        chosen = carve(labels, list(range(10)), np.ones(10, dtype=bool), 0.9, np.random.default_rng(seed))
        assert not chosen[0]
        assert chosen[1:].sum() == 8  # nor the last of the others


@pytest.mark.parametrize("eligible", [[], [False, False]])
def test_nothing_to_carve(eligible: list[bool]) -> None:
    n = len(eligible)
    chosen = carve(frame(style=[0] * n), list(range(n)), np.array(eligible, dtype=bool), 0.5, np.random.default_rng(0))
    assert chosen.tolist() == [False] * n


def test_carve_is_the_same_for_the_same_seed() -> None:
    labels, eligible = frame(style=[0] * 60), np.ones(60, dtype=bool)
    a, b, other = (carve(labels, list(range(60)), eligible, 0.3, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, other)


@pytest.mark.slow
@settings(max_examples=100)
@given(cases(), st.data(), st.sampled_from([0.1, 0.5, 0.9]))
def test_carve_properties(case: tuple[pd.DataFrame, list[int]], data: st.DataObject, fraction: float) -> None:
    labels, group = case
    n = len(labels)
    eligible = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    assume(eligible.any())
    labels = labels.where(
        np.repeat(eligible[:, None], 2, axis=1)
    )  # as the callers do: a row that is not trained on has no training label
    chosen = carve(labels, group, eligible, fraction, np.random.default_rng(0))
    assert not (chosen & ~eligible).any()
    assert groups_of(group, chosen).isdisjoint(groups_of(group, ~chosen))
    assert chosen.sum() <= fraction * eligible.sum()
    assert set(rows_of_classes(labels, eligible & ~chosen)) == set(rows_of_classes(labels, eligible))


# --- painter_folds


def by_painters(painters: list[int]) -> list[str]:
    return [f"Style/painter-{p}_work-{i}.jpg" for i, p in enumerate(painters)]


def test_the_most_productive_painters_are_in_folds_of_their_own() -> None:
    paths = by_painters([0] * 6 + [1] * 5 + [2] * 2 + [3] * 2)
    for seed in range(5):  # 6, 5, and 2 + 2
        assert sorted(np.bincount(painter_folds(paths, 3, seed)).tolist()) == [4, 5, 6]


def test_fewer_painters_than_folds_are_refused() -> None:
    with pytest.raises(ArtExtractError, match="2 painters cannot be divided into 3 folds"):
        painter_folds(by_painters([0, 1, 1]), 3, 0)


def test_another_seed_gives_other_folds() -> None:
    paths = by_painters([i // 3 for i in range(60)])
    assert not np.array_equal(painter_folds(paths, 5, 0), painter_folds(paths, 5, 1))


@given(st.lists(st.integers(0, 20), min_size=8, max_size=80), st.integers(2, 5), st.integers(0, 3))
def test_painter_folds_properties(painters: list[int], folds: int, seed: int) -> None:
    assume(len(set(painters)) >= folds)
    paths = by_painters(painters)
    found = painter_folds(paths, folds, seed)
    assert found.dtype == np.int64 and set(found.tolist()) == set(range(folds))  # no fold is empty
    fold_of: dict[int, set[int]] = {}
    for painter, fold in zip(painters, found.tolist(), strict=True):
        fold_of.setdefault(painter, set()).add(fold)
    assert all(len(chosen) == 1 for chosen in fold_of.values())
    sizes = np.bincount(found)
    assert sizes.max() - sizes.min() <= max(painters.count(p) for p in set(painters))
    order = np.random.default_rng(seed).permutation(len(paths))
    assert painter_folds([paths[i] for i in order], folds, seed).tolist() == found[order].tolist()


def test_the_folds_of_a_seed_are_always_the_same() -> None:
    """A published table rests on them: another stream of random numbers is another experiment."""
    assert painter_folds(by_painters(list(range(10))), 3, 7).tolist() == [0, 0, 2, 2, 0, 1, 1, 0, 1, 2]


@pytest.mark.parametrize(("fraction", "expected"), [(0.5, 5), (0.49, 4), (0.09, 0)])
def test_carve_takes_its_share_to_the_row_and_no_more(fraction: float, expected: int) -> None:
    labels = pd.DataFrame({"style": [0] * 10})
    chosen = carve(labels, list(range(10)), np.ones(10, dtype=bool), fraction, np.random.default_rng(0))
    assert chosen.sum() == expected


def test_the_rows_of_a_seed_are_always_the_same() -> None:
    """Printed scores rest on them: another stream of random numbers is another experiment."""
    labels, group = (
        frame(style=[i % 3 for i in range(18)], genre=[i % 2 for i in range(18)]),
        [i // 2 for i in range(18)],
    )
    chosen = split_every_class(labels, group, 0.3, np.random.default_rng(7))
    assert np.flatnonzero(chosen).tolist() == [0, 1, 14, 15, 16, 17]
    carved = carve(labels, group, np.arange(18) > 1, 0.4, np.random.default_rng(7))
    assert np.flatnonzero(carved).tolist() == [2, 3, 14, 15, 16, 17]


def test_carve_leaves_out_a_group_that_is_too_large_and_takes_a_smaller_one() -> None:
    """Three rows may go: never the group of four, and in any order the three single ones."""
    labels, group = pd.DataFrame({"style": [0] * 7}), [0, 0, 0, 0, 1, 2, 3]
    for seed in range(5):
        chosen = carve(labels, group, np.ones(7, dtype=bool), 0.5, np.random.default_rng(seed))
        assert chosen.tolist() == [False] * 4 + [True] * 3


def test_a_rare_class_is_served_before_a_frequent_one() -> None:
    """Class 1 is only in two groups, together with class 0. Served last, it would take class 0 beyond its share."""
    labels, group = pd.DataFrame({"style": [0, 1, 0, 1, *[0] * 8]}), [0, 0, 1, 1, *range(2, 10)]
    for seed in range(10):
        chosen = split_every_class(labels, group, 0.2, np.random.default_rng(seed))
        assert labels["style"][chosen].value_counts().to_dict() == {0: 2, 1: 1}
