from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.measures import auc
from artextract.measures.intervals import estimate, estimate_over_runs
from artextract.measures.units import without_blocks
from artextract.runs.comparison import aligned
from artextract.runs.seeds import COLUMNS, printed, spread
from tests.unit.runs.test_comparison import collection, run


def runs(count: int = 4, strata: bool = False) -> list[pd.DataFrame]:
    return [run(collection(strata), seed, 1.0) for seed in range(count)]


def test_mean_and_spread_are_those_of_the_single_scores() -> None:
    tables = runs()
    found = spread(tables, min_rows=3, blocks=100, seed=0)
    assert found.columns.tolist() == COLUMNS
    assert found["task"].unique().tolist() == list(TASKS) and set(found["runs"]) == {4}
    parts = aligned(tables, "genre")
    plain = np.array([auc.top1(part.y, part.p, auc.ones(len(part.y)))[0] for part in parts])
    row = found[(found["task"] == "genre") & (found["score"] == "top1")].to_dict("records")[0]
    assert (row["mean"], row["sd"]) == pytest.approx((plain.mean(), plain.std(ddof=1)))
    assert (row["lowest"], row["highest"], row["rows"]) == (plain.min(), plain.max(), 30)
    weights = without_blocks(parts[0].unit, 100, 0)
    values = np.stack([auc.top1(part.y, part.p, weights) for part in parts])
    expected = estimate_over_runs(values)
    assert (row["low"], row["high"]) == (expected.low, expected.high)
    assert len(printed(found).splitlines()) == len(found) + 1
    assert "auc_ovo_stratified" in set(spread(runs(2, strata=True), min_rows=3, blocks=20, seed=0)["score"])


def test_the_interval_is_wider_than_that_of_the_rows_alone() -> None:
    """Seeds that differ by much are in the interval of their mean; those that hardly differ leave that of the rows."""
    rng = np.random.default_rng(0)
    hits = rng.random(60) < 0.7
    weights = without_blocks(np.arange(60), 100, 0)
    one = weights @ hits / weights.sum(axis=1)
    rows_alone = estimate(one)
    alike = estimate_over_runs(np.stack([one, one + 1e-6, one - 1e-6]))
    assert (alike.low, alike.high) == pytest.approx((rows_alone.low, rows_alone.high), abs=1e-4)
    apart = estimate_over_runs(np.stack([one + 0.1, one, one - 0.1]))
    assert apart.value == pytest.approx(rows_alone.value)
    assert apart.high - apart.low > 1.5 * (rows_alone.high - rows_alone.low)
    assert np.isnan(estimate_over_runs(one[None]).low)


def test_the_interval_covers_the_mean_of_all_trainings() -> None:
    """Each training has a skill of its own, and each validation row is as hard for all of them."""
    rng, held = np.random.default_rng(1), 0
    weights = without_blocks(np.arange(80), 80, 0)
    for _ in range(200):
        hard = rng.normal(size=80)
        skills = rng.normal(0.5, 0.4, size=4)  # P(hit) over rows and trainings: .5 / sqrt(1 + 1 + .16) from the mean
        hits = skills[:, None] + rng.normal(size=(4, 80)) > hard
        found = estimate_over_runs(hits @ weights.T / weights.sum(axis=1))
        held += found.low <= 0.6331 <= found.high  # Phi(.5 / sqrt(2.16))
    assert 0.9 < held / 200 <= 1


def test_what_has_no_spread_is_refused() -> None:
    one, two = runs(2)
    with pytest.raises(ArtExtractError, match="one training has no spread"):
        spread([one], min_rows=3, blocks=20, seed=0)
    with pytest.raises(ArtExtractError, match="training 3 has the same predictions as an earlier one"):
        spread([one, two, one.sample(frac=1, random_state=0)], min_rows=3, blocks=20, seed=0)
    with pytest.raises(ArtExtractError, match="differ in the id"):
        spread([one, two[two["id"] != "p04"]], min_rows=3, blocks=20, seed=0)


def test_a_task_without_validation_rows_is_left_out() -> None:
    tables = [table[table["task"] != "artist"] for table in runs(2)]
    assert set(spread(tables, min_rows=3, blocks=20, seed=0)["task"]) == {"style", "genre"}
