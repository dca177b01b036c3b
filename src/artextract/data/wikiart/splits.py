"""Splits by group: works that belong together are on one side, and no class is left without training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd


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
