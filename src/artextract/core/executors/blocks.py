"""Blocks of one task that are computed wherever the environment says: a task that can be pickled, arrays and all.

Where an executor is named, the task is laid out in a folder once: its large arrays as files by their content, which
each process maps, and the rest as a pickle. A shard is then no more than the folder and the block's number.
"""

from __future__ import annotations

import hashlib
import io
import pickle  # nosec B403
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from artextract.core.atomic import write_bytes
from artextract.core.executors.job import Tick
from artextract.core.executors.over import chosen, over
from artextract.core.executors.rows import require_same
from artextract.core.files import write_array
from artextract.core.fingerprint import code_of, content_key, libraries, sha256_bytes
from artextract.core.progress import progress
from artextract.core.runtime import threads
from artextract.core.scratch import discard, scratch

LARGE = 1 << 16  # bytes from which an array is a file of its own
TASK = "task.pickle"
LIBRARIES = ("numpy", "scipy", "pandas", "torch", "sentence-transformers", "transformers", "tokenizers")


class Task(Protocol):
    """Work in blocks, each of which can be computed by itself."""

    @property
    def blocks(self) -> Sequence[int]:
        """Number of items of each block, for the progress bar."""
        ...

    def block(self, number: int) -> np.ndarray:
        """The result of one block."""
        ...


def blocks_over(task: Task, code: str, describe: str, unit: str) -> Iterator[np.ndarray]:
    """The results of all blocks, in order, wherever they are computed.

    Args:
        task: What has to be computed; it can be pickled.
        code: Name of the module that computes it; it counts with everything that it imports.
        describe: Name of the work, in front of the progress bar.
        unit: Name of one item.

    Raises:
        ArtExtractError: Raised by the task, or by ``over``.
    """
    if chosen() is None:
        numbers = range(len(task.blocks))
        yield from (task.block(number) for number in progress(numbers, describe, "block"))
        return
    laid_out, arrays = _laid_out(task)
    digits = digits_of(code)
    with scratch("handed-out", sha256_bytes(laid_out), digits) as folder:
        for name, array in arrays.items():
            if not (folder / f"{name}.npy").is_file():
                write_array(folder / f"{name}.npy", array)
        write_bytes(folder / TASK, laid_out)
        shards = [Block(f"block-{i:06d}", str(folder), code, digits, i, size) for i, size in enumerate(task.blocks)]
        yield from over(shards, compute_block, folder=folder / "job", describe=describe, unit=unit, keep=True)
        discard(folder)


@dataclass(frozen=True)
class Block:
    """One block for another process: see ``core.executors.job.Shard``.

    Attributes:
        name: By its number.
        folder: Where the task is laid out.
        code: See ``blocks_over``.
        digits: See ``digits_of``.
        number: Of the block.
        size: Number of items.
    """

    name: str
    folder: str
    code: str
    digits: str
    number: int
    size: int


def compute_block(block: Block, tick: Tick) -> np.ndarray:
    """The result of a block.

    Raises:
        ArtExtractError: This process would compute other digits.
    """
    require_same(block.digits, digits_of(block.code), f"numpy {np.__version__}")
    return _taken_up(block.folder).block(block.number)


@lru_cache(maxsize=1)
def _taken_up(folder: str) -> Task:
    """The task of a folder, once for all of its blocks that a process computes."""
    return _Reader(io.BytesIO((Path(folder) / TASK).read_bytes()), Path(folder)).load()


@lru_cache(maxsize=4)
def digits_of(module: str) -> str:
    """What the digits of a result depend on besides the task: code, libraries, threads, and the processor.

    Processors are told apart by what they make of a product of matrices.

    Args:
        module: Whose code counts, with all that it imports.
    """
    rows = np.random.default_rng(0).standard_normal((96, 1280), dtype=np.float32)
    product = sha256_bytes((rows @ rows.T).tobytes() + (rows[:1] @ rows.T).tobytes())
    return content_key(code_of(module), libraries(*LIBRARIES), threads(), product, sys.version_info[:2])


def _laid_out(task: Task) -> tuple[bytes, dict[str, np.ndarray]]:
    """A task pickled without its large arrays, and these by the hash of their content."""
    buffer = io.BytesIO()
    writer = _Writer(buffer)
    writer.dump(task)
    return buffer.getvalue(), writer.arrays


class _Writer(pickle.Pickler):
    """Leaves large arrays out, and keeps them by the hash of their content."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file, protocol=5)
        self.arrays: dict[str, np.ndarray] = {}
        self._seen: dict[int, tuple[np.ndarray, str]] = {}  # arrays are held, so that none takes another's number

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, np.ndarray) or obj.dtype.hasobject or obj.nbytes < LARGE:
            return None
        if id(obj) not in self._seen:
            content = hashlib.sha256(f"{obj.dtype.str}{obj.shape}".encode())
            content.update(np.ascontiguousarray(obj).data.cast("B"))
            self.arrays[content.hexdigest()] = obj
            self._seen[id(obj)] = obj, content.hexdigest()
        return self._seen[id(obj)][1]


class _Reader(pickle.Unpickler):
    """Maps the arrays that were left out."""

    def __init__(self, file: io.BytesIO, folder: Path):
        super().__init__(file)
        self._folder = folder

    def persistent_load(self, pid: Any) -> np.ndarray:
        return np.load(self._folder / f"{pid}.npy", mmap_mode="r", allow_pickle=False)
