from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.classification.network.class_weights import class_weights, count_classes
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS

COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=30).filter(any)


def index(**columns: list) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    empty: dict[str, object] = {task: pd.array([None] * n, dtype="Int64") for task in TASKS}
    empty |= {f"{task}_split": pd.array([None] * n, dtype="string") for task in TASKS}
    for name, values in columns.items():
        empty[name] = pd.array(values, dtype="string" if name.endswith("_split") else "Int64")
    return pd.DataFrame(empty)


CLASSES = {"style": ["a", "b", "c"], "genre": ["x", "y"], "artist": ["p"]}


def test_counts_are_of_one_split_and_in_class_file_order() -> None:
    table = index(
        style=[2, 2, 0, 1, 2, None, 2],
        style_split=["train", "train", "train", "val", "select", None, "guarded"],
    )
    train, val = (count_classes(table, CLASSES, split) for split in ("train", "val"))
    assert train["style"].tolist() == [1, 0, 2]  # not in order of appearance, and class 1 is there with none
    assert val["style"].tolist() == [0, 1, 0]
    assert count_classes(table, CLASSES, "guarded")["style"].tolist() == [0, 0, 1]


def test_missing_label_is_not_class_0() -> None:
    table = index(genre=[None, None, 1], genre_split=[None, None, "train"])
    assert count_classes(table, CLASSES, "train")["genre"].tolist() == [0, 1]
    assert count_classes(table, CLASSES, "train")["artist"].tolist() == [0]


def test_class_order_does_not_depend_on_the_order_of_rows() -> None:
    table = index(style=[2, 0, 1, 2], style_split=["train"] * 4)
    for seed in range(5):
        shuffled = table.sample(frac=1, random_state=seed)
        assert count_classes(shuffled, CLASSES, "train")["style"].tolist() == [1, 1, 2]


def test_inverse_weights_by_hand() -> None:
    assert class_weights(np.array([1, 2, 5]), "inverse") == pytest.approx([8 / 3, 8 / 6, 8 / 15])
    assert class_weights(np.array([4, 4]), "inverse").tolist() == [1, 1]


def test_none_is_ones() -> None:
    assert class_weights(np.array([1, 2, 500]), "none").tolist() == [1, 1, 1]


@pytest.mark.parametrize("scheme", ["inverse", "sqrt_inverse", "effective", "none"])
def test_class_without_rows_weighs_nothing(scheme: str) -> None:
    with np.errstate(all="raise"):
        assert class_weights(np.array([3, 0, 3]), scheme)[1] == 0
        assert class_weights(np.array([0, 0]), scheme).tolist() == [0, 0]


def test_unknown_scheme_is_named() -> None:
    with pytest.raises(ArtExtractError, match=r"params.yaml: class_weights.scheme: unknown scheme 'sqrt'"):
        class_weights(np.array([1]), "sqrt")


@given(COUNTS)
def test_inverse_weights_equal_exact_fractions(counts: list[int]) -> None:
    exact = [Fraction(sum(counts), len(counts) * n) if n else Fraction(0) for n in counts]
    weights = class_weights(np.array(counts), "inverse")
    assert weights == pytest.approx([float(value) for value in exact], rel=1e-12)


@given(COUNTS)
def test_every_present_class_has_the_same_total_weight(counts: list[int]) -> None:
    totals = class_weights(np.array(counts), "inverse") * counts
    assert totals[np.array(counts) > 0] == pytest.approx(sum(counts) / len(counts))


def test_square_root_and_effective_number_by_hand() -> None:
    root = class_weights(np.array([1, 4]), "sqrt_inverse")
    assert root[0] / root[1] == pytest.approx(2) and (root * [1, 4]).sum() == pytest.approx(5)
    few, many = class_weights(np.array([1, 100_000]), "effective")
    assert few / many == pytest.approx(1000, rel=1e-3)  # from 1 / (1 - b) rows on, more rows count no more


@given(COUNTS, st.sampled_from(["sqrt_inverse", "effective"]))
def test_milder_schemes_lie_between_none_and_inverse(counts: list[int], scheme: str) -> None:
    rows = np.array(counts)
    present = rows > 0
    weights, inverse = class_weights(rows, scheme), class_weights(rows, "inverse")
    assert (weights[~present] == 0).all()
    if present.any():
        assert (weights * rows).sum() == pytest.approx(rows.sum())
        spread, full = (w[present].max() / w[present].min() for w in (weights, inverse))
        assert 1 - 1e-9 <= spread <= full + 1e-9
