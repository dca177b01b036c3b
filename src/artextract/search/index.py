"""Search in collections of any size: exact up to 100,000 vectors, compressed beyond, with the recall measured.

For larger collections faiss rotates the vectors to their principal components and keeps these as 4-bit product codes
in inverted lists (IVF-PQ with fast scan). It gives candidates, which are then ranked by their float32 vectors, read
from the mapped file. faiss is optional: ``pip install -r requirements-search.txt``.

The recall is measured as a search is made: with queries that are not in the index. Vectors of the collection are kept
out of it until the measurement is done, and the number of lists that a query searches is chosen on one half of them and
the recall measured on the other half. A query can also be less like any one work than works are like each other; the
mean of two such vectors stands for it, and has a recall of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_bytes, write_metrics
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file
from artextract.core.runtime import threads
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.topk import Groups, empty, select

EXACT_UP_TO = 100_000  # vectors; a search among so many takes a second for a thousand queries
RECALL = 0.97  # of the ten nearest; the number of searched lists is raised until it is reached
NEIGHBOURS = 10
SAMPLE = 200  # queries of each kind that the recall is measured with, and as many others that the lists are chosen with
KINDS = ("recall", "recall_between")  # of queries: vectors that are not in the index, means of two of them
TRAINING = 64  # training vectors per list
COMPONENTS = 256  # maximum; each code holds two
CANDIDATES = 16  # candidates ranked again per wanted neighbour
CHUNK = 1 << 15  # vectors read at a time
BLOCK = 1 << 24  # numbers of the candidates' vectors that are read at a time: 64 MB
INDEX, RECALLS = "index.faiss", "recalls.json"


@dataclass(frozen=True)
class ExactIndex:
    """All vectors are compared; recall 1 by construction."""

    vectors: np.ndarray

    def nearest(self, queries: np.ndarray, k: int, exclude: Groups | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See ``neighbours.nearest``."""
        return nearest(queries, self.vectors, k, exclude)

    def describe(self) -> dict[str, Any]:
        """Kind, vectors and recall."""
        return {"kind": "exact", "vectors": len(self.vectors)} | dict.fromkeys(KINDS, 1.0)


class CompressedIndex:
    """Candidates from product codes in inverted lists, ranked by the vectors themselves."""

    def __init__(self, faiss_index: Any, vectors: np.ndarray, lists: int, recalls: Mapping[str, float]):
        """Take a trained and filled index.

        Args:
            faiss_index: An ``IndexIVFPQFastScan`` behind a PCA, over ``padded`` vectors.
            vectors: Unit rows (n, d); may be mapped from a file.
            lists: Number of lists that a query searches.
            recalls: Recall measured with these lists, for each of ``KINDS``.
        """
        self._faiss, self.vectors, self.lists, self.recalls = faiss_index, vectors, lists, dict(recalls)

    def nearest(self, queries: np.ndarray, k: int, exclude: Groups | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See ``neighbours.nearest``; -1 also if the searched lists hold fewer than k."""
        faiss = _faiss()
        k, count = min(k, len(self.vectors)), min(k * CANDIDATES, len(self.vectors))
        rows, scores = empty(len(queries), k)
        options = faiss.SearchParametersPreTransform(index_params=faiss.SearchParametersIVF(nprobe=self.lists))
        step = max(1, BLOCK // (count * self.vectors.shape[1]))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            _, found = self._faiss.search(padded(queries[part]), count, params=options)
            known = np.where(found >= 0, found, 0)
            values = np.matmul(self.vectors[known], queries[part, :, None])[:, :, 0]
            values[found < 0] = -np.inf
            if exclude is not None:
                values[exclude[0][part, None] == exclude[1][known]] = -np.inf
            rows[part], scores[part] = select(values, known, k)
        rows[np.isneginf(scores)] = -1
        return rows, scores

    def describe(self) -> dict[str, Any]:
        """Kind, vectors and recall."""
        ivf = _inverted(self._faiss)
        kind = f"PCAR{ivf.d},IVF{ivf.nlist},PQ{ivf.pq.M}x4fs, {self.lists} lists, fp32 re-rank"
        return {"kind": kind, "vectors": len(self.vectors)} | self.recalls


def padded(vectors: np.ndarray) -> np.ndarray:
    """float32 rows with a zero added if the number of dimensions is odd, since each code holds two."""
    return np.pad(np.asarray(vectors, dtype=np.float32), ((0, 0), (0, vectors.shape[1] % 2)))


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true neighbours that were found; rows int64 (q, k) each, -1 = none."""
    hits = sum(len(np.intersect1d(a[a >= 0], b[b >= 0])) for a, b in zip(found, truth, strict=True))
    return hits / max(1, int((truth >= 0).sum()))


def build(vectors: np.ndarray, seed: int = 0, target: float = RECALL) -> CompressedIndex:
    """Train, fill and measure a compressed index.

    The number of lists that a query searches is doubled until the recall of the ten nearest reaches the target for both
    kinds of queries, or all lists are searched. Then the recalls are measured with other queries.

    Args:
        vectors: Unit rows (n, d), four at least; may be mapped from a file.
        seed: Seed of the samples and the training.
        target: Recall wanted.

    Raises:
        ArtExtractError: faiss is not installed.
    """
    faiss = _faiss()
    from tqdm import tqdm

    faiss.omp_set_num_threads(threads())
    n, rng = len(vectors), np.random.default_rng(seed)
    width = padded(vectors[:1]).shape[1]
    lists = max(1, min(1 << round(math.log2(2 * math.sqrt(n))), n // TRAINING))
    components = min(COMPONENTS, width)
    kind = f"PCAR{components},IVF{lists},PQ{components // 2}x4fs"
    index = faiss.index_factory(width, kind, faiss.METRIC_INNER_PRODUCT)
    ivf = _inverted(index)
    ivf.cp.seed = ivf.pq.cp.seed = seed + 1
    kept_out = rng.choice(n, min(n // 8 * 2, 2 * SAMPLE), replace=False)
    inside = np.setdiff1d(np.arange(n), kept_out)
    index.train(padded(vectors[np.sort(rng.choice(inside, min(len(inside), lists * TRAINING), replace=False))]))
    with tqdm(total=n, desc="index vectors", unit="vec", mininterval=1) as bar:
        for start in range(0, len(inside), CHUNK):
            rows = inside[start : start + CHUNK]
            index.add_with_ids(padded(vectors[rows]), rows)
            bar.update(len(rows))
        result = CompressedIndex(index, vectors, min(8, lists), {})
        for_choice, for_report = (_searched_exactly(vectors, rows, kept_out) for rows in np.split(kept_out, 2))
        while min(_recalls(result, for_choice).values()) < target and result.lists < lists:
            result.lists = min(2 * result.lists, lists)
        result.recalls = _recalls(result, for_report)
        index.add_with_ids(padded(vectors[kept_out]), kept_out)
        bar.update(len(kept_out))
    return result


Asked = dict[str, tuple[np.ndarray, np.ndarray]]


def _searched_exactly(vectors: np.ndarray, rows: np.ndarray, kept_out: np.ndarray) -> Asked:
    """Queries of each kind from some rows, and their true neighbours.

    Args:
        vectors: Unit rows (n, d).
        rows: The rows that queries are made of (q,).
        kept_out: All rows that are not in the index.

    Returns:
        By kind, queries (q, d) and rows of their neighbours (q, ``NEIGHBOURS``).
    """
    own = np.array(vectors[rows])
    group = np.arange(1, len(vectors) + 1)
    group[kept_out] = 0
    found: Asked = {}
    for kind, queries in zip(KINDS, (own, unit_rows(own + np.roll(own, 1, axis=0))), strict=True):
        found[kind] = queries, nearest(queries, vectors, NEIGHBOURS, (np.zeros(len(rows), dtype=np.int64), group))[0]
    return found


def _recalls(index: CompressedIndex, asked: Asked) -> dict[str, float]:
    """Recall of each kind of queries."""
    return {kind: recall(index.nearest(queries, NEIGHBOURS)[0], truth) for kind, (queries, truth) in asked.items()}


def open_index(path: Path, *, exact: bool = False, seed: int = 0) -> ExactIndex | CompressedIndex:
    """The index of an embedding file, chosen by its size; a compressed one is built once and kept in the user's cache.

    Args:
        path: ``.npy`` of unit rows (n, d).
        exact: Compare all vectors, however many.
        seed: Seed of the training of a compressed index.

    Raises:
        ArtExtractError: The collection is large and faiss is not installed.
    """
    vectors = np.load(path, mmap_mode="r")
    if exact or len(vectors) <= EXACT_UP_TO:
        return ExactIndex(vectors)
    faiss, state = _faiss(), path.stat()
    wanted = (COMPONENTS, CANDIDATES, TRAINING, NEIGHBOURS, SAMPLE, RECALL, KINDS)
    key = content_key(str(path.resolve()), state.st_size, state.st_mtime_ns, seed, faiss.__version__, wanted)

    def make(folder: Path) -> None:
        index = build(vectors, seed)
        write_bytes(folder / INDEX, faiss.serialize_index(index._faiss).tobytes())
        write_metrics(folder / RECALLS, {"lists": index.lists} | index.recalls)

    folder = kept_file(cache_folder() / "search" / key, make, "search index")
    known = read_json(folder / RECALLS)
    found = faiss.read_index(str(folder / INDEX))
    return CompressedIndex(found, vectors, known["lists"], {kind: known[kind] for kind in KINDS})


def _inverted(index: Any) -> Any:
    """The inverted lists behind the PCA, cast to their own class: faiss returns the base class."""
    faiss = _faiss()
    return faiss.downcast_index(faiss.extract_index_ivf(index))


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise ArtExtractError(
            f"collections of more than {EXACT_UP_TO:,} works are searched with faiss, which is not installed",
            remedy="`pip install -r requirements-search.txt`, or search exactly (slower): `--exact`",
        ) from None
    return faiss
