"""Shards on a Ray cluster of several nodes on this machine: nodes are killed, one is slow."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_limits

from artextract.core.errors import ArtExtractError
from artextract.core.executors import blocks
from artextract.core.executors import ray_cluster as this_side
from artextract.core.executors.blocks import blocks_over
from artextract.core.executors.over import over
from tests.executor_toys import NODE, Sums, lines, ray_cluster, shards, square

# Not imported here: its import takes as long as that of twenty other test files.
pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (requirements-ray.txt)")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")


def squares(folder: Path, n: int, trouble: dict[int, str] | None = None, seconds: float = 0.0) -> list[list[int]]:
    given = shards(folder, n, trouble, seconds)
    return [rows.tolist() for rows in over(given, square, folder=folder / "job", describe="square", unit="number")]


def expected(n: int) -> list[list[int]]:
    return [[(100 * i + k) ** 2 for k in range(1 + i % 4)] for i in range(n)]


def later(seconds: float, function: Any) -> threading.Timer:
    """Call a function when the work is under way."""
    timer = threading.Timer(seconds, function)
    timer.start()
    return timer


@pytest.mark.slow
def test_on_two_nodes_each_shard_is_computed_once_and_errors_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    with ray_cluster(tmp_path, monkeypatch, 2):
        assert squares(tmp_path, 9) == expected(9)
        assert sorted(lines(tmp_path / "log")) == [f"part-00{i}" for i in range(9)]
        with pytest.raises(ArtExtractError, match="a number is too large"):
            squares(tmp_path, 2, {0: "user"})
        task = Sums(np.random.default_rng(0).normal(size=(10, 2000)), str(tmp_path / "blocks"))
        with threadpool_limits(1):  # as in the other processes
            found = list(blocks_over(task, "artextract.core.executors.blocks", "sum", "row"))
        blocks.digits_of.cache_clear()
        assert np.concatenate(found).tobytes() == (task.rows.sum(axis=1) + 3).tobytes()
        told = [line.split() for line in (tmp_path / "blocks").read_text().splitlines()]
        assert sorted(number for number, _, _ in told) == ["0", "1", "2", "3"]
        assert all(mapped == "True" and process != str(os.getpid()) for _, process, mapped in told)
        monkeypatch.setenv("ARTEXTRACT_THREADS", "64")
        with pytest.raises(ArtExtractError, match="no machine of the Ray cluster has as many processors"):
            squares(tmp_path, 1)


@pytest.mark.long
def test_a_shard_that_ends_every_process_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(this_side, "ATTEMPTS", 1)
    with ray_cluster(tmp_path, monkeypatch, 1):
        with pytest.raises(ArtExtractError, match="end again and again"):
            squares(tmp_path, 1, {0: "always killed"})


@pytest.mark.long
def test_without_a_cluster_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "ray:127.0.0.1:1")
    with pytest.raises(ArtExtractError, match="there is no Ray cluster") as raised:
        squares(tmp_path, 1)
    assert "ray start --head" in (raised.value.remedy or "")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_a_node_that_is_killed_costs_its_shard_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int):
    with ray_cluster(tmp_path, monkeypatch, 2) as cluster:
        (tmp_path / "first").mkdir()
        squares(tmp_path / "first", 2)  # so that the processes are there
        victim = list(cluster.worker_nodes)[seed]
        moment = random.Random(seed).uniform(1, 6)
        timer = later(moment, lambda: cluster.remove_node(victim, allow_graceful=False))
        assert squares(tmp_path, 12, seconds=1.0) == expected(12)
        timer.join()
    begun, done = lines(tmp_path / "begun"), lines(tmp_path / "log")
    assert set(done) == {f"part-{i:03d}" for i in range(12)}
    assert len(begun) <= 13 and len(done) <= 13  # of one processor one shard is under way


@pytest.mark.long
def test_a_slow_shard_holds_no_other_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with ray_cluster(tmp_path, monkeypatch, 2):
        assert squares(tmp_path, 8, {0: "slow"}) == expected(8)
    order = lines(tmp_path / "log")
    assert sorted(order) == [f"part-00{i}" for i in range(8)] and order.index("part-000") >= 4


def started_head(port: int) -> psutil.Process:
    """A head that computes, with one processor, as a user starts it."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}"]
    options = ["--num-cpus=1", "--node-ip-address=127.0.0.1", "--include-dashboard=false", "--disable-usage-stats"]
    options.append(f"--object-store-memory={NODE['object_store_memory']}")
    child = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return psutil.Process(child.pid)
        time.sleep(0.2)
    pytest.skip("a head of Ray did not start within a minute: this machine is too busy")


def kill_head(head: psutil.Process) -> None:
    """All of its processes at once."""
    for process in [*head.children(recursive=True), head]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    head.wait(10)


@pytest.mark.long
def test_a_head_that_is_killed_and_started_again_costs_its_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A real one: what was done is not done again, and the stage goes on by itself."""
    (tmp_path / "in-front").mkdir()
    (tmp_path / "in-front" / "rfc3987_syntax.py").write_text("raise ImportError('left out')\n")  # see ``ray_cluster``
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "in-front"), os.environ.get("PYTHONPATH", "")]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", f"ray:127.0.0.1:{port}")
    heads = [started_head(port)]

    def restart() -> None:
        while len(lines(tmp_path / "log")) < 3:
            time.sleep(0.1)
        kill_head(heads[0])
        heads.append(started_head(port))

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        assert squares(tmp_path, 8, seconds=1.0) == expected(8)
        thread.join()
    finally:
        kill_head(heads[-1])
    begun, done = lines(tmp_path / "begun"), lines(tmp_path / "log")
    assert len(heads) == 2 and set(done) == {f"part-{i:03d}" for i in range(8)}
    assert len(begun) <= 9 and len(done) <= 9


class Scripted:
    """In place of the process that talks to Ray: answers, and then ends."""

    def __init__(self, answers: list[list[str]], status: int, given: list[list[str]]):
        self._answers, self._status, self._given = [*answers], status, given

    def give(self, names: list[str]) -> None:
        self._given.append(names)

    def close_input(self) -> None: ...

    def answers(self) -> list[str] | None:
        return self._answers.pop(0) if self._answers else None

    def status(self) -> int:
        return self._status

    def end(self) -> None: ...


def test_a_head_that_comes_back_gets_what_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given: list[list[str]] = []
    runs = [([[""], ["b", "a"]], 1), ([], 3), ([], 3), ([[""]], 3), ([["", "d"], ["c"]], 0)]
    drivers = iter([Scripted(answers, status, given) for answers, status in runs])
    monkeypatch.setattr(this_side, "Process", lambda arguments: next(drivers))
    monkeypatch.setattr(this_side, "RETRY_EVERY", 0.0)
    (tmp_path / "job").mkdir()
    found = list(this_side.run_ray(tmp_path / "job", ["a", "b", "c", "d"], address="auto"))
    assert found == ["b", "a", "d", "c"]
    assert given == [["a", "b", "c", "d"], *[["c", "d"]] * 4]


def test_a_head_that_stays_away_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    runs = [Scripted([[""], ["a"]], 1, []), *(Scripted([], 3, []) for _ in range(9))]
    drivers = iter(runs)
    monkeypatch.setattr(this_side, "Process", lambda arguments: next(drivers))
    monkeypatch.setattr(this_side, "RETRY_EVERY", 0.02)
    monkeypatch.setattr(this_side, "PATIENCE", 0.05)
    (tmp_path / "job").mkdir()
    with pytest.raises(ArtExtractError, match="the Ray cluster has been gone for"):
        list(this_side.run_ray(tmp_path / "job", ["a", "b"], address="auto"))
