"""``dvc repro`` with several stages at once: those that do not need each other run side by side.

Each stage is run by DVC itself (``dvc --wait-for-lock repro --single-item STAGE``) in a process of its own, in the
working copy. DVC holds the lock of the repository while it looks and saves, but not while a command runs, and it locks
paths by their readers and writers: stages that wait for each other here never meet there. The processes are forks of
this one, since DVC takes a second to start.
"""

from __future__ import annotations

import os
import selectors
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from artextract.core.parent import end_with_parent
from artextract.runs.plan import Plan, plan

BAR_EVERY = 10.0  # seconds between two lines of a progress bar
STOPPED = 130


@dataclass
class Lines:
    """Output of a process as whole lines; a bar, which writes over its own line, is shown now and then."""

    rest: bytes = b""
    shown: float = field(default_factory=time.monotonic)

    def feed(self, data: bytes) -> list[str]:
        """Lines that are complete now.

        Args:
            data: What was written; empty at the end.
        """
        found = []
        self.rest += data.replace(b"\r\n", b"\n")
        while b"\n" in self.rest:
            line, self.rest = self.rest.split(b"\n", 1)
            found.append(line.rpartition(b"\r")[2])
        begin, bar, last = self.rest.rpartition(b"\r")
        if bar:
            if last and time.monotonic() - self.shown > BAR_EVERY:
                found.append(last)
                self.shown = time.monotonic()
            elif not last:  # the bar is between two pictures of itself
                last = begin.rpartition(b"\r")[2]
            self.rest = bar + last
        if not data and self.rest:
            found.append(self.rest.rpartition(b"\r")[2])
            self.rest = b""
        return [line.decode(errors="replace").rstrip() for line in found if line.strip()]


@dataclass
class _Job:
    """A stage that runs."""

    name: str
    process: int
    pipe: int
    lines: Lines = field(default_factory=Lines)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        failed: Stages that failed.
        skipped: Stages that were not started, since they need one that failed.
        stopped: Ctrl-C ended the run.
    """

    failed: list[str]
    skipped: list[str]
    stopped: bool = False

    @property
    def status(self) -> int:
        """Exit status of the command."""
        return STOPPED if self.stopped else int(bool(self.failed))


def repro(targets: Sequence[str], jobs: int, *, force: bool, say: Callable[[str], object]) -> Outcome:
    """Run what is stale, as ``dvc repro`` does, with up to ``jobs`` stages at once.

    A stage that fails takes nothing with it but the stages that need it: the others are run to their end.

    Args:
        targets: As for ``dvc repro``.
        jobs: Stages at once.
        force: Run them even where nothing has changed.
        say: Called with each line of output, behind the name of its stage.

    Raises:
        ArtExtractError: There is no repository of DVC here, or no such stage.
    """
    from artextract.runs.lock_order import in_order, keys

    planned = plan(targets)
    before = keys(planned)
    try:
        return _Run(planned, jobs, force, say).to_the_end()
    finally:
        in_order(planned, before)


class _Run:
    def __init__(self, planned: Plan, jobs: int, force: bool, say: Callable[[str], object]):
        self.plan, self.jobs, self.force, self.say = planned, jobs, force, say
        self.waiting, self.done, self.failed = list(planned.needs), set[str](), list[str]()
        self.running, self.stopped = dict[int, _Job](), False
        self.selector = selectors.DefaultSelector()

    def to_the_end(self) -> Outcome:
        while True:
            try:
                self._start_what_can()
                if not self.running:
                    break
                self._read()
            except KeyboardInterrupt:  # the stages have got it too, and end by themselves
                self.stopped, self.waiting = True, []
        after = self.plan.after(set(self.failed))
        return Outcome(self.failed, [name for name in self.plan.needs if name in after], self.stopped)

    def _start_what_can(self) -> None:
        for name in list(self.waiting):
            if len(self.running) >= self.jobs:
                return
            if self.plan.needs[name] <= self.done:
                self.waiting.remove(name)
                job = _start(name, self.force)
                self.running[job.pipe] = job
                self.selector.register(job.pipe, selectors.EVENT_READ)

    def _read(self) -> None:
        for key, _ in self.selector.select():
            job = self.running[key.fd]
            data = os.read(job.pipe, 1 << 16)
            for line in job.lines.feed(data):
                self.say(f"[{job.name}] {line}")
            if not data:
                self._ended(job)

    def _ended(self, job: _Job) -> None:
        self.selector.unregister(job.pipe)
        os.close(job.pipe)
        del self.running[job.pipe]
        _, status = os.waitpid(job.process, 0)
        if os.waitstatus_to_exitcode(status):
            self.failed.append(job.name)
        else:
            self.done.add(job.name)


def _start(name: str, force: bool) -> _Job:
    import dvc.cli  # noqa: F401  # before the fork, once for all

    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        os.close(writing)
        return _Job(name, process, reading)
    status = 1
    try:
        os.close(reading)
        for stream in (1, 2):
            os.dup2(writing, stream)
        os.close(writing)
        status = _dvc(name, force)
    except BaseException:  # a fork must not go on as if it were this process
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _dvc(name: str, force: bool) -> int:
    from dvc.cli import main

    os.environ["DVC_NO_ANALYTICS"] = "1"  # what DVC starts for them in the background would end with this process
    end_with_parent()
    words = ["--wait-for-lock", "repro", "--single-item", *(["--force"] if force else []), name]
    try:
        return main(words)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
