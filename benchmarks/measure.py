"""Two ways of doing the same work, timed in turn, so that what else the machine does hits both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.machine import wait


class Skipped(Exception):
    """A benchmark cannot run here; the message says why."""


@dataclass(frozen=True)
class Size:
    """How much work a benchmark does.

    Attributes:
        name: tiny (tests), quick or full.
        repeats: Timed runs of either side, after one that is not timed.
        images: Paintings, at most; there are 174 of them.
        vectors: Most vectors of a search.
        works: Works of which pairs are mined, and that the siamese network is trained with.
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
        run: Does it once.
        items: How many items that is.
    """

    run: Callable[[], object]
    items: int


@dataclass(frozen=True)
class Pair:
    """Both ways, set up.

    Attributes:
        naive: What one would write first.
        ours: What ArtExtract does.
        agreement: How alike the results are, in words and numbers; called after the timing.
        flops: Floating-point operations an item, two for a multiplication with its addition; None: not known.
        precision: In which ``ours`` computes: the roof that it is held against.
        name: More exactly what ``ours`` is, where only the machine decides.
        device: Where both compute: on a GPU (``cuda``) wall seconds count, of which processor seconds say nothing.
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
        """Whose seconds count."""
        return "processor" if self.device == "cpu" else "wall"

    @property
    def roof(self) -> str:
        """Key of ``machine.roofs``."""
        return self.precision if self.device == "cpu" else f"{self.device} {self.precision}"


@dataclass(frozen=True)
class Benchmark:
    """What is compared.

    Attributes:
        name: On the command line.
        unit: Of an item, in the plural.
        work: What is done.
        naive: What one would write first, in words.
        ours: What ArtExtract does, in words.
        make: Sets both up; raises ``Skipped``.
    """

    name: str
    unit: str
    work: str
    naive: str
    ours: str
    make: Callable[[Size], Pair]


@dataclass(frozen=True)
class Rate:
    """Items a second, the median over the runs."""

    cpu: float  # of processor time, all threads together
    wall: float


@dataclass(frozen=True)
class Result:
    """What was measured."""

    benchmark: Benchmark
    pair: Pair
    naive: Rate
    ours: Rate
    cpu_ratio: float  # median of the ratios of neighbouring runs; above 1 ours needs less processor time
    wall_ratio: float
    agreement: str

    @property
    def ratio(self) -> float:
        """Of the seconds that count."""
        return self.cpu_ratio if self.pair.clock == "processor" else self.wall_ratio

    def rates(self) -> tuple[float, float]:
        """Items of naive and of ours in a second that counts."""
        naive, ours = self.naive, self.ours
        return (naive.cpu, ours.cpu) if self.pair.clock == "processor" else (naive.wall, ours.wall)


def _timed(side: Side) -> tuple[float, float]:
    """Processor and wall seconds an item; a GPU has done its work at the end."""
    wait()
    cpu, wall = time.process_time(), time.perf_counter()
    side.run()
    wait()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return max(cpu, 1e-9) / side.items, max(wall, 1e-9) / side.items


def measure(benchmark: Benchmark, size: Size) -> Result:
    """Set up, warm up, and time both sides in turn.

    Raises:
        Skipped: It cannot run here.
    """
    pair = benchmark.make(size)
    pair.naive.run()
    pair.ours.run()
    naive, ours = [], []
    for turn in range(size.repeats):
        # Every second turn the other way round: whoever comes second finds warmer caches.
        for side in ("naive", "ours") if turn % 2 == 0 else ("ours", "naive"):
            (naive if side == "naive" else ours).append(_timed(getattr(pair, side)))
    cpu, wall = (statistics.median(n[i] / o[i] for n, o in zip(naive, ours, strict=True)) for i in (0, 1))
    rates = [Rate(*(1 / statistics.median(run[i] for run in runs) for i in (0, 1))) for runs in (naive, ours)]
    return Result(benchmark, pair, rates[0], rates[1], cpu, wall, pair.agreement())
