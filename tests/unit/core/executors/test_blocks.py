"""A task with its arrays, whose blocks are computed by whoever the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from artextract.core.errors import ArtExtractError
from artextract.core.executors import blocks
from artextract.core.executors.blocks import Block, blocks_over, compute_block
from tests.executor_toys import Sums, fake_slurm

CODE = "artextract.core.executors.blocks"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    fake_slurm(tmp_path, monkeypatch)
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    with threadpool_limits(1):  # as in the other processes
        yield
    blocks.digits_of.cache_clear()


def sums(tmp_path: Path, **changed: int) -> Sums:
    return Sums(np.random.default_rng(0).normal(size=(10, 2000)), str(tmp_path / "log"), **changed)  # type: ignore[arg-type]


def lines(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["", "local:2", "slurm:2"])
def test_blocks_are_the_same_bits_wherever_they_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", where)
    task = sums(tmp_path)
    found = list(blocks_over(task, CODE, "sum", "row"))
    assert [len(part) for part in found] == [3, 3, 3, 1]
    assert np.concatenate(found).tobytes() == (task.rows.sum(axis=1) + 3).tobytes()
    told = [line.split() for line in lines(tmp_path)]
    assert sorted(number for number, _, _ in told) == ["0", "1", "2", "3"]  # each once
    mapped = {kind for _, _, kind in told}
    assert mapped == {str(bool(where))}, "another process maps the large array, and does not get a copy of it"
    assert (str(os.getpid()) in {process for _, process, _ in told}) == (not where)
    assert not list((tmp_path / "cache").glob("scratch/*/*.npy")), "nothing is left over"


@pytest.mark.slow
def test_what_was_computed_before_a_kill_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:1")
    with pytest.raises(ArtExtractError, match="cannot be computed"):
        list(blocks_over(sums(tmp_path, fails_at=2), CODE, "sum", "row"))
    before = lines(tmp_path)
    kept = {path.stem[-1] for path in (tmp_path / "cache").rglob("block-*.npy")}
    assert {line[0] for line in before} >= kept >= {"0", "1"}, "blocks that were taken are kept too"
    with pytest.raises(ArtExtractError, match="cannot be computed"):
        list(blocks_over(sums(tmp_path, fails_at=2), CODE, "sum", "row"))
    assert not kept & {line[0] for line in lines(tmp_path)[len(before) :]}


def test_arrays_of_one_content_are_laid_out_once(tmp_path: Path):
    task = sums(tmp_path)
    both = Sums(task.rows, "", small=task.rows.copy())
    laid_out, arrays = blocks._laid_out(both)
    assert len(arrays) == 1 and len(laid_out) < 2000
    assert blocks._laid_out(both)[0] == laid_out  # the same name after a kill


def test_a_machine_that_computes_other_digits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task = sums(tmp_path)
    laid_out, arrays = blocks._laid_out(task)
    (tmp_path / blocks.TASK).write_bytes(laid_out)
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    digits = blocks.digits_of(CODE)
    block = Block("block-0", str(tmp_path), CODE, digits, 0, 3)
    assert compute_block(block, lambda count: None).tobytes() == (task.rows[:3].sum(axis=1) + 3).tobytes()
    monkeypatch.setenv("ARTEXTRACT_THREADS", "2")
    blocks.digits_of.cache_clear()
    with pytest.raises(ArtExtractError, match="would compute other digits"):
        compute_block(block, lambda count: None)
