"""What is corrected together, what counts once, and what is printed of a p value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.measures.bootstrap import holm, smallest_p
from artextract.similarity.ranking.families import CORRECTED, corrected, p_text
from artextract.similarity.ranking.judges import JUDGES


def rows(judges: list[str], p: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"judge": judges, "metric": "p10", "p": p, "macro_p": p[::-1]})


def test_judges_of_one_source_count_once():
    """Theme and terms are one decision of the curators: three tests, and not five."""
    table = rows(["terms", "theme", "artist", "theme_other_words", "period"], [0.001, 0.01, 0.02, 0.003, 0.5])
    found = corrected(table, 10_000)
    assert found.columns.tolist() == [*table.columns, *sorted(CORRECTED, key=found.columns.tolist().index)]
    assert found["comparisons"].tolist() == [3] * 5
    assert found["counted_with"].tolist() == ["theme", "", "", "theme", ""]
    np.testing.assert_allclose(found["p_holm"], [np.nan, 0.03, 0.04, np.nan, 0.5])
    alone = corrected(table[~table["judge"].isin(["theme", "theme_other_words"])], 10_000)
    assert alone["counted_with"].tolist() == ["", "", ""] and alone["comparisons"].tolist() == [3] * 3


def test_each_metric_is_a_family_of_its_own():
    table = pd.concat([rows(["artist", "period"], [0.01, 0.2]), rows(["artist"], [0.01]).assign(metric="map")])
    found = corrected(table.reset_index(drop=True), 999)
    assert found["comparisons"].tolist() == [2, 2, 1]
    np.testing.assert_allclose(found["p_holm"], [0.02, 0.2, 0.01])
    np.testing.assert_allclose(found["p_least"], [0.004, 0.004, 0.002])


@given(
    st.lists(st.tuples(st.sampled_from([judge.key for judge in JUDGES]), st.integers(0, 50)), min_size=1, max_size=12),
    st.integers(20, 400),
)
def test_only_p_values_at_the_floor_of_the_draws_are_bounds(given_rows: list[tuple[str, int]], draws: int):
    """A p value is at the floor where no draw was on the other side of zero."""
    p = [min(1.0, 2 * (other + 1) / (draws + 1)) for _, other in given_rows]
    found = corrected(rows([judge for judge, _ in given_rows], p), draws)
    tested = found[found["counted_with"] == ""]
    np.testing.assert_allclose(tested["p_holm"], holm(tested["p"].to_numpy()))
    assert found.loc[found["counted_with"] != "", "p_holm"].isna().all()
    for _, row in tested.iterrows():
        said = p_text(row["p_holm"], row["p_least"])
        at_floor = row["p"] == pytest.approx(smallest_p(draws)) and row["p_holm"] < 1
        assert said.startswith("<= ") == at_floor


def test_p_values_for_people():
    assert [p_text(p, 0.0216) for p in (0.0216, 0.03, 1.0, float("nan"))] == ["<= 0.0216", "0.03", "1", ""]
    assert p_text(1.0, 1.0) == "1"
