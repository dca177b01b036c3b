"""Before against after: only held-out works ask, and the difference is taken query by query."""

from __future__ import annotations

import numpy as np
import pytest

from artextract.compute import unit_rows
from artextract.relevance import Judge
from artextract.retrieval import cosine, evaluate
from artextract.siamese_eval import compare

N = 24
SUBJECT = np.arange(N) % 2
TRUTH = Judge(SUBJECT[:, None] == SUBJECT[None, :], np.eye(N, dtype=bool))
NOBODY = Judge(np.zeros((N, N), dtype=bool), np.eye(N, dtype=bool))
RNG = np.random.default_rng(0)
BLIND = unit_rows(RNG.normal(size=(N, 6)))
SEEING = unit_rows(np.eye(6)[SUBJECT] + RNG.normal(0, 0.1, (N, 6)))
HELD_OUT = np.array([3, 4, 10, 11, 20])


def run(before: np.ndarray, after: np.ndarray, **changes: object) -> dict[str, float]:
    options: dict[str, object] = {"k": 5, "draws": 200, "seed": 0}
    spaces = {"before": before, "after": after}
    return compare(spaces, {"theme": TRUTH, "artist": NOBODY}, HELD_OUT, np.arange(N), **(options | changes))  # type: ignore[arg-type]


def test_values_are_means_over_the_held_out_queries():
    metrics = run(BLIND, SEEING)
    for label, space in (("before", BLIND), ("after", SEEING)):
        table = evaluate(cosine(space, HELD_OUT), TRUTH, HELD_OUT, 5)
        for name in table:
            assert metrics[f"theme.{label}.{name}"] == pytest.approx(table[name].mean())
    assert metrics["theme.queries"] == 5
    assert metrics["theme.after.map"] == 1.0


def test_gain_is_the_paired_difference_and_its_interval_is_of_the_differences():
    metrics = run(BLIND, SEEING)
    for name in ("p5", "ndcg5", "map"):
        difference = metrics[f"theme.after.{name}"] - metrics[f"theme.before.{name}"]
        assert metrics[f"theme.gain.{name}"] == pytest.approx(difference)
    table = [evaluate(cosine(space, HELD_OUT), TRUTH, HELD_OUT, 5)["map"].to_numpy() for space in (BLIND, SEEING)]
    lowest, highest = (table[1] - table[0]).min(), (table[1] - table[0]).max()
    low, mean, high = (metrics[f"theme.gain.map{end}"] for end in ("_low", "", "_high"))
    assert lowest <= low < mean < high <= highest


def test_nothing_changed_is_no_gain_with_an_interval_of_zero_width():
    """Unpaired, the same scores would have a wide interval."""
    metrics = run(BLIND, BLIND)
    assert {key: value for key, value in metrics.items() if ".gain." in key} == {
        f"theme.gain.{name}{end}": 0.0 for name in ("p5", "ndcg5", "map") for end in ("", "_low", "_high")
    }
    assert metrics["theme.before.map_low"] < metrics["theme.before.map_high"]


def test_works_that_were_trained_with_are_in_the_gallery_and_never_ask():
    """Turning the vector of a trained-with work about changes what is found, but never who asks."""
    spoiled = SEEING.copy()
    others = np.setdiff1d(np.arange(N), HELD_OUT)
    spoiled[others] *= -1
    metrics = run(SEEING, spoiled)
    assert metrics["theme.queries"] == 5 and metrics["theme.after.map"] < metrics["theme.before.map"]


def test_judge_without_held_out_queries_is_counted_only():
    metrics = run(BLIND, SEEING)
    assert {key: value for key, value in metrics.items() if key.startswith("artist")} == {"artist.queries": 0}
