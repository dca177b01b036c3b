"""How time and memory grow with the number of works, a fresh process for each point.

Memory is what a process holds privately at its peak, over what it held before the work: pages of mapped files, which
the kernel may drop at any time, are left out. Images, and vectors of one work, are repeated where there are too few.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.works import ROOT

COUNTS = {"tiny": (20, 40), "quick": (500, 1000, 2000), "full": (1000, 4000, 16_000, 64_000)}
LIMIT = 900  # seconds for a point
SHARE = 0.8  # of the machine's free memory that a point may take


@dataclass(frozen=True)
class Work:
    """A piece of work, set up for n works, then run."""

    what: str
    setup: Callable[[int], Callable[[], object]]


def _prepare(n: int) -> Callable[[], object]:
    from artextract.shard_writer import Source, write_shards
    from benchmarks import works

    sources = [Source(str(i), path.read_bytes) for i, path in enumerate(works.paths(n))]
    return lambda: write_shards(sources, works.folder() / "prepared", max_side=320)


def _tokens(n: int) -> Callable[[], object]:
    """The head over tokens of EfficientNet-Lite2, mapped from a file as in a real run."""
    import torch

    from artextract.inputs import Inputs
    from artextract.training import Data
    from benchmarks import works
    from benchmarks.classification import BATCH, _labels, _params, _trainer
    from benchmarks.measure import SIZES

    params = _params(SIZES["full"]).model_copy(update={"batch_size": BATCH})
    path, shape = works.folder() / "tokens.npy", (params.train.token_grid**2, 1280)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, *shape))
    block = np.random.default_rng(0).standard_normal((min(n, 512), *shape), dtype=np.float32)
    for start in range(0, n, len(block)):
        array[start : start + len(block)] = block[: n - start]
    array.flush()
    del array
    mapped = np.load(path, mmap_mode="r")
    torch.manual_seed(0)
    from artextract.image_encoder import Preprocessing

    inputs = Inputs(mapped, Preprocessing(260, None, "bilinear", (0.5,) * 3, (0.5,) * 3), "frozen")
    data, trainer = Data(inputs, _labels(n), [str(i) for i in range(n)], None), _trainer(params)
    return lambda: trainer._train_epoch(0, data)


def _search(n: int) -> Callable[[], object]:
    from benchmarks.retrieval import nearest
    from benchmarks.works import vectors

    found, search = vectors(n, 1280), nearest()
    return lambda: search(found, found, 10)


def _evaluation(n: int) -> Callable[[], object]:
    from artextract import relevance, retrieval, spaces
    from benchmarks.retrieval import catalogue
    from benchmarks.works import vectors

    index, found = catalogue(n), vectors(n, 1280)

    def run() -> object:
        judge = relevance.artist_judge(index)
        queries = judge.queries()
        return retrieval.evaluate(spaces.cosine_space("image", found), judge, queries, 10)

    return run


WORKS = {
    "prepare": Work("images to shards of 320 px", _prepare),
    "tokens_epoch": Work("epoch of the head over cached tokens (16 x 1,280)", _tokens),
    "search": Work("ten nearest of every work, 1,280 dimensions, exact", _search),
    "evaluation": Work("retrieval metrics of every work, one judge", _evaluation),
}


class PeakMemory:
    """Watches the private memory of this process in a thread; bytes above what it was at the start."""

    def __enter__(self) -> PeakMemory:
        """Begin to watch."""
        self._start = self._peak = self._now()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._end.set()
        self._thread.join()
        self._peak = max(self._peak, self._now())

    @staticmethod
    def _now() -> int:
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        return int(fields["RssAnon"].split()[0]) * 1024

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            self._peak = max(self._peak, self._now())

    @property
    def bytes(self) -> int:
        """The peak above the start."""
        return self._peak - self._start


def _limit_memory() -> None:
    """A point that does not fit ends with a MemoryError instead of bringing the machine down."""
    import resource

    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    limit = int(SHARE * free)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def point(name: str, n: int) -> dict[str, Any]:
    """One point, in this process: seconds, processor seconds and peak memory, or the reason why there are none."""
    from artextract.compute import set_threads

    set_threads()
    _limit_memory()
    try:
        run = WORKS[name].setup(n)
        with PeakMemory() as memory:
            wall, cpu = time.perf_counter(), time.process_time()
            run()
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


def measure_growth(names: list[str], counts: tuple[int, ...], tell: Callable[[str], object] = print) -> pd.DataFrame:
    """A row a point: work, n, seconds, cpu_seconds, memory_mib, note; after one that failed no larger n is tried."""
    rows = []
    for name in names:
        for n in counts:
            rows.append(_in_a_process(name, n))
            tell(", ".join(f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}"
                           for key, value in rows[-1].items()))  # fmt: skip
            if rows[-1]["note"]:
                break
    columns = ["work", "n", "seconds", "cpu_seconds", "memory_mib", "note"]
    return pd.DataFrame(rows).reindex(columns=columns)


def summarise(points: pd.DataFrame) -> pd.DataFrame:
    """A row a piece of work: the largest n, its seconds and memory, and the exponents of both."""
    rows = []
    for name, part in points.groupby("work", sort=False):
        known = part[part["note"] == ""]
        row: dict[str, Any] = {"work": name, "what": WORKS[str(name)].what}
        if len(known) >= 2:
            n, last = known["n"].to_numpy(dtype=float), known.iloc[-1]
            row |= {"n": int(last["n"]), "seconds": last["seconds"], "memory_mib": last["memory_mib"]}
            row |= {"time_exponent": exponent(n, known["cpu_seconds"].to_numpy(dtype=float))}
            row |= {"memory_exponent": exponent(n, known["memory_mib"].to_numpy(dtype=float))}
        failed = part[part["note"] != ""]
        row["note"] = "; ".join(f"{r.n:,}: {r.note}" for r in failed.itertuples())
        rows.append(row)
    columns = ["work", "what", "n", "seconds", "memory_mib", "time_exponent", "memory_exponent", "note"]
    return pd.DataFrame(rows).reindex(columns=columns)


if __name__ == "__main__":
    from artextract.runtime import keep_freed_memory

    keep_freed_memory()
    print(json.dumps(point(sys.argv[1], int(sys.argv[2]))))
