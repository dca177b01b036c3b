from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.measures import bootstrap as significance
from artextract.measures.bootstrap import (
    SUMMARY,
    cluster_bootstrap,
    holm,
    interval,
    paired,
    paired_all,
    smallest_p,
    summarise,
    summarise_all,
    with_holm,
)

groups_of_rows = st.lists(st.integers(-3, 6), min_size=1, max_size=20).map(np.array)


@given(groups_of_rows, st.integers(0, 2**32 - 1))
def test_groups_are_drawn_as_wholes(groups: np.ndarray, seed: int) -> None:
    weights = cluster_bootstrap(groups, 7, np.random.default_rng(seed))
    assert weights.shape == (7, len(groups)) and weights.dtype == np.float64
    kinds, first = np.unique(groups, return_index=True)
    for group in kinds:
        assert (np.ptp(weights[:, groups == group], axis=1) == 0).all()
    assert (weights >= 0).all() and (weights == weights.round()).all()
    assert (weights[:, first].sum(axis=1) == len(kinds)).all()  # as many groups drawn as there are


def test_each_group_is_drawn_once_on_average() -> None:
    weights = cluster_bootstrap(np.array([4, 4, 9, 1, 1, 1]), 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.03)
    # with three groups, one of them is missed with probability (2/3)^3
    assert (weights[:, 2] == 0).mean() == pytest.approx(8 / 27, abs=0.02)


def test_same_seed_same_draws() -> None:
    groups = np.array([0, 0, 1, 2, 3])
    one, again, other = (cluster_bootstrap(groups, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_interval_by_eye() -> None:
    low, high = interval(np.arange(1001) / 1000)
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert interval(np.array([0.3])) == (0.3, 0.3)


def test_interval_of_defined_draws_only() -> None:
    assert interval(np.r_[np.full(500, np.nan), np.arange(1001) / 1000]) == interval(np.arange(1001) / 1000)
    assert np.isnan(interval(np.full(3, np.nan))).all()
    assert np.isnan(interval(np.array([]))).all()


def test_near_duplicates_widen_the_interval() -> None:
    """Ten copies of ten images are worth ten images, not a hundred."""
    hits = np.tile(np.arange(10) % 2, 10).astype(float)
    copies, alone = np.tile(np.arange(10), 10), np.arange(100)
    low, high = interval(cluster_bootstrap(copies, 2000, np.random.default_rng(0)) @ hits / 100)
    low_alone, high_alone = interval(cluster_bootstrap(alone, 2000, np.random.default_rng(0)) @ hits / 100)
    assert high - low > 2 * (high_alone - low_alone)


def row(values: pd.DataFrame, clusters: np.ndarray, draws: int = 500, seed: int = 0) -> dict:
    return summarise(values, clusters, draws, seed).iloc[0].to_dict()


def test_micro_and_macro_by_eye():
    """A painter with three queries of value 1, one with one of value 0: 3/4 of the queries, half of the painters."""
    found = row(pd.DataFrame({"map": [1.0, 1.0, 1.0, 0.0]}), np.array([7, 7, 7, 2]))
    assert list(found) == SUMMARY
    assert (found["metric"], found["micro"], found["macro"], found["queries"]) == ("map", 0.75, 0.5, 4)
    assert (found["low"], found["high"], found["macro_low"], found["macro_high"]) == (0, 1, 0, 1)


def test_interval_is_as_wide_as_the_painters_are_few():
    """Circular: many queries of two painters look like much evidence. Drawn by painter they are two."""
    values = pd.DataFrame({"map": [1.0] * 100 + [0.0] * 100})
    by_painter, alone = row(values, np.repeat([0, 1], 100)), row(values, np.arange(200))
    assert (by_painter["low"], by_painter["micro"], by_painter["high"]) == (0.0, 0.5, 1.0)
    assert alone["micro"] == 0.5 and 0.4 < alone["low"] < 0.5 < alone["high"] < 0.6
    assert (alone["macro"], alone["macro_low"], alone["macro_high"]) == (alone["micro"], alone["low"], alone["high"])


def test_summary_takes_the_clusters_of_its_own_rows():
    """Values of rows 4 and 5 only: the clusters of other works must not matter."""
    values = pd.DataFrame({"p1": [0.0, 1.0]}, index=[4, 5])
    one, two = (row(values, np.array(clusters)) for clusters in ([0, 1, 2, 3, 4, 4], [9, 9, 9, 9, 4, 4]))
    assert one == two and one["low"] == one["high"] == 0.5


def test_equals_a_loop_over_draws():
    rng = np.random.default_rng(1)
    clusters, values = rng.integers(0, 5, 30), pd.DataFrame({"a": rng.random(30), "b": rng.random(30)})
    table = summarise(values, clusters, 200, 3).set_index("metric")
    weights = cluster_bootstrap(np.arange(5), 200, np.random.default_rng(3))
    for name in values:
        micro, macro = [], []
        for draw in weights:
            chosen = [values[name].to_numpy()[clusters == c] for c in range(5) for _ in range(int(draw[c]))]
            micro.append(np.concatenate(chosen).mean())
            macro.append(np.mean([part.mean() for part in chosen]))
        found = table.loc[[name], ["low", "high", "macro_low", "macro_high"]].to_numpy()[0]
        expected = [*np.percentile(micro, [2.5, 97.5]), *np.percentile(macro, [2.5, 97.5])]
        np.testing.assert_allclose(found, expected)


def test_no_queries_have_no_mean():
    found = row(pd.DataFrame({"map": []}, dtype=float), np.arange(3))
    assert found["queries"] == 0 and np.isnan([found[c] for c in ("micro", "low", "macro", "macro_high")]).all()


def one_by_one(table: pd.DataFrame, clusters: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Resampled micro and macro means (draws, m) of one table, its clusters drawn for it alone: the plain way."""
    of = clusters[table.index]
    weights = cluster_bootstrap(of, draws, np.random.default_rng(seed))
    micro = weights @ table.to_numpy() / weights.sum(axis=1, keepdims=True)
    sizes = pd.Series(of).groupby(of).transform("size").to_numpy()
    return micro, (weights / sizes) @ table.to_numpy() / len(np.unique(of))


@pytest.mark.slow
@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_shared_draws_equal_those_of_each_table_alone(seed: int, n: int, kinds: int):
    """Tables of the same queries, of others, and of none, in any order: each as if it had been resampled alone."""
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, kinds, n)
    tables = []
    for m in (1, 3, 2, 1):
        rows = np.sort(rng.choice(n, rng.integers(0, n + 1), replace=False)) if rng.random() < 0.5 else np.arange(n)
        tables.append(pd.DataFrame(rng.normal(size=(len(rows), m)), index=rows, columns=pd.Index(list("abc")[:m])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(significance, "BLOCK", int(rng.integers(1, 200)))
        patch.setattr(significance, "KEPT", int(rng.choice([0, 1 << 25])))  # drawn again for each table, or kept
        found = summarise_all(tables, clusters, 60, 5)
        changes = paired_all([(table * 0, table) for table in tables], clusters, 60, 5)
    for table, summary, change in zip(tables, found, changes, strict=True):
        pd.testing.assert_frame_equal(change[SUMMARY], summary)
        assert summary["metric"].tolist() == table.columns.tolist() and set(summary["queries"]) == {len(table)}
        if not len(table):
            assert summary["low"].isna().all()
            continue
        for draws, (low, high), p in zip(
            one_by_one(table, clusters, 60, 5),
            (("low", "high"), ("macro_low", "macro_high")),
            ("p", "macro_p"),
            strict=True,
        ):
            expected = np.percentile(draws, [2.5, 97.5], axis=0).T
            np.testing.assert_allclose(summary[[low, high]], expected, atol=1e-12)
            beyond = np.minimum((draws <= 0).sum(axis=0), (draws >= 0).sum(axis=0))
            np.testing.assert_allclose(change[p], np.minimum(1, 2 * (beyond + 1) / 61))


def test_paired_is_narrower_than_apart():
    """Queries differ much, spaces little: each query is its own control."""
    rng = np.random.default_rng(0)
    before = pd.DataFrame({"map": rng.random(100)})
    after = before + 0.01 + rng.normal(0, 0.01, (100, 1))
    found = paired(before, after, np.arange(100), 1000, 0).iloc[0]
    assert 0 < found["low"] < found["micro"] < found["high"] < 0.02
    assert found["p"] == found["macro_p"] == pytest.approx(2 / 1001)
    unpaired = summarise(before, np.arange(100), 1000, 0).iloc[0]
    assert unpaired["high"] - unpaired["low"] > 10 * (found["high"] - found["low"])


def test_nothing_changed_is_no_difference():
    before = pd.DataFrame({"map": [0.1, 0.5, 0.9]}, index=[3, 1, 2])
    found = paired(before, before.loc[[1, 2, 3]], np.arange(4), 100, 0).iloc[0]
    assert (found["micro"], found["low"], found["high"], found["p"], found["macro_p"]) == (0, 0, 0, 1, 1)


def test_p_value_is_small_where_zero_lies_outside_of_the_interval():
    """One draw on the edge of the interval is one on the edge of p = .05: both read the same resamples."""
    rng = np.random.default_rng(2)
    for shift in np.linspace(0, 0.4, 9):
        change = pd.DataFrame({"map": rng.normal(shift, 1, 120)})
        found = paired(change * 0, change, np.arange(120), 999, 0).iloc[0]
        excludes_zero = not found["low"] <= 0 <= found["high"]
        assert excludes_zero == (found["p"] < 0.05) or abs(found["p"] - 0.05) < 0.01


def test_rounding_takes_no_side():
    """Changes of 0.1 + 0.2 and -0.3 cancel but for rounding: such a draw is a tie, and counts on both sides."""
    change = pd.DataFrame({"p10": [0.1 + 0.2, -0.3]})
    assert change["p10"].sum() != 0
    by_hand = pd.DataFrame({"p10": [0.5, -0.5]})
    found, exact = (paired(c * 0, c, np.arange(2), 999, 0).iloc[0] for c in (change, by_hand))
    assert (found["p"], found["macro_p"]) == (exact["p"], exact["macro_p"])


def test_least_p_value():
    found = paired(pd.DataFrame({"a": [0.0, 0.0]}), pd.DataFrame({"a": [1.0, 2.0]}), np.arange(2), 99, 0)
    assert found["p"].item() == smallest_p(99) == 0.02


def test_other_queries_cannot_be_paired():
    before = pd.DataFrame({"map": [0.1, 0.2]})
    with pytest.raises(ValueError, match="same queries"):
        paired(before, before.iloc[:1], np.arange(2), 10, 0)
    with pytest.raises(ValueError, match="same queries"):
        paired(before, before.rename(columns={"map": "p1"}), np.arange(2), 10, 0)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # the example of R's p.adjust(method = "holm")
        ([0.02], [0.02]),
        ([], []),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.01, 0.01, 0.01], [0.03, 0.03, 0.03]),
    ],
)
def test_holm_by_hand(p: list[float], expected: list[float]):
    np.testing.assert_allclose(holm(np.array(p)), expected)


def test_each_metric_is_a_family():
    table = pd.DataFrame({"metric": ["a", "b", "a"], "p": [0.01, 0.02, 0.04], "macro_p": [0.5, 0.1, 0.2]})
    found = with_holm(table)
    np.testing.assert_allclose(found["p_holm"], [0.02, 0.02, 0.04])
    np.testing.assert_allclose(found["macro_p_holm"], [0.5, 0.1, 0.4])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_its_definition(p: list[float]):
    """Step down: the smallest is tested at level / m, the next at level / (m - 1), until one is not rejected."""
    adjusted = holm(np.array(p))
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
            if p[i] * (len(p) - step) > level:
                break
            rejected.add(i)
        assert rejected == {i for i in range(len(p)) if adjusted[i] <= level}


def test_draws_that_are_shared_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        significance._kept_weights(3, 5, 0)[0] = 1
