"""The same work by packages that are known for it, named with their versions: search, retrieval metrics, networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from artextract.core.compute import set_threads
from artextract.core.runtime import threads
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.similarity.ranking.judges import artist_judge
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.retrieval import evaluate
from artextract.similarity.ranking.spaces import Space
from benchmarks import embedding, works
from benchmarks.measure import Benchmark, Pair, Side, Size, Skipped
from benchmarks.retrieval import K, catalogue, recall

WORKS, QUERIES, LARGE = 2000, 500, 100_000
BATCH = 64  # images that timm's scripts compute at a time


def named(package: str) -> str:
    """A package with its version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed here)"


def _needed(package: str) -> None:
    try:
        version(package)
    except PackageNotFoundError:
        raise Skipped(f"{package} is not installed (requirements-dev.txt, requirements-search.txt)") from None
    set_threads()


def _compared(naive: Callable[[], np.ndarray], ours: Callable[[], np.ndarray], items: int, what: str) -> Pair:
    found: dict[str, np.ndarray] = {}

    def keep(name: str, run: Callable[[], np.ndarray]) -> None:
        found[name] = run()

    return Pair(
        Side(partial(keep, "naive", naive), items), Side(partial(keep, "ours", ours), items),
        lambda: f"{what}: recall of the peer {recall(found['naive'], found['ours']):.4f}",
    )  # fmt: skip


def _faiss(size: Size) -> Pair:
    _needed("faiss-cpu")
    import faiss

    n = min(LARGE, size.vectors)
    gallery = works.vectors(n, 768)
    queries = gallery[:: max(1, n // QUERIES)][:QUERIES]
    faiss.omp_set_num_threads(threads())
    flat: Any = faiss.IndexFlatIP(768)
    flat.add(gallery)
    return _compared(
        lambda: flat.search(queries, K)[1], lambda: nearest(queries, gallery, K)[0], len(queries), f"{n:,} vectors"
    )


def _pynndescent(size: Size) -> Pair:
    _needed("pynndescent")
    from pynndescent import NNDescent  # pyright: ignore[reportMissingImports]

    n = min(2 * size.works, size.vectors)
    gallery = works.vectors(n, 1280)

    def naive() -> np.ndarray:
        made: Any = NNDescent(gallery, metric="cosine", n_neighbors=K + 1, random_state=0, n_jobs=threads())
        return made.neighbor_graph[0]

    return _compared(naive, lambda: nearest(gallery, gallery, K + 1)[0], n, f"{n:,} vectors")


def _asked(size: Size) -> tuple[np.ndarray, np.ndarray, np.ndarray, Callable[[], Any], int]:
    """Cosines and relevance (q, n) with the query itself left out, its row numbers, and our evaluation of them."""
    n = min(WORKS, size.works)
    judge, vectors = artist_judge(catalogue(n)), works.vectors(n, 128)
    queries = judge.queries()[:QUERIES]
    similarity = vectors @ vectors.T
    space = Space("cosine", n, lambda rows: similarity[rows])
    truth = judge.truth(queries)
    return similarity[queries], truth.relevant, truth.excluded, lambda: evaluate(space, judge, queries, K), len(queries)


def _difference(naive: dict[str, float], ours: Any) -> str:
    off = max(abs(naive[name] - float(ours[name].mean())) for name in naive)
    return f"{', '.join(naive)} of {len(ours)} queries: largest difference of a mean {off:.1e}"


def _torchmetrics(size: Size) -> Pair:
    _needed("torchmetrics")
    import_torchvision()
    import torch
    from torchmetrics import retrieval as peer  # pyright: ignore[reportMissingImports]

    similarity, relevant, excluded, evaluation, count = _asked(size)
    inside = torch.from_numpy(~excluded)
    rows = torch.arange(count)[:, None].expand(inside.shape)[inside]
    scores, target = torch.from_numpy(similarity)[inside], torch.from_numpy(relevant)[inside]
    found: dict[str, Any] = {}
    metrics = {
        f"ndcg{K}": lambda: peer.RetrievalNormalizedDCG(top_k=K), "map": peer.RetrievalMAP,
        **{f"p{k}": partial(peer.RetrievalPrecision, top_k=k) for k in (1, 5, K)},
        "mrr": peer.RetrievalMRR, "rprec": peer.RetrievalRPrecision,
    }  # fmt: skip

    def naive() -> None:
        found["naive"] = {name: float(make()(scores, target, indexes=rows)) for name, make in metrics.items()}

    def ours() -> None:
        found["ours"] = evaluation()

    return Pair(Side(naive, count), Side(ours, count), lambda: _difference(found["naive"], found["ours"]))


def _ranx(size: Size) -> Pair:
    _needed("ranx")
    from ranx import Qrels, Run, evaluate as evaluate_by_ranx  # pyright: ignore[reportMissingImports] # isort: skip

    similarity, relevant, excluded, evaluation, count = _asked(size)
    judged, ranked = {}, {}
    for q in range(count):
        judged[str(q)] = {str(row): 1 for row in np.flatnonzero(relevant[q] & ~excluded[q])}
        ranked[str(q)] = {str(row): float(similarity[q, row]) for row in np.flatnonzero(~excluded[q])}
    qrels, run, found = Qrels(judged), Run(ranked), {}
    names = {f"ndcg{K}": f"ndcg@{K}", "map": "map", "p1": "precision@1", "p5": "precision@5",
             f"p{K}": f"precision@{K}", "mrr": "mrr", "rprec": "r-precision"}  # fmt: skip

    def naive() -> None:
        scored: Any = evaluate_by_ranx(qrels, run, list(names.values()))
        found["naive"] = {name: float(scored[theirs]) for name, theirs in names.items()}

    def ours() -> None:
        found["ours"] = evaluation()

    return Pair(Side(naive, count), Side(ours, count), lambda: _difference(found["naive"], found["ours"]))


def _timm(size: Size) -> Pair:
    """The loop of timm's inference.py: batches, channels last, no gradients."""
    import torch

    set_threads()
    weights = "package"
    model, preprocessing = embedding._network("tf_efficientnet_lite2", weights, size)
    reader, _ = works.shards(min(size.images, 2 * BATCH))
    images = torch.cat(list(embedding.pixels(reader, range(len(reader)), preprocessing, 1, scaled=False)))
    inputs = preprocessing.normalise(images).to(memory_format=torch.channels_last)
    backend, precision = embedding._fast(model, preprocessing)
    theirs: Any = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    found: dict[str, Any] = {}

    def naive() -> None:
        with torch.inference_mode():
            found["naive"] = [theirs(batch).numpy() for batch in inputs.split(BATCH)]

    def ours() -> None:
        found["ours"] = list(backend.outputs(images.split(backend.batch)))

    return Pair(
        Side(naive, len(images)), Side(ours, len(images)),
        lambda: embedding._agreement(found["naive"], found["ours"]), None, precision, backend.name,
    )  # fmt: skip


BENCHMARKS = [
    Benchmark("peer_faiss", "queries", "ten nearest of 100,000 vectors of 768 dimensions, exact",
              f"{named('faiss-cpu')}: IndexFlatIP", "the package's exact search", _faiss),
    Benchmark("peer_pynndescent", "works", "ten nearest of every work, 8,000 vectors of 1,280 dimensions",
              f"{named('pynndescent')}: NNDescent, approximate", "the package's exact search", _pynndescent),
    Benchmark("peer_torchmetrics", "queries", "seven retrieval metrics of 500 queries among 2,000 works",
              f"{named('torchmetrics')}: its seven classes of torchmetrics.retrieval, cosines given",
              "retrieval.evaluate, which audits some queries by ir-measures", _torchmetrics),
    Benchmark("peer_ranx", "queries", "seven retrieval metrics of 500 queries among 2,000 works",
              f"{named('ranx')}: evaluate, with Qrels and Run made before the clock starts",
              "retrieval.evaluate, which audits some queries by ir-measures", _ranx),
    Benchmark("peer_timm", "images", "EfficientNet-Lite2, 260 px, real weights",
              f"{named('timm')}: the loop of its inference.py, batches of {BATCH}, channels last, fp32",
              "artextract.encoders.backends, precision fast", _timm),
]  # fmt: skip
