"""Retrieval metrics, query by query, of all spaces under all judges, in blocks of queries.

What a judge says about a block is worked out once for all spaces, and a space ranks the block once for all judges. At
no time are there numbers for more pairs of works than those of one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.runtime import threads
from artextract.similarity.ranking.asked import Asked, ask, metric_names, prepared
from artextract.similarity.ranking.audit import audit, audited_queries, require_agreement, whole_grades
from artextract.similarity.ranking.judging import Judge, Truth
from artextract.similarity.ranking.scoring import best_first, metrics_of
from artextract.similarity.ranking.spaces import Space

Values = dict[tuple[str, str], pd.DataFrame]  # (judge, space): per-query metrics
Limit = Callable[[Asked, int], np.ndarray]
QUERIES = 512  # most queries in a block
PAIRS = 1 << 24  # most pairs of works in a block: 64 MB of similarities
TILE = 1 << 19  # most pairs that one thread ranks at a time: with fewer, the calls weigh more than the work
PACKED = 8  # judges whose flags of two bits are looked up together


def evaluate(space: Space, judge: Judge, queries: np.ndarray, k: int, *, seed: int = 0) -> pd.DataFrame:
    """``evaluate_all`` for one space, one judge and the given queries."""
    return evaluate_all([space], {"judge": judge}, k, queries={"judge": queries}, seed=seed)["judge", space.name]


def evaluate_all(
    spaces: Sequence[Space],
    judges: Mapping[str, Judge],
    k: int,
    *,
    queries: Mapping[str, np.ndarray] | None = None,
    may: Callable[[Judge, Space], bool] = lambda judge, space: True,
    limits: Mapping[str, Limit] | None = None,
    audited: int | None = None,
    seed: int = 0,
    compute: Compute | None = None,
) -> Values:
    """Metrics of every query under every judge in every space; works of equal similarity are ranked by the lower row.

    Relevance is binary in all of them but nDCG, whose gain is the grade where the judge has grades. AP is taken over
    the whole ranking. P@k divides by k even where the gallery is smaller.

    Args:
        spaces: What ranks the n works.
        judges: Ground truths over the same works.
        k: Cutoff.
        queries: Rows that are queries, for each judge; default: all that have a relevant work.
        may: Whether a judge scores a space; default: each scores all.
        limits: Functions of a judge's truth and k that give metrics too, by name: chance and ceiling.
        audited: Number of queries per judge, drawn at random, that ir-measures computes too, in every space; default:
            ``audited_queries``.
        seed: Seed of that draw.
        compute: Computes all blocks, in order; default: ``here``.

    Returns:
        For each judge and limit or space a table: index = the judge's queries in their order, columns
        ``metric_names(k)``.

    Raises:
        ArtExtractError: A similarity is not finite, or the audit disagrees.
        ValueError: A query has no relevant work.
    """
    asked = {name: np.asarray(judge.queries() if queries is None else queries[name]) for name, judge in judges.items()}
    scored = {space.name: [name for name, judge in judges.items() if may(judge, space)] for space in spaces}
    task = Judging(spaces, judges, k, asked, scored, limits or {}, _drawn(asked, judges, audited, seed))
    shape = len(metric_names(k))
    found = {(name, of): np.empty((len(asked[name]), shape)) for name, of in task.columns}
    for start, values in zip(task.starts, (compute or here)(task), strict=True):
        place = task.places(start)
        for (name, of), part in values.items():
            found[name, of][place[name]] = part
    names = pd.Index(metric_names(k))
    return {key: pd.DataFrame(values, index=asked[key[0]], columns=names) for key, values in found.items()}


@dataclass(frozen=True)
class Judging:
    """What is to be evaluated. Each block of query works is computed by itself, and in any process: it can be pickled.

    Attributes:
        spaces: What ranks the n works.
        judges: Ground truths over the same works.
        k: Cutoff.
        asked: Queries of each judge.
        scored: For each space, the judges that score it.
        limits: See ``evaluate_all``.
        sample: Queries of each judge that ir-measures computes too.
    """

    spaces: Sequence[Space]
    judges: Mapping[str, Judge]
    k: int
    asked: Mapping[str, np.ndarray]
    scored: Mapping[str, list[str]]
    limits: Mapping[str, Limit]
    sample: Mapping[str, list[int]]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Judge, and limit or space, of each table; by judge."""
        by_name = {of: list(self.judges) for of in self.limits} | dict(self.scored)
        return [(name, of) for name in self.judges for of, names in by_name.items() if name in names]

    @cached_property
    def everyone(self) -> np.ndarray:
        """All query works, ascending; int64."""
        return np.unique(np.concatenate([np.array([], dtype=np.int64), *self.asked.values()]))

    @property
    def works(self) -> int:
        """Works of the gallery."""
        return max((judge.n for judge in self.judges.values()), default=1)

    @property
    def step(self) -> int:
        """Queries in a block."""
        return max(1, min(QUERIES, PAIRS // max(1, self.works)))

    @property
    def starts(self) -> range:
        """Where each block starts among the query works."""
        return range(0, len(self.everyone), self.step)

    def places(self, start: int) -> dict[str, np.ndarray]:
        """For each judge that asks for works of a block: where among all its queries these are."""
        rows = self.everyone[start : start + self.step]
        found = {name: _between(own, self._order[name], rows[0], rows[-1]) for name, own in self.asked.items()}
        return {name: places for name, places in found.items() if len(places)}

    @cached_property
    def _order(self) -> dict[str, np.ndarray]:
        return {name: np.argsort(rows, kind="stable") for name, rows in self.asked.items()}

    def values(self, start: int, pool: ThreadPoolExecutor) -> dict[tuple[str, str], np.ndarray]:
        """Metrics of one block, (q, m) float64 by judge, and limit or space; in the order of ``columns``."""
        block = self._block(start, pool)
        found = {(name, of): limit(part, self.k) for of, limit in self.limits.items()
                 for name, part in block.asked.items()}  # fmt: skip
        for space in self.spaces:
            names = [name for name in self.scored[space.name] if name in block.asked]
            if names:
                similarity = _similarity(space, block.rows)
                values = _score(similarity, block, names, self.k, pool)
                _audit(values, similarity, block, self.sample, self.k, space.name)
                found |= {(name, space.name): values[name] for name in names}
        return {key: found[key] for key in self.columns if key in found}

    def _block(self, start: int, pool: ThreadPoolExecutor) -> _Block:
        """A block of queries, with what the judges say about it."""
        rows, place = self.everyone[start : start + self.step], self.places(start)
        own_rows = [self.asked[name][places] for name, places in place.items()]
        truths = pool.map(ask, [self.judges[name] for name in place], own_rows, repeat(self.k))
        parts = dict(zip(place, truths, strict=True))
        here = {name: np.searchsorted(rows, part.queries) for name, part in parts.items()}
        return _Block(rows, parts, here, _packed(parts, here, (len(rows), self.works)))


Compute = Callable[[Judging], Iterable[Mapping[tuple[str, str], np.ndarray]]]


def here(task: Judging) -> Iterator[dict[tuple[str, str], np.ndarray]]:
    """The metrics of all blocks, computed in this process."""
    with ThreadPoolExecutor(threads()) as pool:
        for start in task.starts:
            yield task.values(start, pool)


@dataclass(frozen=True)
class _Block:
    """Some query works, with what each judge says about those that it asks for.

    Attributes:
        rows: Query works, int64 (b,).
        asked: By judge; judges without queries in this block are left out.
        here: By judge, which of the rows are its queries; ascending.
        codes: Flags of ``PACKED`` judges at a time, two bits each, uint16 (b, n).
    """

    rows: np.ndarray
    asked: dict[str, Asked]
    here: dict[str, np.ndarray]
    codes: list[np.ndarray]


def _drawn(
    asked: Mapping[str, np.ndarray], judges: Mapping[str, Judge], audited: int | None, seed: int
) -> dict[str, list[int]]:
    """Queries of each judge that ir-measures computes too."""
    rng = np.random.default_rng(seed)
    most = {name: audited_queries(judge.n) if audited is None else audited for name, judge in judges.items()}
    return {name: rng.choice(rows, min(most[name], len(rows)), replace=False).tolist() for name, rows in asked.items()}


def _between(values: np.ndarray, order: np.ndarray, low: int, high: int) -> np.ndarray:
    """Places of the values from low to high, in ascending order of the values; ``order`` sorts them."""
    start, stop = np.searchsorted(values, [low, high + 1], sorter=order)
    return order[start:stop]


def _packed(asked: Mapping[str, Asked], here: Mapping[str, np.ndarray], shape: tuple[int, int]) -> list[np.ndarray]:
    """The flags of all judges, see ``_Block.codes``; zero where a row is not the judge's query."""
    codes = [np.zeros(shape, dtype=np.uint16) for _ in range(0, len(asked), PACKED)]
    for i, (name, part) in enumerate(asked.items()):
        codes[i // PACKED][here[name]] |= part.flags.astype(np.uint16) << 2 * (i % PACKED)
    return codes


def _similarity(space: Space, rows: np.ndarray) -> np.ndarray:
    similarity = np.asarray(space.similarity(rows), dtype=np.float32)
    if not np.isfinite(similarity).all():
        raise ArtExtractError(
            "a similarity is not finite", where=f"space `{space.name}`", remedy="look for NaN in the embedding"
        )
    return similarity


def _score(
    similarity: np.ndarray, block: _Block, names: Sequence[str], k: int, pool: ThreadPoolExecutor
) -> dict[str, np.ndarray]:
    """Metrics of one space under the named judges, (q, m) each."""
    step = max(1, min(TILE // similarity.shape[1], -(-len(similarity) // threads())))
    tiles = [slice(start, start + step) for start in range(0, len(similarity), step)]
    parts = list(pool.map(lambda tile: _score_tile(similarity, block, names, tile, k), tiles))
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _score_tile(
    similarity: np.ndarray, block: _Block, names: Sequence[str], tile: slice, k: int
) -> dict[str, np.ndarray]:
    """``_score`` for some rows of the block."""
    order = best_first(similarity[tile])
    flat = order + (np.arange(len(order)) * order.shape[1])[:, None]
    codes = [packed[tile].ravel().take(flat) for packed in block.codes]
    found = {}
    for i, name in enumerate(block.asked):
        if name not in names:
            continue
        low, high = np.searchsorted(block.here[name], [tile.start, tile.stop])
        of_tile = block.here[name][low:high] - tile.start
        if not len(of_tile):
            found[name] = np.empty((0, len(metric_names(k))))
            continue
        whole = len(of_tile) == len(order)
        own, ranking = (codes[i // PACKED], order) if whole else (codes[i // PACKED][of_tile], order[of_tile])
        flags = (own >> 2 * (i % PACKED)) & 3
        found[name] = metrics_of(ranking, flags, block.asked[name], slice(low, high), k)
    return found


def _audit(
    values: Mapping[str, np.ndarray],
    similarity: np.ndarray,
    block: _Block,
    sample: Mapping[str, list[int]],
    k: int,
    space: str,
) -> None:
    """Compare the drawn queries of the block with ir-measures."""
    for name, found in values.items():
        for i, query in enumerate(block.asked[name].queries.tolist()):
            if query in sample[name]:
                own = dict(zip(metric_names(k), found[i].tolist(), strict=True))
                row, truth = similarity[block.here[name][i]], block.asked[name].row(i)
                gains = None if truth.grade is None else whole_grades(truth.grade)
                if gains is not None:  # both compute nDCG again, with whole grades
                    own[f"ndcg{k}"] = _with_gains(row, truth, gains, k)
                expected = audit(row, truth.relevant[0], truth.excluded[0], None if gains is None else gains[0], k)
                require_agreement(own, expected, query, f"judge {name} in space {space}")


def _with_gains(similarity: np.ndarray, truth: Truth, gains: np.ndarray, k: int) -> float:
    """nDCG@k of one query with other gains."""
    asked = prepared(Truth(truth.relevant, truth.excluded, gains), np.array([0]), k)
    order = best_first(similarity[None, :])
    return float(metrics_of(order, np.take_along_axis(asked.flags, order, axis=1), asked, slice(0, 1), k)[0, 0])
