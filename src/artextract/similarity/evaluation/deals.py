"""How often the own painter would be found by chance: attributions are dealt out anew among the works.

It is not one in as many painters as there are: a painter with many works has near ones for any painting.

A deal moves names and not paintings, so each painting keeps its list of nearest works, which is found once. Mostly the
first places of that list settle whether the dealt painter is the best one; where they do not, a longer part of it is
read, and in the end all of it. The result is the same as that of checking all works anew in each deal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artextract.core.progress import progress
from artextract.similarity.evaluation.attribution import NEAREST, SCORES, known_painters, two_best
from artextract.similarity.ranking.neighbours import nearest

DEALS = 200
MOST_WORKS = 4_000  # works that are checked in each deal; of more, so many are drawn at random
PLACES = (64, 512)  # of the lists of nearest works, before all works are looked at


@dataclass(frozen=True)
class Chance:
    """How often the own painter is found by chance.

    Attributes:
        share: Mean over the works and the deals.
        works: Works that were checked in each deal.
        error: Standard error of the share that comes of checking some works in place of all; 0 where it was all.
    """

    share: float
    works: int
    error: float


@dataclass(frozen=True)
class _Lists:
    """The nearest works of some works, best first.

    Attributes:
        works: The works (q,), as rows of the evidence.
        rows: Their nearest (q, places), as rows of the evidence.
        scores: Cosines, float32 (q, places).
    """

    works: np.ndarray
    rows: np.ndarray
    scores: np.ndarray


def painter_found_by_chance(
    embedding: np.ndarray, painter: np.ndarray, certain: np.ndarray, group: np.ndarray, seed: int
) -> Chance | None:
    """Mean of ``painter_found`` when the works that are evidence are dealt out anew among the attributions.

    Args:
        embedding: Unit rows (n, d).
        painter: As in ``find_outliers``.
        certain: As in ``find_outliers``.
        group: As in ``find_outliers``.
        seed: Seed of the deals, and of the draw of the works.

    Returns:
        None where no work can be checked.
    """
    rows = np.flatnonzero(certain & np.isin(painter, known_painters(painter, certain)))
    names, groups = (np.unique(of[rows], return_inverse=True)[1] for of in (painter, group))
    can_be_checked = _can_be_checked(names, groups)
    if not can_be_checked.any():
        return None
    evidence, n, all_of_them = embedding[rows], len(rows), np.arange(len(rows))
    some = n > MOST_WORKS
    works = np.sort(np.random.default_rng([seed, 6]).choice(n, MOST_WORKS, replace=False)) if some else all_of_them
    lists = _Lists(works, *nearest(evidence[works], evidence, min(PLACES[-1], n - 1), (works, all_of_them)))
    won, checked = np.zeros(len(works), dtype=np.int64), np.zeros(len(works), dtype=np.int64)
    rng = np.random.default_rng([seed, 5])
    shares = []
    for _ in progress(range(DEALS), "deal out attributions", "deal"):
        place = np.empty(n, dtype=np.int64)
        place[rng.permutation(n)] = all_of_them
        asked = np.flatnonzero(can_be_checked[place[works]])
        found = _found(lists, asked, names[place], groups[place], evidence)
        won[asked] += found
        checked[asked] += 1
        shares.append(found.mean() if len(asked) else np.nan)
    return Chance(float(np.nanmean(shares)), len(works), _error(won, checked) if some else 0.0)


def _error(won: np.ndarray, checked: np.ndarray) -> float:
    """Standard error of the mean over works, from the shares of single works."""
    shares = won[checked > 0] / checked[checked > 0]
    return float(shares.std(ddof=1) / np.sqrt(len(shares)))


def _can_be_checked(names: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Attributions whose painter, and some other one, have two works outside the own group; boolean (n,)."""
    painters = int(names.max(initial=-1)) + 1
    pair, which, inside = np.unique(names * (len(groups) + 1) + groups, return_inverse=True, return_counts=True)
    enough = np.bincount(names)[pair // (len(groups) + 1)] - inside >= NEAREST  # of each painter and group
    without = np.bincount(pair % (len(groups) + 1), weights=~enough, minlength=len(groups))
    return enough[which] & (painters - without[groups] >= 2)


def _found(lists: _Lists, asked: np.ndarray, names: np.ndarray, groups: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """Whether the own painter has the best evidence, for the works ``asked`` (places in the lists); boolean (asked,).

    Args:
        lists: Nearest works.
        asked: Places in the lists (asked,).
        names: Painter of each work in this deal (n,).
        groups: Group of each work in this deal (n,).
        evidence: Unit rows (n, d).
    """
    found, open_ = np.zeros(len(asked), dtype=bool), np.arange(len(asked))
    for places in PLACES:
        at = asked[open_]
        own, rows, scores = lists.works[at], lists.rows[at, :places], lists.scores[at, :places]
        others = np.where(groups[rows] == groups[own, None], -1, names[rows])
        whole = rows.shape[1] == len(names) - 1
        found[open_], settled = _settled(names[own], others, scores, whole)
        open_ = open_[~settled]
    order = np.argsort(names, kind="stable")
    starts = np.searchsorted(names[order], np.arange(names.max() + 1))
    step = max(1, SCORES // len(names))
    for start in range(0, len(open_), step):
        part = open_[start : start + step]
        own = lists.works[asked[part]]
        cosine = (evidence[own] @ evidence.T)[:, order]
        cosine[groups[own, None] == groups[order][None, :]] = -np.inf
        of_all, line = two_best(cosine, starts), np.arange(len(part))
        for_own = of_all[line, names[own]]
        of_all[line, names[own]] = -np.inf
        found[part] = for_own > of_all.max(axis=1)
    return found


def _settled(own: np.ndarray, names: np.ndarray, scores: np.ndarray, whole: bool) -> tuple[np.ndarray, np.ndarray]:
    """What the first places of the lists say: whether the own painter wins, and whether that is sure; (q,) each.

    A painter with one work among these places has a second one at most as near as the last place, and a painter with
    none has two such works at most: no evidence that is not seen here can be higher than that.

    Args:
        own: Painter of each work (q,).
        names: Painter of each of the nearest works, -1 = not counted; (q, places).
        scores: Their cosines, float32, best first; (q, places).
        whole: The lists have all works.
    """
    q, places = names.shape
    last = np.full(q, -np.inf, dtype=np.float32) if whole else scores[:, -1]
    # By painter, and within a painter best first.
    key = np.sort(np.where(names < 0, np.iinfo(np.int64).max // places - 1, names) * places + np.arange(places), axis=1)
    name, value = key // places, np.take_along_axis(scores, key % places, axis=1)
    counted = name <= names.max(initial=-1)
    edge = np.ones((q, 1), dtype=bool)
    first = np.concatenate([edge, name[:, 1:] != name[:, :-1]], axis=1) & counted
    pair = np.concatenate([name[:, 1:] == name[:, :-1], ~edge], axis=1) & first
    following = np.concatenate([value[:, 1:], value[:, -1:]], axis=1)
    mean = np.where(pair, (value + following) / 2, (value + last[:, None]) / 2)  # exact, or a bound
    mine = first & (name == own[:, None])
    nothing = np.float32(-np.inf)
    for_own = np.maximum(np.where(mine, mean, nothing).max(axis=1), np.where(mine.any(axis=1), nothing, last))
    is_exact = (mine & pair).any(axis=1)
    exact_other = np.where(first & pair & ~mine, mean, nothing).max(axis=1)
    most_of_others = np.maximum(np.where(first & ~mine, mean, nothing).max(axis=1), last)
    won = is_exact & (for_own > most_of_others)
    lost = exact_other >= for_own
    return won, won | lost
