"""Splits by group: works that belong together are on one side, and no class is left without training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.wikiart.paths import painter_slug


class _Labels:
    """For each group the classes that its rows have, as a Counter of (task, label)."""

    def __init__(self, labels: pd.DataFrame, group: Sequence[int]):
        self.by_group: dict[int, Counter[tuple[str, int]]] = {}
        self.sizes: Counter[int] = Counter(int(g) for g in group)
        for row, g in zip(labels.to_dict("records"), group, strict=True):
            counter = self.by_group.setdefault(int(g), Counter())
            counter.update((str(task), int(label)) for task, label in row.items() if pd.notna(label))

    def total(self) -> Counter[tuple[str, int]]:
        return sum(self.by_group.values(), Counter())


def _leaves_every_class(remaining: Counter, group: Counter) -> bool:
    return all(remaining[key] > count for key, count in group.items())


def split_every_class(
    labels: pd.DataFrame, group: Sequence[int], fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Choose validation rows by group, so that every class has at least one row on both sides.

    From the rarest class to the most frequent one, random groups are taken until the class has its share (rounded
    up) on the validation side.

    Args:
        labels: One column per task; null = unlabelled. n rows.
        group: Group of each row.
        fraction: Share of each class to choose.
        rng: Source of randomness.

    Returns:
        Boolean array (n,): True = validation.
    """
    facts = _Labels(labels, group)
    remaining, taken = facts.total(), Counter()
    target = {key: int(np.ceil(count * fraction)) for key, count in remaining.items()}
    chosen: set[int] = set()
    order = [int(g) for g in rng.permutation(sorted(facts.by_group))]
    for key in sorted(target, key=lambda k: (target[k], k)):
        for may_overshoot in (False, True):  # other classes pay only where there is no other way
            for g in order:
                counter = facts.by_group[g]
                fits = all(taken[k] + n <= target[k] for k, n in counter.items()) or may_overshoot
                wanted = g not in chosen and counter[key] and taken[key] < target[key]
                if wanted and fits and _leaves_every_class(remaining, counter):
                    chosen.add(g)
                    taken += counter
                    remaining -= counter
    return np.array([int(g) in chosen for g in group], dtype=bool)


def carve(
    labels: pd.DataFrame,
    group: Sequence[int],
    eligible: np.ndarray,
    fraction: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Carve random groups out of the eligible rows, about ``fraction`` of them, leaving every class a row.

    Args:
        labels: One column per task; null = unlabelled, or not a training row of that task. n rows.
        group: Group of each row; a group is taken as a whole, and only if all of its rows are eligible.
        eligible: Boolean (n,).
        fraction: Share of the eligible rows.
        rng: Source of randomness.

    Returns:
        Boolean array (n,): True = carved out.
    """
    groups = np.asarray(group)
    whole = pd.Series(eligible).groupby(groups).transform("all").to_numpy(dtype=bool)
    facts = _Labels(labels[whole], groups[whole].tolist())
    remaining = _Labels(labels[eligible], groups[eligible].tolist()).total()
    target, taken = fraction * eligible.sum(), 0
    chosen: set[int] = set()
    for g in (int(g) for g in rng.permutation(sorted(facts.by_group))):
        if taken + facts.sizes[g] > target:
            continue
        if _leaves_every_class(remaining, facts.by_group[g]):
            chosen.add(g)
            taken += facts.sizes[g]
            remaining -= facts.by_group[g]
    return np.isin(groups, sorted(chosen)) & whole


def painter_folds(paths: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """Fold of each image: all images by one painter are in one fold, and folds have about the same number of images.

    Painters are taken from the most productive one to the least, in random order where they have the same number of
    images. Each joins the smallest fold. Two folds therefore differ by no more images than the most productive painter
    has. The result depends on the set of paths and not on their order.

    Args:
        paths: Listed paths, ``Style/painter-name_title.jpg``, n of them.
        folds: Number of folds, at least 2.
        seed: Seed of the random order.

    Returns:
        int64 array (n,) of 0 ... folds - 1.

    Raises:
        ArtExtractError: There are fewer painters than folds.
    """
    painters = pd.Series([painter_slug(path) for path in paths], dtype=str)
    sizes = painters.value_counts().sort_index()
    if len(sizes) < folds:
        raise ArtExtractError(
            f"{len(sizes)} painters cannot be divided into {folds} folds", remedy="lower the number of folds"
        )
    shuffled = sizes.iloc[np.random.default_rng([seed, 2]).permutation(len(sizes))]
    filled = np.zeros(folds, dtype=np.int64)
    fold_of: dict[str, int] = {}
    for painter, size in shuffled.sort_values(ascending=False, kind="stable").items():
        fold = int(filled.argmin())
        fold_of[str(painter)] = fold
        filled[fold] += int(size)
    return painters.map(fold_of).to_numpy(dtype=np.int64)
