"""Judging and the search for neighbours in other processes: the same bits as in this one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from artextract.core.compute import unit_rows
from artextract.core.executors.blocks import digits_of
from artextract.similarity.ranking import anywhere, retrieval
from artextract.similarity.ranking.anywhere import nearest_of_all
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.retrieval import Values
from artextract.similarity.ranking.spaces import cosine_space, image_spaces, popularity_space
from artextract.similarity.ranking.tables import evaluate_spaces
from tests.unit.similarity.ranking.test_dense import made_up
from tests.unit.similarity.ranking.test_judges import params

N, DIM = 300, 96  # vectors are large enough to be laid out as files


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    digits_of.cache_clear()
    with threadpool_limits(1):  # as in the other processes
        yield
    digits_of.cache_clear()


def judged() -> Values:
    index, titles = made_up(N, 3)
    judges, _ = all_judges(index, titles, params(period_years=25, terms_overlap=0.3))
    images = unit_rows(np.random.default_rng(4).normal(size=(N, DIM)))
    spaces = [
        popularity_space(images, 5),
        cosine_space("title", titles, frozenset({"title"})),
        *image_spaces(images, 40, 5),
    ]
    return evaluate_spaces(spaces, judges, 10, 0)


@pytest.mark.slow
def test_values_are_the_same_bits_in_other_processes(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture):
    here = judged()
    assert "judge spaces" in capfd.readouterr().err
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:2")
    elsewhere = judged()
    assert "judge spaces" in capfd.readouterr().err
    assert list(elsewhere) == list(here) and len(here) > 20
    for key, table in here.items():
        pd.testing.assert_frame_equal(elsewhere[key], table, check_exact=True)


@pytest.mark.slow
def test_blocks_come_apart_and_together_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retrieval, "QUERIES", 37)
    in_blocks = judged()
    monkeypatch.setattr(retrieval, "QUERIES", 1000)
    for key, table in judged().items():
        if key[1] != "title":  # equal titles: rounding decides which comes first
            np.testing.assert_allclose(in_blocks[key], table, atol=1e-6, err_msg=str(key))


@pytest.mark.slow
def test_a_task_of_one_content_is_pickled_alike(monkeypatch: pytest.MonkeyPatch):
    seen = []

    def keep(task: anywhere._JudgingBlocks, code: str, describe: str, unit: str) -> list[np.ndarray]:
        seen.append(pickle.dumps(task))
        return [task.block(number) for number in range(len(task.blocks))]

    monkeypatch.setattr(anywhere, "blocks_over", keep)
    judged()
    judged()
    assert seen[0] == seen[1]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["", "local:2"])
def test_neighbours_are_those_of_a_search_in_one_go(monkeypatch: pytest.MonkeyPatch, where: str):
    monkeypatch.setattr(anywhere, "SEARCHED", 64)
    rng = np.random.default_rng(0)
    vectors, group = unit_rows(rng.normal(size=(200, DIM))), rng.integers(0, 60, 200)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", where)
    rows, scores = nearest_of_all(vectors, group, 7, "search")
    expected, cosines = nearest(vectors, vectors, 7, exclude=(group, group))
    assert rows.dtype == np.int64 and scores.dtype == np.float32
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(scores, cosines, atol=1e-6)


def test_no_works_have_no_neighbours():
    rows, scores = nearest_of_all(np.empty((0, 4), np.float32), np.empty(0, np.int64), 3, "search")
    assert rows.shape == scores.shape == (0, 3)
