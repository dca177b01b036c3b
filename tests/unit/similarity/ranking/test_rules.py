"""Relations and rules by hand, where the judges' tests do not reach: empty works, and cosines at the threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.similarity.ranking.relations import EVERYTHING, Equal
from artextract.similarity.ranking.rules import SharedTerms, SimilarTitles


def test_a_code_that_another_work_has_and_works_without_one():
    equal = Equal(np.array([0, 0, 1, -1, -1], dtype=np.int32))
    assert equal.occur_twice().tolist() == [True, True, False, False, False]
    assert equal.pairs(np.array([0, 2, 3]), EVERYTHING).tolist() == [
        [True, True, False, False, False],
        [False, False, True, False, False],
        [False] * 5,
    ]


def test_works_without_terms_share_nothing():
    """Whatever was in the memory that the result is written into."""
    terms = SharedTerms.of([pd.Series([["oil"], ["oil"], [], []]), pd.Series([["sea"], [], [], []])], 0.1)
    junk = [np.full((4, 4), 0.7) for _ in range(50)]
    del junk
    found = terms.pairs(np.arange(4), EVERYTHING)
    oil, sea = np.log(2), np.log(4)
    np.testing.assert_allclose(found[:2, :2], [[1, oil / (oil + sea)], [oil / (oil + sea), 1]], rtol=1e-6)
    assert not found[2:].any() and not found[:, 2:].any()


def test_cosines_at_the_threshold_are_decided_exactly():
    """Thresholds that the exact cosine of a pair reaches, or just does not, and its cosine in float32 the other way."""
    rng = np.random.default_rng(0)
    titles = unit_rows(rng.standard_normal((200, 96)) + 1).astype(np.float32)
    exact = (titles[0].astype(np.float64) * titles[1:]).sum(axis=1)
    rounded, tried = (titles[:1] @ titles[1:].T)[0], 0
    for threshold in [*(exact - 1e-12), *(exact + 1e-12)]:
        if ((rounded >= threshold) != (exact >= threshold)).any():
            found = SimilarTitles(titles, float(threshold)).pairs(np.array([0]), slice(1, None))[0]
            assert (found == (exact >= threshold)).all()
            tried += 1
    assert tried > 50


def test_each_of_several_pairs_near_the_threshold_is_decided_by_itself():
    titles = np.array([[1, 0], [0.6, 0.8], [0.6, -0.8], [0.6000004, 0.7999997]], dtype=np.float32)
    exact = titles.astype(np.float64) @ titles[0].astype(np.float64)
    threshold = float((exact[1] + exact[3]) / 2)
    assert exact[1] < threshold < exact[3]
    assert SimilarTitles(titles, threshold).pairs(np.array([0]), EVERYTHING).tolist() == [[True, False, False, True]]
