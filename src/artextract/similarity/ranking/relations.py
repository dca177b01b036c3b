"""Relations between works, made from what is recorded about each of them and asked for a block of pairs at a time.

All pairs of 100,000 works would fill 10 GB with one byte each. A relation holds numbers per work instead, and says for
some query works and some works of the gallery which of these pairs it holds for. What it says about a pair does not
depend on the block that the pair is asked in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

EVERYTHING = slice(None)


class Relation(Protocol):
    """What is true of pairs of works, or to what degree."""

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """The relation of query works to works of the gallery.

        Args:
            rows: Query works, int64 (b,).
            columns: Works of the gallery, c of them.

        Returns:
            Boolean (b, c), or float32 (b, c) from 0 to 1 where the relation has degrees.
        """
        ...


@dataclass(frozen=True)
class Equal:
    """Works with the same code.

    Attributes:
        codes: Code of each work, int32 (n,), see ``codes_of``; a negative code equals nothing.
    """

    codes: np.ndarray

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Boolean (b, c), see ``Relation``."""
        own = self.codes[rows]
        return np.where(own < 0, -2, own)[:, None] == self.codes[columns][None, :]

    def occur_twice(self) -> np.ndarray:
        """Whether another work has the code of this one; boolean (n,)."""
        return (self.codes >= 0) & (np.bincount(self.codes + 1)[self.codes + 1] > 1)


@dataclass(frozen=True)
class InCommon:
    """Works that have a value in common.

    Attributes:
        table: Which work has which value, see ``indicator``; (n, number of values).
    """

    table: csr_matrix

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Boolean (b, c), see ``Relation``."""
        return shared_weight(self.table, None, rows, columns) > 0


@dataclass(frozen=True)
class Itself:
    """Every work and itself.

    Attributes:
        n: Works.
    """

    n: int

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Boolean (b, c), see ``Relation``."""
        return rows[:, None] == np.arange(self.n)[columns][None, :]


@dataclass(frozen=True)
class OthersOf:
    """The works that a relation holds for, less the query itself.

    Attributes:
        relation: The relation.
        n: Works.
    """

    relation: Relation
    n: int

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Boolean (b, c), see ``Relation``."""
        return self.relation.pairs(rows, columns) & ~Itself(self.n).pairs(rows, columns)


def codes_of(values: pd.Series) -> np.ndarray:
    """Equal values as equal numbers from 0, null as -1; int32 (n,)."""
    return pd.factorize(values)[0].astype(np.int32)


def same_group(index: pd.DataFrame) -> Equal:
    """Near-duplicates and siblings, the work itself among them."""
    return Equal(codes_of(index["group"]))


def indicator(lists: pd.Series) -> csr_matrix:
    """Which work has which value, from a column of lists: ones, float32 (n, number of values)."""
    values = lists.reset_index(drop=True).map(list).explode().dropna()
    codes, names = pd.factorize(values, sort=True)
    return _ones(values.index.to_numpy(dtype=np.int64), codes, (len(lists), len(names)))


def indicator_of_words(words: Sequence[Collection[str]]) -> csr_matrix:
    """Which work has which word: ones, float32 (n, number of words).

    Args:
        words: Different words of each of n works.
    """
    vocabulary = {word: column for column, word in enumerate(sorted(set().union(*words)))}
    row = np.repeat(np.arange(len(words)), [len(own) for own in words])
    column = np.array([vocabulary[word] for own in words for word in own], dtype=np.int64)
    return _ones(row, column, (len(words), len(vocabulary)))


def _ones(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    """A sparse table with a one at each place, however often the place is given."""
    table = csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)
    table.data[:] = 1
    return table


def shared_weight(table: csr_matrix, weight: np.ndarray | None, rows: np.ndarray, columns: slice) -> np.ndarray:
    """Summed weight of the values that two works share; (b, c), of the type of the weights.

    Each sum goes over the values in their order, so that it is the same to the last digit in every block.

    Args:
        table: Which work has which value, (n, v).
        weight: Weight of each value, float64 (v,); None where each counts one (float32).
        rows: See ``Relation.pairs``.
        columns: See ``Relation.pairs``.
    """
    own = table[rows].toarray()
    if weight is not None:
        own = own * weight
    gallery = table if columns == EVERYTHING else table[columns]
    return np.ascontiguousarray((gallery @ np.ascontiguousarray(own.T)).T)
