"""Shards as tasks on a Ray cluster that is running: this side of it.

A process of its own (``ray_driver``) talks to the cluster, since Ray ends a process whose cluster is gone. When it ends
early, as it does where the head was restarted, another one is started with the shards that are not done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import finished
from artextract.core.executors.local import Process

DRIVER = "artextract.core.executors.ray_driver"
CONNECTED = ""  # the line that tells that the cluster has answered
NO_ROOM = 4  # exit status: no machine of the cluster has enough processors for one task
ATTEMPTS = 3  # drivers that may end in a row, on a cluster that is there, without having done a shard
PATIENCE = 300.0  # seconds in which a cluster that is gone may come back
RETRY_EVERY = 2.0


def run_ray(folder: Path, names: Sequence[str], *, address: str) -> Iterator[str]:
    """Compute shards on a Ray cluster; the name of each when it is done, in any order.

    Args:
        folder: The job's; all machines of the cluster see it under the same path.
        names: The shards.
        address: Of the cluster's head, ``HOST:PORT``; ``auto``: the cluster that this machine belongs to.

    Raises:
        ArtExtractError: Ray is not installed, there is no such cluster, it has no machine for a task, its tasks end
            again and again, or it was gone for ``PATIENCE`` seconds.
    """
    if find_spec("ray") is None:
        raise ArtExtractError("Ray is not installed", remedy="`pip install -r requirements-ray.txt`")
    left, known, seen, idle = dict.fromkeys(names), False, time.monotonic(), 0
    while left:
        connected, before = False, len(left)
        driver = Process([DRIVER, str(folder), address])
        try:
            driver.give(list(left))
            driver.close_input()
            while (lines := driver.answers()) is not None:
                seen = time.monotonic()
                known = connected = True
                for name in lines:
                    if name != CONNECTED:
                        del left[name]
                        yield name
            status = driver.status()
        finally:
            driver.end()
        idle = 0 if len(left) < before else idle + connected
        if left:
            _wait_for_cluster(status, known, seen, idle, address)
            for name in finished(folder) & left.keys():  # done, and the cluster went before it could say so
                del left[name]
                yield name


def _wait_for_cluster(status: int, known: bool, seen: float, idle: int, address: str) -> None:
    """Wait a little where it makes sense to try again."""
    if status == NO_ROOM:
        raise ArtExtractError(
            "no machine of the Ray cluster has as many processors as one task takes threads",
            where=address,
            remedy="set ARTEXTRACT_THREADS to what the machines have (the last digits of results depend on it)",
        )
    if not known:
        raise ArtExtractError(
            "there is no Ray cluster",
            where=address,
            remedy="start one: `ray start --head` here, `ray start --address=HOST:6379` on the other machines",
        )
    if idle >= ATTEMPTS:
        raise ArtExtractError(
            "tasks of the Ray cluster end again and again before they have done anything",
            where=address,
            remedy="its last lines are above; where the memory of a machine does not suffice, start it with fewer "
            "processors: `ray start --num-cpus=1 ...`",
        )
    gone = time.monotonic() - seen
    if gone > PATIENCE:
        raise ArtExtractError(
            f"the Ray cluster has been gone for {gone:.0f} s",
            where=address,
            remedy="start it, then start the same command again: finished shards are kept",
        )
    print(f"the Ray cluster at {address} is gone: waiting for it", file=sys.stderr, flush=True)
    time.sleep(RETRY_EVERY)
