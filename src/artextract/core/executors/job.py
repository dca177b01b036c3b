"""A job in a folder: for each shard what is to be computed, and what came of it.

Any process that sees the folder can compute any of its shards, by name. A result is sealed (``core/kept.py``): a shard
that has one is done, whoever computed it, and is not computed again. One process at a time computes a shard.

For the shard NAME the folder holds NAME.shard (the working directory, the function and the shard, pickled), then
NAME.npy or NAME.json with its seal, or NAME.error. All of them are written by processes of this user for each other.
"""

from __future__ import annotations

import io
import json
import os
import pickle  # nosec B403
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from artextract.core.atomic import write_bytes, write_text
from artextract.core.errors import ArtExtractError
from artextract.core.kept import dropped_unless_intact, keep_bytes, open_folder, remove
from artextract.core.temporary import sweep
from artextract.core.words import in_words

SHARD, ERROR, LOCK, ARRAY, JSON = ".shard", ".error", ".lock", ".npy", ".json"
FINISHED = (ARRAY, JSON, ERROR)


class Shard(Protocol):
    """A small description of a part of the work: paths, rows, parameters. It can be pickled."""

    @property
    def name(self) -> str:
        """A file name, its own in the job, and the same in every run that has this shard."""
        ...

    @property
    def size(self) -> int:
        """Number of items, for the progress bar."""
        ...


S = TypeVar("S", bound=Shard)
Tick = Callable[[int], object]  # told how many more items are done
Function = Callable[[S, Tick], Any]  # gives an array, or what JSON can hold; computing a shard twice does no harm


def no_tick(count: int) -> None:
    """Show no progress: a shard that is computed elsewhere is shown when it is done."""


def prepare(folder: Path, shards: Sequence[S], function: Function[S]) -> list[str]:
    """Write the shards that are still to be computed into the folder; their names.

    Args:
        folder: The job's folder, for this work alone; only one process prepares it at a time.
        shards: With names of their own.
        function: A function of a module.
    """
    sweep(open_folder(folder))
    undone = []
    for shard in shards:
        if not is_done(folder, shard.name):
            (folder / f"{shard.name}{ERROR}").unlink(missing_ok=True)
            write_bytes(folder / f"{shard.name}{SHARD}", pickle.dumps((os.getcwd(), function, shard)))
            undone.append(shard.name)
    return undone


def is_done(folder: Path, name: str) -> bool:
    """Whether a shard has a result that is intact; a damaged one is dropped."""
    return any(dropped_unless_intact(folder / f"{name}{suffix}", "the result of a shard") for suffix in (ARRAY, JSON))


def compute(folder: Path, name: str) -> None:
    """Compute a shard and keep its result, or the reason why it has none; nothing where it is done or not asked for."""
    from filelock import FileLock

    task = folder / f"{name}{SHARD}"
    if not task.is_file():  # a second attempt that comes after everything was taken
        return
    with FileLock(folder / f"{name}{LOCK}"):
        if not task.is_file() or is_done(folder, name):
            return
        try:
            directory, function, shard = pickle.loads(task.read_bytes())  # nosec B301
            os.chdir(directory)
            _keep(folder / name, function(shard, no_tick))
        except Exception as error:
            write_text(folder / f"{name}{ERROR}", json.dumps(_told(error)))


def _keep(stem: Path, found: Any) -> None:
    if isinstance(found, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, found, allow_pickle=False)
        keep_bytes(stem.with_name(stem.name + ARRAY), buffer.getvalue())
    else:
        keep_bytes(stem.with_name(stem.name + JSON), json.dumps(found).encode())


def _told(error: Exception) -> dict[str, str | None]:
    known = in_words(error)
    if known is None:
        return {"traceback": "".join(traceback.format_exception(error))}
    return {"problem": known.problem, "where": known.where, "remedy": known.remedy}


def finished(folder: Path) -> set[str]:
    """Names of the shards that have a result, or a reason why they have none; by one look at the folder."""
    return {name.removesuffix(suffix) for name in os.listdir(folder) for suffix in FINISHED if name.endswith(suffix)}


def result(folder: Path, name: str) -> Any:
    """The result of a shard.

    Raises:
        ArtExtractError: Its function has raised it.
        RuntimeError: Its function has raised something else, or the result was damaged.
    """
    failed = folder / f"{name}{ERROR}"
    if failed.is_file():
        told = json.loads(failed.read_text(encoding="utf-8"))
        if "traceback" in told:
            raise RuntimeError(f"shard {name} failed:\n{told['traceback']}")
        raise ArtExtractError(told["problem"], where=told["where"], remedy=told["remedy"])
    if not is_done(folder, name):
        raise RuntimeError(f"shard {name} was said to be done, and has no intact result in {folder}")
    array = folder / f"{name}{ARRAY}"
    if array.is_file():
        return np.load(array, allow_pickle=False)
    return json.loads((folder / f"{name}{JSON}").read_text(encoding="utf-8"))


def forget(folder: Path, name: str) -> None:
    """Remove a shard that is done and whose result has been taken."""
    (folder / f"{name}{SHARD}").unlink(missing_ok=True)  # first: who comes late finds nothing to do
    for suffix in (ARRAY, JSON, LOCK):
        remove(folder / f"{name}{suffix}")
