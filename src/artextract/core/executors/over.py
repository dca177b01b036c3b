"""The one seam between what is computed and where: ``over(shards, function)``.

``ARTEXTRACT_EXECUTOR`` chooses where: in this process (not set), ``local`` or ``local:4`` for processes of this
machine, ``ray`` or ``ray:ADDRESS`` for tasks on a Ray cluster that is running, ``slurm`` or ``slurm:16`` for an array
of tasks by ``sbatch``. Results are the same bytes everywhere: a shard does not know where it is computed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import Function, S, forget, is_done, prepare, result
from artextract.core.executors.local import processes, run_local
from artextract.core.executors.ray_cluster import run_ray
from artextract.core.executors.slurm import TASKS, run_slurm

if TYPE_CHECKING:
    from tqdm import tqdm

VARIABLE = "ARTEXTRACT_EXECUTOR"
WAVE = 2048  # shards that are handed out together: the folder of a job stays small
Run = Callable[[Path, list[str]], Iterator[str]]  # computes shards by name, and gives the name of each when it is done


def chosen() -> Run | None:
    """The executor that the environment names; None for this process.

    Raises:
        ArtExtractError: There is no such executor.
    """
    kind, _, rest = os.environ.get(VARIABLE, "").partition(":")
    match kind:
        case "" if not rest:
            return None
        case "local":
            return partial(run_local, workers=_count(rest) if rest else processes())
        case "ray":
            return partial(run_ray, address=rest or "auto")
        case "slurm":
            return partial(run_slurm, tasks=_count(rest) if rest else TASKS)
    raise _unknown()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise _unknown()
    return int(text)


def _unknown() -> ArtExtractError:
    return ArtExtractError(
        f"{VARIABLE} is {os.environ.get(VARIABLE)!r}",
        remedy="unset it to compute in one process, or set it to local, local:PROCESSES, ray, ray:ADDRESS, slurm or "
        "slurm:TASKS",
    )


def over(
    shards: Sequence[S], function: Function[S], *, folder: Path, describe: str, unit: str, keep: bool = False
) -> Generator[Any, None, None]:
    """Map a function over shards, wherever the environment says; results come in order, with progress.

    A shard that was computed before a kill is found in ``folder`` and not computed again, unless its result was taken
    already: the caller keeps what it takes. In this process nothing is kept, and ``function`` looks itself whether its
    shard is done.

    Args:
        shards: See ``Shard``.
        function: A function of a module; called with a shard, and with a function that shows progress.
        folder: For the results while they wait; all processes see it, under the same path. Keyed by all that the
            results depend on besides the shards' names. Only one process hands out work in it at a time.
        describe: Name of the work, in front of the progress bar.
        unit: Name of one item.
        keep: Results stay in ``folder`` when they are taken, until the caller removes it: what is only held in memory
            would be lost in a kill.

    Raises:
        ArtExtractError: Raised by ``function``, or the executor cannot be had, or gave up on a shard.
    """
    from tqdm import tqdm

    run = chosen()
    with tqdm(total=sum(shard.size for shard in shards), desc=describe, unit=unit, mininterval=1) as bar:
        if run is not None:
            for start in range(0, len(shards), WAVE):
                yield from _wave(shards[start : start + WAVE], function, run, folder, bar, keep)
            return
        done = 0
        for shard in shards:
            yield function(shard, bar.update)
            done += shard.size
            bar.update(done - bar.n)


def _wave(
    shards: Sequence[S], function: Function[S], run: Run, folder: Path, bar: tqdm[Any], keep: bool
) -> Iterator[Any]:
    undone = prepare(folder, shards, function)
    sizes = {shard.name: shard.size for shard in shards}
    if len(sizes) < len(shards):
        raise RuntimeError("two shards have one name")
    waiting, done = set(undone), run(folder, undone) if undone else iter(())
    bar.update(sum(size for name, size in sizes.items() if name not in waiting))
    try:
        for shard in shards:
            while shard.name in waiting:
                name = next(done)
                if not is_done(folder, name):
                    result(folder, name)  # raises what its function has raised: at once, whoever's turn it is
                waiting.discard(name)
                bar.update(sizes[name])
            yield result(folder, shard.name)
            if not keep:
                forget(folder, shard.name)
    finally:
        if close := getattr(done, "close", None):
            close()
