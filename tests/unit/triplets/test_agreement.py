"""Simulated raters, whose agreement is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.similarity.ranking.spaces import cosine_space
from artextract.triplets.agreement import agreement_table, majority, people, preferences, printed
from artextract.triplets.answers import ANSWERS
from tests.unit.triplets.people_toys import WORKS, answers, triplets, vectors

PAINTERS = np.arange(WORKS) // 3
SPACES = [cosine_space(name, v) for name, v in vectors().items()]
TITLE = vectors()["title"]


def by_space(given: pd.DataFrame, kind: str = "all") -> pd.DataFrame:
    table = agreement_table(SPACES, given, PAINTERS, "image", 200, 0)
    return table[table["kind"] == kind].set_index("space")


@pytest.mark.parametrize("error", [0.0, 0.1, 0.25])
def test_raters_of_known_noise_are_recovered(error: float):
    asked = triplets(600)
    given = answers(asked, TITLE, [error] * 3)
    right = 1 - error
    about = people(given, PAINTERS, 200, 0)
    two_agree = right**2 + error**2
    assert about.raters == 3 and about.triplets == 600 and about.ties == 0
    assert about.kappa == pytest.approx((1 - 2 * error) ** 2, abs=0.06)
    assert about.self_consistency == pytest.approx(two_agree, abs=0.1) and about.repeats == 180
    assert about.ceiling is not None
    ceiling, low, high = about.ceiling
    assert ceiling == pytest.approx((right**3 + error**3) / two_agree, abs=0.04)
    assert low <= ceiling <= high
    found = by_space(given)
    low, agreement, high = (float(found[name]["title"]) for name in ("low", "agreement", "high"))
    assert agreement == pytest.approx(right**3 + 3 * error * right**2, abs=0.04)
    assert low <= agreement <= high


def test_a_space_that_people_do_not_follow_is_at_chance_where_spaces_are_unrelated():
    given = answers(triplets(600), np.random.default_rng(9).normal(size=(WORKS, 12)), [0.0])
    found = by_space(given)
    assert (np.abs(found["agreement"] - 0.5) < 0.08).all()
    about = people(given, PAINTERS, 50, 0)
    assert about.ceiling is None and about.kappa is None  # one rater has nobody to agree with


def test_gains_are_paired_differences():
    given = answers(triplets(300), TITLE, [0.1, 0.1, 0.1])
    found = by_space(given)
    assert found["gain"]["title"] == pytest.approx(found["agreement"]["title"] - found["agreement"]["image"])
    assert np.isnan(found["gain"]["image"])
    assert found["gain_low"]["title"] > 0


def test_kinds_have_rows_of_their_own():
    table = agreement_table(SPACES, answers(triplets(100), TITLE, [0.0]), PAINTERS, "image", 50, 0)
    counts = table.groupby("kind", sort=False)["triplets"].first()
    assert counts.to_dict() == {"all": 100, "disagree": 75, "plain": 25}


def rows(*answered: tuple[str, bool, bool]) -> pd.DataFrame:
    """Answers to one triplet: rater, whether it is a repeat, whether the first candidate was chosen."""
    columns = {"kind": "plain", "query": 0, "first": 1, "second": 2, "chose_left": True, "seconds": 1.0}
    table = pd.DataFrame(answered, columns=pd.Index(["rater", "repeat", "chose_first"]))
    return table.assign(**columns)[ANSWERS]


def test_a_tie_scores_no_space_and_is_counted():
    tied = rows(("a", False, True), ("b", False, False))
    assert agreement_table(SPACES, tied, PAINTERS, "image", 10, 0).empty
    about = people(tied, PAINTERS, 10, 0)
    assert about.ties == 1 and about.ceiling is not None and about.ceiling[0] == 0
    text = printed(agreement_table(SPACES, tied, PAINTERS, "image", 10, 0), about, "image")
    assert text.endswith("No triplet has a majority: not measured.")


def test_repeats_do_not_vote():
    table = majority(rows(("a", False, True), ("a", True, False), ("b", False, True)))
    assert table["first_share"].tolist() == [1.0] and table["raters"].tolist() == [2]
    about = people(rows(("a", False, True), ("a", True, False), ("b", False, True)), PAINTERS, 10, 0)
    assert about.self_consistency == 0 and about.repeats == 1


def test_equal_similarities_count_half():
    equal = cosine_space("equal", np.ones((WORKS, 2)))
    table = agreement_table([*SPACES, equal], rows(("a", False, True)), PAINTERS, "image", 10, 0)
    assert table.set_index(["kind", "space"])["agreement"]["all", "equal"] == 0.5


@given(st.integers(0, 1000))
def test_preferences_equal_a_slow_comparison(seed: int):
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(6, 3))
    asked = pd.DataFrame([rng.permutation(6)[:3] for _ in range(8)], columns=pd.Index(["query", "first", "second"]))
    length = np.linalg.norm(v, axis=1)
    cosine = [[float(v[i] @ v[j] / length[i] / length[j]) for j in range(6)] for i in range(6)]
    expected = [float(cosine[q][a] > cosine[q][b]) for q, a, b in asked.to_numpy().tolist()]
    assert preferences(cosine_space("v", v), asked).tolist() == expected


def test_the_text_says_what_is_not_measured():
    given = answers(triplets(40), TITLE, [0.0])
    text = printed(agreement_table(SPACES, given, PAINTERS, "image", 10, 0), people(given, PAINTERS, 10, 0), "image")
    assert "Ceiling, a rater against the majority of the others: not measured (fewer than two raters)." in text
    assert "kappa, mean over pairs of raters: not measured" in text and "Chance: 0.500." in text
    assert "| all (40)" in text


def test_intervals_draw_the_painters_of_the_queries_as_a_whole():
    given, one = answers(triplets(60), TITLE, [0.2] * 3), np.zeros(WORKS, dtype=int)
    table = agreement_table(SPACES, given, one, "image", 20, 0)
    np.testing.assert_allclose(table["low"], table["agreement"])
    np.testing.assert_allclose(table["high"], table["agreement"])
    np.testing.assert_allclose(table["gain_low"], table["gain_high"])
    ceiling = people(given, one, 20, 0).ceiling
    assert ceiling is not None and ceiling[0] == pytest.approx(ceiling[1]) == pytest.approx(ceiling[2])
