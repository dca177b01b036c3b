"""Search in collections of any size: exact up to 100,000 vectors, compressed beyond, with the recall measured.

For larger collections faiss rotates the vectors to their principal components and keeps these as 4-bit product codes
in inverted lists (IVF-PQ with fast scan). It gives candidates, which are then ranked by their float32 vectors, read
from the mapped file. faiss is optional: ``pip install -r requirements-search.txt``.

The recall is measured as a search is made: with queries that are not in the index. Vectors of the collection are kept
out of it until the measurement is done, and the number of lists that a query searches is chosen on one half of them and
the recall measured on the other half. A query can also be less like any one work than works are like each other; the
mean of two such vectors stands for it, and has a recall of its own.

A collection that has grown keeps the index that it had, and what is new is added (``growth``).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_array, write_bytes, write_metrics
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file
from artextract.core.runtime import threads
from artextract.search import growth
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
GROWTH = 2  # a collection of more than so many times what the codes and lists were trained on has them trained anew
BLOCK = 1 << 24  # numbers of the candidates' vectors that are read at a time: 64 MB
INDEX, RECALLS, PLACES, DIGESTS = "index.faiss", "recalls.json", "places.npy", "digests.npy"


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

    def __init__(
        self,
        faiss_index: Any,
        vectors: np.ndarray,
        lists: int,
        recalls: Mapping[str, float],
        places: np.ndarray | None = None,
    ):
        """Take a trained and filled index.

        Args:
            faiss_index: An ``IndexIVFPQFastScan`` behind a PCA, over ``padded`` vectors.
            vectors: Unit rows (n, d); may be mapped from a file.
            lists: Number of lists that a query searches.
            recalls: Recall measured with these lists, for each of ``KINDS``.
            places: Row of each of faiss's numbers, int64 (n,); default: the number itself.
        """
        self._faiss, self.vectors, self.lists, self.recalls = faiss_index, vectors, lists, dict(recalls)
        self.places = np.arange(len(vectors)) if places is None else places

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
            known = self.places[np.where(found >= 0, found, 0)]
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
    result = CompressedIndex(index, vectors, min(8, lists), {})
    _fill(result, inside, kept_out, target)
    return result


def extended(old: CompressedIndex, places: np.ndarray, vectors: np.ndarray, target: float = RECALL) -> CompressedIndex:
    """The index of a collection that has grown: what is new is added to the codes and lists that are there.

    Where there are enough new vectors, the recall is measured with them as in ``build``; few of them do not change it.

    Args:
        old: Index of what was there; it is not to be used any more.
        places: Rows of what was there, int64 (m,), by the numbers of ``old``.
        vectors: Unit rows (n, d) of the whole collection; may be mapped from a file.
        target: Recall wanted.
    """
    _faiss().omp_set_num_threads(threads())
    new = np.setdiff1d(np.arange(len(vectors)), places)
    result = CompressedIndex(old._faiss, vectors, old.lists, old.recalls, np.concatenate([places, new]))
    asked = min(len(new), 2 * SAMPLE) if len(new) >= SAMPLE else 0
    _fill(
        result, len(places) + np.arange(len(new) - asked), len(places) + np.arange(len(new) - asked, len(new)), target
    )
    return result


def _fill(result: CompressedIndex, inside: np.ndarray, kept_out: np.ndarray, target: float) -> None:
    """Add vectors by their numbers; then choose the lists, and measure, with others, which are added last."""
    from tqdm import tqdm

    index, lists = result._faiss, _inverted(result._faiss).nlist
    with tqdm(total=len(inside) + len(kept_out), desc="index vectors", unit="vec", mininterval=1) as bar:

        def add(numbers: np.ndarray) -> None:
            for start in range(0, len(numbers), CHUNK):
                some = numbers[start : start + CHUNK]
                index.add_with_ids(padded(result.vectors[result.places[some]]), some)
                bar.update(len(some))

        add(inside)
        if len(kept_out):
            out = result.places[kept_out]
            chosen, reported = (_searched_exactly(result.vectors, rows, out) for rows in np.array_split(out, 2))
            while min(_recalls(result, chosen).values()) < target and result.lists < lists:
                result.lists = min(2 * result.lists, lists)
            result.recalls = _recalls(result, reported)
        add(kept_out)


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
    family = content_key(str(path.resolve()), vectors.shape[1], seed, faiss.__version__, wanted)
    key = content_key(family, state.st_size, state.st_mtime_ns)
    kept = cache_folder() / "search"

    def make(folder: Path) -> None:
        digests = growth.digests(vectors)
        index, trained_on = _grown(kept, family, vectors, digests) or (build(vectors, seed), len(vectors))
        write_bytes(folder / INDEX, faiss.serialize_index(index._faiss).tobytes())
        write_array(folder / PLACES, index.places)
        write_array(folder / DIGESTS, digests[index.places])
        described = {"family": family, "trained_on": trained_on, "vectors": len(vectors), "lists": index.lists}
        write_metrics(folder / RECALLS, described | index.recalls)

    return _read(kept_file(kept / key, make, "search index"), vectors)


def _read(folder: Path, vectors: np.ndarray) -> CompressedIndex:
    """A kept index, over the vectors that it was made of."""
    known = read_json(folder / RECALLS)
    found = _faiss().read_index(str(folder / INDEX))
    recalls = {kind: known[kind] for kind in KINDS}
    return CompressedIndex(found, vectors, known["lists"], recalls, np.load(folder / PLACES))


def _grown(kept: Path, family: str, vectors: np.ndarray, digests: np.ndarray) -> tuple[CompressedIndex, int] | None:
    """The index of a collection of which an earlier state has one, and of how many it was trained; None where not.

    The earlier state is the largest of which every vector is still there, and not much smaller than this one.
    """
    for folder, known in growth.earlier(kept, RECALLS, family):
        if not known["vectors"] < len(vectors) <= GROWTH * known["trained_on"]:
            continue
        places = growth.places(np.load(folder / DIGESTS), digests)
        if places is not None:
            print(f"search index: {len(vectors) - len(places):,} vectors are added to {len(places):,}", file=sys.stderr)
            return extended(_read(folder, vectors), places, vectors), known["trained_on"]
    return None


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
