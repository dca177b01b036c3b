"""Time and memory of whole stages on collections of any size: ``python -m benchmarks stages [STAGE ...]``.

A folder is written in which a stage runs as it does in a checkout. Its embeddings are those of the sample's paintings
and titles, repeated with noise; its images are the sample's, repeated; its fields are made up, as densely as a museum
fills them. Each stage runs in a process of its own. Its memory is the peak of private memory, that of its children
included; mapped files are left out, since the kernel may drop their pages at any time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import yaml

from artextract.core.compute import unit_rows
from benchmarks.judging import SAMPLED, catalogue
from benchmarks.works import ROOT

STAGES = ("train_siamese", "similarity_eval")  # the first writes what the second maps
COUNTS = {"tiny": [80], "quick": [500, 2000], "full": [1000, 4000, 16_000, 64_000, 100_000]}
LIMIT = 7200  # most seconds that one stage may take
ALL_QUERIES_UP_TO = 5000  # works; beyond, each judge asks ``SAMPLED`` queries (relevance.max_queries)
IMAGE_NOISE, TITLE_NOISE = 0.7, 0.5  # lengths of the noise that is added to a unit vector
ROWS = 4096
COLUMNS = ("work", "n", "queries", "seconds", "cpu_seconds", "memory_mib", "note")
LOOK = 0.05  # seconds between two looks at the memory


def require_sample(root: Path = ROOT) -> None:
    """Stop where the sample's outs are not there to be repeated.

    Raises:
        FileNotFoundError: `dvc repro` has not run.
    """
    for name in ("data/nga/index.parquet", "data/embeddings/images.npy", "data/embeddings/titles.npy"):
        if not (root / name).is_file():
            raise FileNotFoundError(f"{root / name} is missing: run `dvc repro` (or `dvc pull`) first")


def _repeated(rows: np.ndarray, noise: float, kinds: np.ndarray, seed: int, path: Path) -> None:
    """Write unit rows: vectors of the sample with noise, equal for works of one kind.

    Args:
        rows: Vectors of the sample (m, d).
        noise: Length of the noise.
        kinds: Kind of each work (n,); kind i is a noisy copy of row i mod m.
        seed: Seed of the noise.
        path: File to write, ``.npy``.
    """
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(len(kinds), rows.shape[1]))
    for start in range(0, len(kinds), ROWS):
        part = kinds[start : start + ROWS]
        found, place = np.unique(part, return_inverse=True)
        drawn = np.stack(
            [
                np.random.default_rng((seed, int(kind))).standard_normal(rows.shape[1], dtype=np.float32)
                for kind in found
            ]
        )
        out[start : start + len(part)] = unit_rows(rows[found % len(rows)] + noise * unit_rows(drawn))[place]
    out.flush()


def write_folder(folder: Path, n: int, *, queries: int = 0, root: Path = ROOT) -> None:
    """Write what the stages read: parameters, an index of n works with its images, and both embeddings.

    Args:
        folder: New folder.
        n: Works.
        queries: ``relevance.max_queries``; 0 for all.
        root: A checkout in which the sample's pipeline has run.
    """
    sample = pd.read_parquet(root / "data/nga/index.parquet")
    fields = catalogue(n)
    kinds = fields.pop("title_kind").to_numpy()
    index = sample.iloc[np.arange(n) % len(sample)].reset_index(drop=True)
    nothing = pd.array([None] * n, dtype="string")
    index = index.assign(**{str(name): fields[name] for name in fields}, assistivetext=nothing)
    (folder / "data/embeddings").mkdir(parents=True)
    shutil.copytree(root / "data/nga", folder / "data/nga")
    index.to_parquet(folder / "data/nga/index.parquet")
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    params["relevance"]["max_queries"] = queries
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    images, titles = (np.load(root / f"data/embeddings/{kind}.npy") for kind in ("images", "titles"))
    _repeated(images, IMAGE_NOISE, np.arange(n), 0, folder / "data/embeddings/images.npy")
    _repeated(titles, TITLE_NOISE, kinds, 1, folder / "data/embeddings/titles.npy")


def _private(process: psutil.Process) -> int:
    """Bytes of private memory of a process and its children."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            fields = Path(f"/proc/{one.pid}/status").read_text(encoding="ascii").split()
            total += 1024 * int(fields[fields.index("RssAnon:") + 1])
        except (OSError, ValueError):  # it has ended
            continue
    return total


def run_stage(stage: str, folder: Path, limit: float = LIMIT) -> dict[str, Any]:
    """Run a stage in a folder: seconds, processor seconds and peak memory, or the reason why it failed.

    Args:
        stage: Its name.
        folder: Written by ``write_folder``.
        limit: Seconds after which it is stopped.
    """
    own = {"PYTHONPATH": str(ROOT), "ARTEXTRACT_CACHE": str(folder / "cache")}
    before, start, peak = os.times(), time.perf_counter(), 0
    with (folder / f"{stage}.log").open("w") as log:
        command = [sys.executable, "-m", f"stages.{stage}"]
        child = subprocess.Popen(command, cwd=folder, env=os.environ | own, stdout=log, stderr=log)
        watched = psutil.Process(child.pid)
        while child.poll() is None:
            try:
                peak = max(peak, _private(watched))
            except psutil.NoSuchProcess:
                break
            if time.perf_counter() - start > limit:
                child.kill()
            time.sleep(LOOK)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    note = ""
    if child.wait():
        lines = (folder / f"{stage}.log").read_text(encoding="utf-8", errors="replace").splitlines()
        note = f"took more than {limit:.0f} s" if wall > limit else f"status {child.returncode}: {' '.join(lines[-2:])}"
    return {"seconds": wall, "cpu_seconds": cpu, "memory_mib": peak / 2**20, "note": note}


def measure_stages(
    stages: Sequence[str], counts: Sequence[int], folder: Path, tell: Callable[[str], object] = print
) -> pd.DataFrame:
    """Measure whole stages, and return one row per stage and size, with the columns of ``COLUMNS``.

    Args:
        stages: Of ``STAGES``, in their order.
        counts: Works, smallest first.
        folder: For the collections, one after the other.
        tell: Function that is called with one line per measurement.
    """
    require_sample()
    rows = []
    for n in counts:
        queries = SAMPLED if n > ALL_QUERIES_UP_TO else 0
        own = folder / f"works-{n}"
        write_folder(own, n, queries=queries)
        for stage in stages:
            row = {"work": stage, "n": n, "queries": queries or n} | run_stage(stage, own)
            rows.append(row)
            tell(", ".join(f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}"
                           for name, value in row.items()))  # fmt: skip
        shutil.rmtree(own)
    return pd.DataFrame(rows, columns=[*COLUMNS])
