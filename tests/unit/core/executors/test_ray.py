"""Shards on a Ray cluster of several nodes on this machine: nodes are killed, the head is restarted, one is slow."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.executors import ray_cluster as this_side
from artextract.core.executors.over import over
from tests.executor_toys import NODE, lines, ray_cluster, shards, square

pytest.importorskip("ray", reason="ray is not installed (requirements-ray.txt)")


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
    with ray_cluster(tmp_path, monkeypatch, 2):
        assert squares(tmp_path, 9) == expected(9)
        assert sorted(lines(tmp_path / "log")) == [f"part-00{i}" for i in range(9)]
        with pytest.raises(ArtExtractError, match="a number is too large"):
            squares(tmp_path, 2, {0: "user"})
        monkeypatch.setenv("ARTEXTRACT_THREADS", "64")
        with pytest.raises(ArtExtractError, match="no machine of the Ray cluster has as many processors"):
            squares(tmp_path, 1)


@pytest.mark.long
def test_a_shard_that_ends_every_process_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(this_side, "ATTEMPTS", 1)
    with ray_cluster(tmp_path, monkeypatch, 1):
        with pytest.raises(ArtExtractError, match="end again and again"):
            squares(tmp_path, 1, {0: "always killed"})


@pytest.mark.slow
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


@pytest.mark.long
def test_a_head_that_is_restarted_finds_the_work_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    again: list[Any] = []
    with ray_cluster(tmp_path, monkeypatch, 1) as cluster:
        port = int(cluster.address.rpartition(":")[2])

        def restart() -> None:
            cluster.shutdown()
            time.sleep(1)
            again.append(Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "gcs_server_port": port, **NODE}))

        timer = later(4, restart)
        try:
            assert squares(tmp_path, 10, seconds=1.5) == expected(10)
        finally:
            timer.join()
            for one in again:
                one.shutdown()
    begun, done = lines(tmp_path / "begun"), lines(tmp_path / "log")
    assert set(done) == {f"part-{i:03d}" for i in range(10)}
    assert len(begun) <= 11 and len(done) <= 11
