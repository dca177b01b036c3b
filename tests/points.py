"""The points of a process at which it changes a file, counted, and the process ended at one of them."""

from __future__ import annotations

import builtins
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"}


@dataclass
class Points:
    """Counts the points of this process, and ends it at one of them.

    Attributes:
        roots: Folders in which changes count.
        kill_at: Number of the point that ends the process; 0 = none.
        power: Cut what was not flushed.
        said: File to which the points are written, one per line.
        victim: Process that is killed; 0 = this one.
    """

    roots: tuple[str, ...]
    kill_at: int
    power: bool
    said: Path
    victim: int = 0
    count: int = 0
    began: int = 0
    flushed: dict[int, tuple[int, int]] = field(default_factory=dict)
    busy: threading.RLock = field(default_factory=threading.RLock)
    quiet: threading.local = field(default_factory=threading.local)

    def inside(self, path: Any) -> bool:
        if isinstance(path, int) or not isinstance(path, str | bytes | os.PathLike):
            return False
        name = os.path.abspath(os.fsdecode(path))
        return name.startswith(self.roots) and not name.endswith((".lock", ".pyc", str(self.said)))

    def reach(self, what: str, path: Any, torn: Callable[[], object] | None = None) -> None:
        """Count a point, and end the process if it is the one."""
        if getattr(self.quiet, "on", False):
            return
        with self.busy:
            self.quiet.on = True
            try:
                self.count += 1
                name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
                for root in self.roots:
                    name = name.replace(f"{os.path.dirname(root)}/", "")
                with self.said.open("a") as handle:
                    handle.write(f"{self.count} {what} {name}\n")
                if self.count == self.kill_at:
                    if torn is not None:
                        torn()
                    if self.power:
                        self.cut()
                    os.kill(self.victim or os.getpid(), signal.SIGKILL)
            finally:
                self.quiet.on = False

    def flush(self, descriptor: int) -> None:
        state = os.fstat(descriptor)
        self.flushed[state.st_ino] = state.st_mtime_ns, state.st_size

    def cut(self) -> None:
        """Cut every file that was written by this process and not flushed since: to nothing, or to half."""
        for root in self.roots:
            for path in sorted(Path(root).rglob("*")):
                state = path.lstat()
                written = state.st_mtime_ns >= self.began and path.is_file() and not path.name.endswith(".lock")
                if written and self.flushed.get(state.st_ino) != (state.st_mtime_ns, state.st_size):
                    os.truncate(path, state.st_size // 2 if self.kill_at % 2 else 0)


def arm(points: Points) -> None:
    """Watch all changes of this process from now on; there is no way back."""
    points.began = time.time_ns() - 20_000_000  # the clock of a file system is coarser than this one

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & WRITES and points.inside(path):
                points.reach("open", path)
        elif event in CHANGES and (points.inside(arguments[0]) or points.inside(arguments[-1])):
            points.reach(event, arguments[0])

    sys.addaudithook(heard)
    _watch_writes(points)
    _watch_flushes(points)


def _watch_writes(points: Points) -> None:
    class Raw(io.FileIO):
        def write(self, data: Any, /) -> int:
            half = bytes(memoryview(data).cast("B")[: memoryview(data).nbytes // 2])
            points.reach("write", _path_of(self.fileno()), lambda: super(Raw, self).write(half))
            return super().write(data)

    plain = io.open

    def opened(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **named: Any) -> Any:
        place = _path_of(file) if isinstance(file, int) else file
        if not set(mode) & set("wax+") or not points.inside(place) or buffering == 0 or named.get("opener"):
            return plain(file, mode, buffering, *more, **named)
        raw = Raw(file, mode.replace("b", "").replace("t", ""), named.pop("closefd", True))
        buffer = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, *more, **named)

    builtins.open = io.open = opened  # type: ignore[assignment]


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def _watch_flushes(points: Points) -> None:
    def wrapped(name: str) -> None:
        plain = getattr(os, name)

        def call(descriptor: Any, *rest: Any) -> Any:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            path = _path_of(number)
            if points.inside(path):
                points.reach(name, path)
            done = plain(descriptor, *rest)
            if name in ("fsync", "fdatasync"):
                points.flush(number)
            return done

        setattr(os, name, call)

    for name in ("fsync", "fdatasync", "posix_fallocate", "ftruncate"):
        wrapped(name)
    flush = np.memmap.flush

    def flush_map(array: np.memmap) -> None:
        if points.inside(array.filename):
            points.reach("flush", array.filename)
        flush(array)
        if array.filename is not None:
            with open(array.filename, "rb") as handle:
                points.flush(handle.fileno())

    np.memmap.flush = flush_map  # type: ignore[method-assign]
