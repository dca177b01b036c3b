"""How time and memory grow with the number of works, a fresh process for each point.

Memory is what a process holds privately at its peak, over what it held before the work: pages of mapped files, which
the kernel may drop at any time, are left out. Images, and vectors of one work, are repeated where there are too few.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import on_gpu, wait
from benchmarks.memory import PeakMemory, limit_memory
from benchmarks.stage_work import WORKS
from benchmarks.works import ROOT

COUNTS = {"tiny": (20, 40), "quick": (500, 1000, 2000), "full": (1000, 4000, 16_000, 64_000)}
LIMIT = 900  # seconds for a point


def point(name: str, n: int) -> dict[str, Any]:
    """One point, in this process: seconds, processor seconds and peak memory, or the reason why there are none."""
    from artextract.core.compute import set_threads

    set_threads()
    limit_memory()
    try:
        run = WORKS[name].setup(n)
        with PeakMemory() as memory:
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            wait()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    except (MemoryError, RuntimeError) as error:  # torch raises a RuntimeError for memory
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return {"work": name, "n": n, "note": "did not fit into memory"}
    return {"work": name, "n": n, "seconds": wall, "cpu_seconds": cpu, "memory_mib": memory.bytes / 2**20, "note": ""}


def _in_a_process(name: str, n: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scaling", name, str(n)]
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"work": name, "n": n, "note": f"took more than {LIMIT} s"}
    if done.returncode < 0:
        return {"work": name, "n": n, "note": f"killed by signal {-done.returncode}"}
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def exponent(n: np.ndarray, values: np.ndarray) -> float:
    """Slope of log(values) over log(n), of the three largest n: below, what does not depend on n weighs too much."""
    order = np.argsort(n)[-3:]
    return float(np.polyfit(np.log(n[order]), np.log(np.maximum(values[order], 1e-9)), 1)[0])


def counts_of(name: str, size: str) -> tuple[int, ...]:
    """Numbers of works to measure a piece of work with."""
    return WORKS[name].counts if size == "full" and WORKS[name].counts else COUNTS[size]


def measure_growth(counts: Mapping[str, tuple[int, ...]], tell: Callable[[str], object] = print) -> pd.DataFrame:
    """A row a point: work, n, seconds, cpu_seconds, memory_mib, note; after one that failed no larger n is tried.

    Args:
        counts: Numbers of works to measure each piece of work with, smallest first.
        tell: Called with a line a point.
    """
    rows = []
    for name, numbers in counts.items():
        for n in numbers:
            rows.append(_in_a_process(name, n))
            tell(", ".join(f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}"
                           for key, value in rows[-1].items()))  # fmt: skip
            if rows[-1]["note"]:
                break
    columns = ["work", "n", "seconds", "cpu_seconds", "memory_mib", "note"]
    return pd.DataFrame(rows).reindex(columns=columns)


def summarise(points: pd.DataFrame) -> pd.DataFrame:
    """A row a piece of work: the largest n, its seconds and memory, and the exponents of both."""
    rows, clock = [], "seconds" if on_gpu() else "cpu_seconds"
    for name, part in points.groupby("work", sort=False):
        known = part[part["note"] == ""]
        row: dict[str, Any] = {"work": name, "what": WORKS[str(name)].what}
        if len(known) >= 2:
            n, last = known["n"].to_numpy(dtype=float), known.iloc[-1]
            row |= {"n": int(last["n"]), "seconds": last["seconds"], "memory_mib": last["memory_mib"]}
            row |= {"time_exponent": exponent(n, known[clock].to_numpy(dtype=float))}
            row |= {"memory_exponent": exponent(n, known["memory_mib"].to_numpy(dtype=float))}
        failed = part[part["note"] != ""]
        row["note"] = "; ".join(f"{r.n:,}: {r.note}" for r in failed.itertuples())
        rows.append(row)
    columns = ["work", "what", "n", "seconds", "memory_mib", "time_exponent", "memory_exponent", "note"]
    return pd.DataFrame(rows).reindex(columns=columns)


if __name__ == "__main__":
    from artextract.core.runtime import keep_freed_memory

    keep_freed_memory()
    print(json.dumps(point(sys.argv[1], int(sys.argv[2]))))
