"""Shards as tasks on a Ray cluster: the process that talks to it.

``python -m artextract.core.executors.ray_driver FOLDER ADDRESS`` reads the names of shards, writes an empty line when
it is connected, and each name when its shard is done. Ray repeats a task whose machine is gone. Only names travel: a
shard and its result are files of the job's folder.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from artextract.core.executors.ray_cluster import CONNECTED, NO_ROOM
from artextract.core.parent import end_with_parent
from artextract.core.runtime import end_in_words, threads

UNREACHABLE = 3  # exit status
LOOK_EVERY = 5.0  # seconds between two looks whether this is still the cluster that the tasks were given to
ATTEMPTS = 5  # machines or processes that a shard may cost before another driver tries
UNDER_WAY = 4  # tasks that the cluster has, for each that it can compute at once
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
PASSED_ON = ("ARTEXTRACT_", "AWS_", "HF_", "XDG_CACHE_HOME", "PYTHONPATH", "TQDM_")
os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "20")  # then Ray ends this process
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


def task_environment() -> dict[str, str]:
    """What a task's process finds in its environment: the same as on this machine, and one number of threads."""
    found = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return found | dict.fromkeys(THREADS, str(threads()))


def compute_shard(folder: str, name: str) -> str:
    """A task: compute one shard; its name."""
    from pathlib import Path

    from artextract.core.executors.job import compute
    from artextract.core.runtime import keep_freed_memory

    keep_freed_memory()
    compute(Path(folder), name)
    return name


def main() -> None:
    """Compute what is asked for."""
    end_in_words()
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the stage too, which ends this process
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Ray prints is no answer
    folder, address = sys.argv[1:]
    names = sys.stdin.read().split()
    import ray  # pyright: ignore[reportMissingImports]

    try:
        ray.init(
            address, logging_level=logging.ERROR, log_to_driver=False, runtime_env={"env_vars": task_environment()}
        )
    except Exception as error:  # of a dozen types, some of them Ray's own
        print(f"ray: {error}", file=sys.stderr)
        sys.exit(UNREACHABLE)
    print(CONNECTED, file=answers)
    if not any(node["Resources"].get("CPU", 0) >= threads() for node in ray.nodes() if node["Alive"]):
        sys.exit(NO_ROOM)
    _hand_out(ray, folder, names, answers)
    ray.shutdown()


def _hand_out(ray: Any, folder: str, names: list[str], answers: Any) -> None:
    from artextract.core.executors import ray_driver  # by its name: this file runs as __main__

    task = ray.remote(num_cpus=threads(), max_retries=ATTEMPTS)(ray_driver.compute_shard)
    waiting, under_way = names[::-1], {}
    while waiting or under_way:
        most = max(1, UNDER_WAY * int(ray.cluster_resources().get("CPU", 0)) // threads())
        while waiting and len(under_way) < most:
            name = waiting.pop()
            under_way[task.remote(folder, name)] = name
        done, _ = ray.wait(list(under_way), num_returns=1, timeout=LOOK_EVERY)
        if not done and not _is_known(ray):
            sys.exit(UNREACHABLE)
        for one in done:
            try:
                ray.get(one)
            except ray.exceptions.RayError as error:  # after all of Ray's own attempts, or its raylet is gone
                print(f"ray: shard {under_way[one]}: {str(error).splitlines()[0]}", file=sys.stderr)
                sys.exit(UNREACHABLE)
            print(under_way.pop(one), file=answers)


def _is_known(ray: Any) -> bool:
    """Whether this process still belongs to the cluster: a head that was restarted knows nobody."""
    own = ray.get_runtime_context().get_node_id()
    return any(node["NodeID"] == own and node["Alive"] for node in ray.nodes())


if __name__ == "__main__":
    main()
