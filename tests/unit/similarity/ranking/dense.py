"""Judges from whole matrices, as tests write them down; the library never holds such a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artextract.similarity.ranking.judging import Judge, Truth


@dataclass(frozen=True)
class Matrix:
    """A relation that is listed pair by pair, (n, n)."""

    values: np.ndarray

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        return self.values[rows, columns]


def dense_judge(
    relevant: np.ndarray, excluded: np.ndarray, grade: np.ndarray | None = None, fields: frozenset[str] = frozenset()
) -> Judge:
    """A judge from boolean matrices (n, n), and from grades where relevance has degrees."""
    relation = Matrix(relevant if grade is None else grade.astype(np.float32))
    return Judge(len(relevant), relation, (Matrix(excluded),), graded=grade is not None, fields=fields)


def whole(judge: Judge) -> Truth:
    """What a judge says about all pairs."""
    return judge.truth(np.arange(judge.n))
