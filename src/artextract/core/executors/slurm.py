"""Shards as an array of tasks that Slurm runs: one ``sbatch --wait``, whose command line is made here.

What the array needs besides (account, partition, memory, time) is told by ``ARTEXTRACT_SLURM_OPTIONS``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from artextract.core.atomic import write_text
from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import finished
from artextract.core.executors.local import WORKER, environment
from artextract.core.runtime import threads

OPTIONS = "ARTEXTRACT_SLURM_OPTIONS"
TASKS = 16  # of the array, where the environment names no number
ATTEMPTS = 3  # arrays that may end without having done one shard more
LOOK_EVERY = 0.5  # seconds between two looks into the folder
LAST_LINES = 5  # of a task's output, in the message
NAMES = "names.txt"


def command(folder: Path, count: int) -> list[str]:
    """The command line that submits an array and waits for its end.

    Args:
        folder: The job's; ``names.txt`` in it lists the shards.
        count: Tasks of the array; each computes every ``count``-th shard of the list.
    """
    task = [sys.executable, "-m", WORKER, str(folder), str(folder / NAMES), str(count)]
    return [
        "sbatch",
        "--wait",
        "--parsable",
        f"--array=0-{count - 1}",
        f"--cpus-per-task={threads()}",
        "--job-name=artextract",
        f"--chdir={os.getcwd()}",
        f"--output={folder}/task-%a.txt",
        *shlex.split(os.environ.get(OPTIONS, "")),
        f"--wrap={shlex.join(task)}",
    ]


def run_slurm(folder: Path, names: Sequence[str], *, tasks: int) -> Iterator[str]:
    """Compute shards by Slurm; the name of each when it is done, in any order.

    What a task that was killed has not done is submitted again.

    Args:
        folder: The job's; all machines see it under the same path.
        names: The shards.
        tasks: Of the array, at most.

    Raises:
        ArtExtractError: There is no sbatch, or ``ATTEMPTS`` arrays in a row have done nothing.
    """
    left, idle = dict.fromkeys(names), 0
    while left:
        before = len(left)
        write_text(folder / NAMES, "".join(f"{name}\n" for name in left))
        with _submitted(command(folder, min(tasks, len(left)))) as array:
            try:
                running = True
                while running:
                    running = array.poll() is None
                    for name in finished(folder) & left.keys():
                        del left[name]
                        yield name
                    if running and left:
                        time.sleep(LOOK_EVERY)
            finally:
                if left:
                    _cancel(array)
                else:
                    array.wait()
        idle = idle + 1 if len(left) == before else 0
        if idle == ATTEMPTS:
            raise _failed(folder, array.returncode)


def _submitted(words: Sequence[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment())
    except FileNotFoundError as error:
        raise ArtExtractError(
            "there is no command sbatch here",
            remedy="start this on a machine that may submit to Slurm, or set ARTEXTRACT_EXECUTOR to local or ray",
        ) from error


def _cancel(array: subprocess.Popen[str]) -> None:
    """Take back an array that is still running: its number is the first line that sbatch has printed."""
    if array.poll() is not None:
        return
    array.terminate()
    assert array.stdout is not None
    number = array.stdout.readline().strip().partition(";")[0]
    if number:
        subprocess.run(["scancel", number], check=False)


def _failed(folder: Path, status: int) -> ArtExtractError:
    outputs = sorted(folder.glob("task-*.txt"))
    lines = outputs[0].read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:] if outputs else []
    return ArtExtractError(
        f"{ATTEMPTS} arrays of Slurm in a row have computed nothing (status {status})"
        + "".join(f"\n  {line}" for line in lines),
        where=str(folder),
        remedy=f"set what your cluster demands in {OPTIONS}, such as --account, --partition, --mem, --time",
    )
