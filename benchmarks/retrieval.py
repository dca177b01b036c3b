"""Search for the nearest works, with an exact and with a compressed index."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd

from artextract.core.compute import bf16_pays, set_threads
from artextract.search.index import ExactIndex, build
from benchmarks import works
from benchmarks.measure import Benchmark, Pair, Side, Size, Skipped

K = 10


def _numpy(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Gallery rows with the K highest scores for each query, best first."""
    scores = queries @ gallery.T
    rows = np.argpartition(-scores, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(scores, rows, axis=1), axis=1)
    return np.take_along_axis(rows, order, axis=1)


def recall(returned: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true neighbours that a search returned, as the mean over queries; both arrays (queries, k)."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(returned, truth, strict=True)]))


def _search(size: Size, n: int, dim: int, queries: int, compressed: bool) -> Pair:
    set_threads()
    if compressed and find_spec("faiss") is None:
        raise Skipped("faiss is not installed (`pip install -r requirements-search.txt`)")
    n = size.vectors if compressed else min(n, size.vectors)
    gallery = works.vectors(n, dim)
    sample = np.ascontiguousarray(gallery[:: max(1, n // queries)][:queries])
    index = build(gallery) if compressed else ExactIndex(gallery)
    results: dict[str, np.ndarray] = {}

    def naive() -> None:
        results["naive"] = _numpy(sample, gallery)

    def ours() -> None:
        results["ours"] = index.nearest(sample, K)[0]

    precision = "bf16" if n >= 1 << 15 and bf16_pays() else "fp32"
    flops = None if compressed else 2.0 * n * dim
    count = len(sample)
    return Pair(
        Side(naive, count), Side(ours, count),
        lambda: f"{n:,} vectors, recall {recall(results['ours'], results['naive']):.4f}", flops, precision,
    )  # fmt: skip


def catalogue(n: int) -> pd.DataFrame:
    """Index of n works with distinct titles, twenty works per painter."""
    rows = range(n)
    return pd.DataFrame(
        {"title": [f"Work {i}" for i in rows], "group": list(rows), "artist": [f"Painter {i // 20}" for i in rows]}
    )


_NUMPY = "numpy: a matrix product and argpartition"
BENCHMARKS = [
    Benchmark(
        "search_4k", "queries", "ten nearest of 4,000 vectors of 1,280 dimensions, exact", _NUMPY,
        "the package's exact search: blocks of queries, ties settled",
        partial(_search, n=4000, dim=1280, queries=4000, compressed=False),
    ),
    Benchmark(
        "search_100k", "queries", "ten nearest of 100,000 vectors of 768 dimensions, exact", _NUMPY,
        "the package's exact search", partial(_search, n=100_000, dim=768, queries=512, compressed=False),
    ),
    Benchmark(
        "search_1m", "queries", "ten nearest of a million vectors of 512 dimensions", _NUMPY,
        "the package's compressed index (faiss) with an fp32 re-rank",
        partial(_search, n=1_000_000, dim=512, queries=100, compressed=True),
    ),
]  # fmt: skip
