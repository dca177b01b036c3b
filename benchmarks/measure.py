"""Times two ways of doing the same work in turn, so that other load on the machine affects both of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.machine import wait


class Skipped(Exception):
    """The benchmark cannot run on this machine; the message says why."""


@dataclass(frozen=True)
class Size:
    """How much work a benchmark does.

    Attributes:
        name: Name of the size: tiny (for tests), quick or full.
        repeats: Number of timed runs of each side, after one run that is not timed.
        images: Largest number of paintings; the sample has 174.
        vectors: Largest number of vectors in a search.
        works: Number of works from which pairs are mined and with which the siamese network is trained.
    """

    name: Literal["tiny", "quick", "full"]
    repeats: int
    images: int
    vectors: int
    works: int


SIZES = {
    "tiny": Size("tiny", 1, 6, 500, 60),
    "quick": Size("quick", 2, 24, 20_000, 1000),
    "full": Size("full", 5, 174, 1_000_000, 4000),
}


@dataclass(frozen=True)
class Side:
    """One way of doing the work.

    Attributes:
        run: Does the work once.
        items: Number of items that one run processes.
    """

    run: Callable[[], object]
    items: int


@dataclass(frozen=True)
class Pair:
    """Both ways of doing the work, set up and ready to be timed.

    Attributes:
        naive: The straightforward implementation.
        ours: ArtExtract's implementation.
        agreement: Function that says in words and numbers how similar the two results are; called after the timing.
        flops: Floating-point operations per item, where a multiplication with its addition counts as two; None if
            they are not known.
        precision: Precision that ``ours`` computes in; its speed is compared with the roof of this precision.
        name: Exact name of the backend that ``ours`` uses, if that depends on the machine.
        device: Device that both compute on. On a GPU (``cuda``) wall seconds count, since processor seconds do not
            include the GPU's work.
    """

    naive: Side
    ours: Side
    agreement: Callable[[], str]
    flops: float | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    name: str = ""
    device: str = "cpu"

    @property
    def clock(self) -> Literal["processor", "wall"]:
        """The clock whose seconds count: the processor's, or the wall clock on a GPU."""
        return "processor" if self.device == "cpu" else "wall"

    @property
    def roof(self) -> str:
        """Key of the roof in ``machine.roofs`` that ``ours`` is compared with."""
        return self.precision if self.device == "cpu" else f"{self.device} {self.precision}"


@dataclass(frozen=True)
class Benchmark:
    """A piece of work, and the two ways of doing it.

    Attributes:
        name: Name of the benchmark on the command line.
        unit: Name of the items that are counted, in the plural.
        work: Description of the work.
        naive: Description of the straightforward implementation.
        ours: Description of ArtExtract's implementation.
        make: Function that sets both up; it raises ``Skipped`` if the benchmark cannot run here.
    """

    name: str
    unit: str
    work: str
    naive: str
    ours: str
    make: Callable[[Size], Pair]


@dataclass(frozen=True)
class Rate:
    """Items per second, the median over the runs."""

    cpu: float  # per second of processor time, all threads together
    wall: float


@dataclass(frozen=True)
class Result:
    """Measurements of one benchmark."""

    benchmark: Benchmark
    pair: Pair
    naive: Rate
    ours: Rate
    cpu_ratio: float  # median of the ratios within each turn; above 1, ours needs less processor time
    wall_ratio: float
    agreement: str

    @property
    def ratio(self) -> float:
        """Ratio naive / ours in the seconds that count (see ``Pair.clock``)."""
        return self.cpu_ratio if self.pair.clock == "processor" else self.wall_ratio

    def rates(self) -> tuple[float, float]:
        """Items per second of naive and of ours, in the seconds that count."""
        naive, ours = self.naive, self.ours
        return (naive.cpu, ours.cpu) if self.pair.clock == "processor" else (naive.wall, ours.wall)


def _timed(side: Side) -> tuple[float, float]:
    """Processor seconds and wall seconds per item, measured when a GPU has finished its work."""
    wait()
    cpu, wall = time.process_time(), time.perf_counter()
    side.run()
    wait()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return max(cpu, 1e-9) / side.items, max(wall, 1e-9) / side.items


def measure(benchmark: Benchmark, size: Size) -> Result:
    """Set a benchmark up, run each side once untimed, then time both sides in turn.

    Raises:
        Skipped: The benchmark cannot run on this machine.
    """
    pair = benchmark.make(size)
    pair.naive.run()
    pair.ours.run()
    naive, ours = [], []
    for turn in range(size.repeats):
        # Every second turn runs in reverse order, since the side that runs second has warmer caches.
        for side in ("naive", "ours") if turn % 2 == 0 else ("ours", "naive"):
            (naive if side == "naive" else ours).append(_timed(getattr(pair, side)))
    cpu, wall = (statistics.median(n[i] / o[i] for n, o in zip(naive, ours, strict=True)) for i in (0, 1))
    rates = [Rate(*(1 / statistics.median(run[i] for run in runs) for i in (0, 1))) for runs in (naive, ours)]
    return Result(benchmark, pair, rates[0], rates[1], cpu, wall, pair.agreement())
