"""Growth of time and memory with the number of works; each point is measured in a fresh process.

Memory is the peak of a process's private memory above what it held before the work. Pages of memory-mapped files are
left out, since the kernel may drop them at any time. If there are fewer images or titles than works, they are repeated.
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
LIMIT = 900  # most seconds that one point may take


def point(name: str, n: int) -> dict[str, Any]:
    """Measure one point in this process: seconds, processor seconds and peak memory, or the reason why it failed."""
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
    except (MemoryError, RuntimeError) as error:  # torch raises a RuntimeError if memory runs out
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
    """Slope of log(values) over log(n) for the three largest n; at smaller n, fixed costs weigh too much."""
    order = np.argsort(n)[-3:]
    return float(np.polyfit(np.log(n[order]), np.log(np.maximum(values[order], 1e-9)), 1)[0])


def counts_of(name: str, size: str) -> tuple[int, ...]:
    """Numbers of works with which a piece of work is measured at this size."""
    return WORKS[name].counts if size == "full" and WORKS[name].counts else COUNTS[size]


def measure_growth(counts: Mapping[str, tuple[int, ...]], tell: Callable[[str], object] = print) -> pd.DataFrame:
    """Measure all points, and return one row per point: work, n, seconds, cpu_seconds, memory_mib, note.

    After a point that failed, no larger n is tried.

    Args:
        counts: Numbers of works with which each piece of work is measured, smallest first.
        tell: Function that is called with one line per point.
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
    """Table with one row per piece of work: the largest n, its seconds and memory, and the exponents of both."""
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
