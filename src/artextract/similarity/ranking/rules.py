"""The rules of relevance that only one judge has: painters with their circle, periods, terms, and titles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from artextract.similarity.ranking.relations import Equal, indicator, shared_weight

NEAR = 1e-5  # a cosine in float32 is that close to the exact one, however many dimensions it was summed over


@dataclass(frozen=True)
class SamePainter:
    """Works tied to the same painter; the degree says how sure the attribution of the work in the gallery is.

    Attributes:
        person: The painter that each work is tied to.
        certainty: float32 (n,).
    """

    person: Equal
    certainty: np.ndarray

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """float32 (b, c), see ``Relation``."""
        return self.person.pairs(rows, columns) * self.certainty[columns][None, :]


@dataclass(frozen=True)
class NearInTime:
    """Works painted at about the same time; the degree falls from one to zero over a gap of ``years``.

    Attributes:
        year: float64 (n,), NaN where a work is not dated; such a work is near to nothing.
        years: The gap.
    """

    year: np.ndarray
    years: float

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """float32 (b, c), see ``Relation``."""
        gap = np.abs(self.year[rows][:, None] - self.year[columns][None, :])
        return np.nan_to_num(np.clip(1 - gap / self.years, 0, 1)).astype(np.float32)


@dataclass(frozen=True)
class SharedTerms:
    """Terms in common: shared over united inverse document frequency.

    Attributes:
        table: Which work has which term, (n, t).
        idf: Inverse document frequency of each term, float64 (t,).
        own: Summed idf of each work's terms, float64 (n,).
        overlap: Smallest share that counts; nearly all works share "painted surface".
    """

    table: csr_matrix
    idf: np.ndarray
    own: np.ndarray
    overlap: float

    @classmethod
    def of(cls, columns: list[pd.Series], overlap: float) -> SharedTerms:
        """From the columns of terms, each a list per work."""
        table = csr_matrix(hstack([indicator(column) for column in columns]))
        idf = np.log(len(columns[0]) / table.getnnz(axis=0))
        return cls(table, idf, table @ idf, overlap)

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """float32 (b, c), see ``Relation``."""
        shared = shared_weight(self.table, self.idf, rows, columns)
        union = self.own[rows][:, None] + self.own[columns][None, :]
        union -= shared
        share = np.divide(shared, union, out=shared, where=union > 0)  # nothing is shared where the union is empty
        share[share < self.overlap] = 0
        return np.minimum(share, 1, out=share).astype(np.float32)


@dataclass(frozen=True)
class SimilarTitles:
    """Works whose titles have a cosine of at least ``threshold``.

    Attributes:
        titles: Title embeddings, unit rows (n, d); may be mapped from a file.
        threshold: Smallest cosine that counts.
    """

    titles: np.ndarray
    threshold: float

    def pairs(self, rows: np.ndarray, columns: slice) -> np.ndarray:
        """Boolean (b, c), see ``Relation``.

        The last digits of a product of matrices depend on the block. The few cosines that they could decide are
        therefore computed again, exactly, so that a pair is judged alike in every block.
        """
        gallery = self.titles[columns]
        cosine = self.titles[rows] @ gallery.T
        similar = cosine >= self.threshold
        row, column = np.nonzero(np.abs(cosine - np.float32(self.threshold)) < NEAR)
        products = self.titles[rows[row]].astype(np.float64) * gallery[column]
        similar[row, column] = products.sum(axis=1) >= self.threshold
        return similar
