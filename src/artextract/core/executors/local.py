"""Shards in processes of this machine. A process that is killed is replaced, and its shard is computed again."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import SRC
from artextract.core.runtime import threads

ATTEMPTS = 3  # processes that a shard may cost
AHEAD = 2  # shards that a process has: the one that it computes, and the next
BLOCK = 1 << 16
WORKER = "artextract.core.executors.worker"


def processes() -> int:
    """As many processes as this machine has room for, each with ``threads()`` threads."""
    return max(1, len(os.sched_getaffinity(0)) // threads())


def environment() -> dict[str, str]:
    """The environment of a process that computes shards: the same code, no bars, and no executor of its own."""
    found = {name: value for name, value in os.environ.items() if name != "ARTEXTRACT_EXECUTOR"}
    paths = [str(SRC), os.getcwd(), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return found | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "TQDM_DISABLE": "1"}


class Process:
    """A process that is given names of shards, a line each, and answers with the name of each that is done."""

    def __init__(self, arguments: Sequence[str]):
        """Start it: ``python -m`` with these arguments."""
        command = [sys.executable, "-m", *arguments]
        self.given: deque[str] = deque()
        self._rest = b""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), bufsize=0
        )

    def fileno(self) -> int:
        """What its answers are read from, for a selector."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def give(self, names: Sequence[str]) -> None:
        """Hand out shards; a process that is dead takes them too, and is found dead when it is read from."""
        assert self._process.stdin is not None
        self.given.extend(names)
        try:
            self._process.stdin.write("".join(f"{name}\n" for name in names).encode())
        except BrokenPipeError:
            pass

    def answers(self) -> list[str] | None:
        """Lines that have come, after a wait for the first; None where the process has ended."""
        data = os.read(self.fileno(), BLOCK)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines] if data else None

    def close_input(self) -> None:
        """Let it end when it has done what it was given."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def status(self) -> int:
        """Its exit status, after its end."""
        return self._process.wait()

    def end(self) -> None:
        """End it, whatever it is doing: its shards are computed again where they are wanted."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def run_local(folder: Path, names: Sequence[str], *, workers: int) -> Iterator[str]:
    """Compute shards in processes of this machine; the name of each when it is done, in any order.

    Args:
        folder: The job's.
        names: The shards.
        workers: Processes. Each has ``ARTEXTRACT_THREADS`` threads, as the digits of a result depend on them.

    Raises:
        ArtExtractError: A shard has ended its process ``ATTEMPTS`` times.
    """
    waiting, killed = deque(names), Counter[str]()
    alive: list[Process] = []
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or any(process.given for process in alive):
                while len(alive) < min(workers, len(waiting) + sum(bool(process.given) for process in alive)):
                    alive.append(Process([WORKER, str(folder)]))
                    selector.register(alive[-1], selectors.EVENT_READ, alive[-1])
                _hand_out(waiting, alive)
                for key, _ in selector.select():
                    process: Process = key.data
                    found = process.answers()
                    if found is None:
                        selector.unregister(process)
                        alive.remove(process)
                        _take_back(process, waiting, killed)
                        continue
                    for name in found:
                        process.given.remove(name)
                    _hand_out(waiting, alive)
                    yield from found
        finally:
            for process in alive:
                process.end()


def _hand_out(waiting: deque[str], alive: Sequence[Process]) -> None:
    for ahead in range(1, AHEAD + 1):  # to each its first, before any gets a second
        for process in alive:
            if waiting and len(process.given) < ahead:
                process.give([waiting.popleft()])


def _take_back(process: Process, waiting: deque[str], killed: Counter[str]) -> None:
    """What a dead process was given waits again."""
    status = process.status()
    if process.given:
        name = process.given[0]
        killed[name] += 1
        if killed[name] >= ATTEMPTS:
            raise ArtExtractError(
                f"the process that computes shard {name} has ended {ATTEMPTS} times (status {status})",
                remedy="its last lines are above; where the memory does not suffice, set fewer processes: "
                "ARTEXTRACT_EXECUTOR=local:1",
            )
    waiting.extendleft(reversed(process.given))
    process.end()
