"""One seam, several executors: the same results in order, each shard computed once, whatever is killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.executors import slurm
from artextract.core.executors.job import compute, prepare
from artextract.core.executors.over import chosen, over
from artextract.core.executors.slurm import command
from tests.executor_toys import Numbers, count, fake_slurm, lines, shards, square

WHERE = ["", "local:1", "local:3", "slurm:2"]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")


@pytest.fixture
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The executor that a test is run with."""
    fake_slurm(tmp_path, monkeypatch)
    monkeypatch.setattr(slurm, "LOOK_EVERY", 0.05)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", request.param)
    return request.param


def run(folder: Path, given: list[Numbers], function: Callable[..., Any] = square) -> list[Any]:
    return list(over(given, function, folder=folder / "job", describe="square", unit="number"))


@pytest.mark.parametrize("where", WHERE, indirect=True)
def test_results_come_in_order_and_nothing_is_computed_twice(tmp_path: Path, where: str):
    given = shards(tmp_path, 7)
    found = run(tmp_path, given)
    assert [rows.tolist() for rows in found] == [[(100 * i + k) ** 2 for k in range(1 + i % 4)] for i in range(7)]
    assert all(rows.dtype == np.int64 for rows in found)
    assert sorted(lines(tmp_path / "log")) == [one.name for one in given]
    left = [path.name for path in (tmp_path / "job").glob("part*")] if where else []
    assert left == []


@pytest.mark.parametrize("where", WHERE, indirect=True)
def test_a_result_may_be_what_json_holds_and_is_computed_in_this_folder(tmp_path: Path, where: str):
    found = run(tmp_path, shards(tmp_path, 2), count)
    assert found == [{"size": 1 + i, "first": 100 * i, "folder": os.getcwd()} for i in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERE, indirect=True)
def test_a_problem_of_the_user_arrives_in_words(tmp_path: Path, where: str):
    with pytest.raises(ArtExtractError, match="a number is too large") as raised:
        run(tmp_path, shards(tmp_path, 3, {1: "user"}))
    assert raised.value.where == "part-001" and raised.value.remedy == "take a smaller one"


@pytest.mark.parametrize("where", WHERE[1:], indirect=True)
def test_a_fault_of_the_program_arrives_with_its_traceback(tmp_path: Path, where: str):
    with pytest.raises(RuntimeError, match=r"(?s)shard part-001 failed:.*in square.*KeyError: 'numbers'"):
        run(tmp_path, shards(tmp_path, 2, {1: "bug"}))


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERE[1:], indirect=True)
def test_after_a_failure_the_next_run_computes_only_what_is_not_done(tmp_path: Path, where: str):
    with pytest.raises(ArtExtractError):
        run(tmp_path, shards(tmp_path, 5, {4: "user"}))
    kept = {path.stem for path in (tmp_path / "job").glob("*.npy")}
    before = lines(tmp_path / "log")
    assert kept <= set(before)
    found = run(tmp_path, shards(tmp_path, 5))
    again = lines(tmp_path / "log")[len(before) :]
    assert len(found) == 5 and not kept & set(again) and "part-004" in again


def test_nobody_takes_what_the_run_before_has_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:2")
    results = over(shards(tmp_path, 6), square, folder=tmp_path / "job", describe="square", unit="number")
    assert next(results).tolist() == [0]
    results.close()  # as when the caller is interrupted: it has not said that it has kept the first one
    before = lines(tmp_path / "log")
    kept = {path.stem for path in (tmp_path / "job").glob("*.npy")}
    assert "part-000" in kept
    assert len(run(tmp_path, shards(tmp_path, 6))) == 6
    again = lines(tmp_path / "log")[len(before) :]
    assert not kept & set(again)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["local:1", "local:2"], indirect=True)
def test_a_process_that_is_killed_is_replaced(tmp_path: Path, where: str):
    found = run(tmp_path, shards(tmp_path, 6, {0: "killed", 4: "killed"}))
    assert [rows[0] for rows in found] == [(100 * i) ** 2 for i in range(6)]
    assert sorted(lines(tmp_path / "log")) == [f"part-00{i}" for i in range(6)]


@pytest.mark.slow
def test_a_shard_that_ends_every_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:1")
    with pytest.raises(ArtExtractError, match=r"shard part-001 has ended 3 times \(status -9\)"):
        run(tmp_path, shards(tmp_path, 3, {1: "always killed"}))


@pytest.mark.slow
def test_a_slow_shard_holds_no_other_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:2")
    assert len(run(tmp_path, shards(tmp_path, 6, {0: "slow"}))) == 6
    order = lines(tmp_path / "log")
    assert sorted(order) == [f"part-00{i}" for i in range(6)]
    assert order.index("part-000") >= 4  # all but the one that waited behind it were done before


def test_two_that_want_one_shard_compute_it_once(tmp_path: Path):
    given = shards(tmp_path, 1)
    prepare(tmp_path / "job", given, square)
    for _ in range(3):
        compute(tmp_path / "job", "part-000")
    compute(tmp_path / "job", "nobody-has-asked-for-this")
    assert lines(tmp_path / "log") == ["part-000"]


def test_a_damaged_result_is_computed_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    given = shards(tmp_path, 2)
    assert prepare(tmp_path / "job", given, square) == ["part-000", "part-001"]
    for one in given:
        compute(tmp_path / "job", one.name)
    assert prepare(tmp_path / "job", given, square) == []
    path = tmp_path / "job/part-001.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert prepare(tmp_path / "job", given, square) == ["part-001"]
    assert "the result of a shard" in capfd.readouterr().err


def test_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:1")
    with pytest.raises(RuntimeError, match="two shards have one name"):
        run(tmp_path, shards(tmp_path, 1) * 2)


@pytest.mark.parametrize("value", ["local:0", "local:many", "cluster", "slurm:-1", ":4"])
def test_an_unknown_executor_is_refused_with_the_known_ones(value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", value)
    with pytest.raises(ArtExtractError, match=f"ARTEXTRACT_EXECUTOR is '{value}'") as raised:
        chosen()
    assert "ray:ADDRESS" in (raised.value.remedy or "")


# --- Slurm


def test_the_command_line_names_the_array_and_the_users_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_SLURM_OPTIONS", "--account=art --partition 'long jobs'")
    words = command(tmp_path, 5)
    assert words[0] == "sbatch" and "--wait" in words and "--array=0-4" in words and "--cpus-per-task=1" in words
    assert words[-4:-1] == ["--account=art", "--partition", "long jobs"]
    assert words[-1].startswith("--wrap=") and words[-1].endswith(f"worker {tmp_path} {tmp_path}/names.txt 5")


def test_an_array_is_taken_back_when_a_shard_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = fake_slurm(tmp_path, monkeypatch)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "slurm:1")
    monkeypatch.setattr(slurm, "LOOK_EVERY", 0.05)
    with pytest.raises(ArtExtractError, match="too large"):
        run(tmp_path, shards(tmp_path, 3, {0: "user"}, seconds=3))
    assert lines(programs / "cancelled") == ["4711"]


@pytest.mark.slow
def test_a_killed_task_of_the_array_is_submitted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = fake_slurm(tmp_path, monkeypatch)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "slurm:3")
    monkeypatch.setattr(slurm, "LOOK_EVERY", 0.05)
    (programs / "kill-1").touch()
    found = run(tmp_path, shards(tmp_path, 7))
    assert [rows[0] for rows in found] == [(100 * i) ** 2 for i in range(7)]
    assert sorted(lines(tmp_path / "log")) == [f"part-00{i}" for i in range(7)]
    arrays = [word for word in lines(programs / "calls") if word.startswith("--array")]
    assert arrays == ["--array=0-2", "--array=0-1"]  # of 7 shards 3 tasks; of the 2 that were lost 2


def test_arrays_that_do_nothing_end_in_words_with_what_slurm_has_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = fake_slurm(tmp_path, monkeypatch)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "slurm:1")
    monkeypatch.setattr(slurm, "LOOK_EVERY", 0.05)
    (programs / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid account' >&2\nexit 1\n")
    with pytest.raises(ArtExtractError, match=r"3 arrays .* have computed nothing \(status 1\)") as raised:
        run(tmp_path, shards(tmp_path, 2))
    assert "--account" in (raised.value.remedy or "")


def test_without_sbatch_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "slurm")
    with pytest.raises(ArtExtractError, match="there is no command sbatch here"):
        run(tmp_path, shards(tmp_path, 1))
