"""A made-up catalogue of any size, and judging of eight spaces on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows

WORDS, KINDS = 600, 2000  # different words of titles, and different titles, so that some are alike
SAMPLED = 1000


def catalogue(n: int, seed: int = 0) -> pd.DataFrame:
    """Index of n works with all columns that judges read, filled about as densely as a museum fills them."""
    rng = np.random.default_rng(seed)

    def names(kinds: int, share: float) -> pd.Series:
        drawn = pd.Series((kinds * rng.random(n) ** 2).astype(int).astype(str), dtype="string")
        return drawn.where(rng.random(n) < share)

    def lists(kinds: int, mean: float) -> list[list[str]]:
        sizes = rng.poisson(mean, n)
        values = (kinds * rng.random(sizes.sum()) ** 3).astype(int).astype(str)
        return [part.tolist() for part in np.split(values, np.cumsum(sizes)[:-1])]

    words = np.array([f"word{int(i)}" for i in WORDS * rng.random(KINDS * 4) ** 2]).reshape(KINDS, 4)
    title = rng.integers(0, KINDS, n)
    group = np.where(rng.random(n) < 0.05, rng.integers(0, n, n), np.arange(n))
    return pd.DataFrame(
        {
            "id": np.arange(n).astype(str),
            "title": [" ".join(row) for row in words[title]], "title_kind": title,
            "artist": names(n // 8 + 2, 0.75), "artist_qualified": names(n // 8 + 2, 0.1),
            "group": group, "object_group": group,
            "sibling_group": np.where(rng.random(n) < 0.9, np.arange(n), rng.integers(0, n, n)),
            "series": pd.array(["series"] * n, dtype="string"),
            "themes": lists(18, 1.5), "styles": lists(25, 0.8), "schools": lists(15, 0.9),
            "techniques": lists(12, 1.5), "keywords": lists(500 + n // 100, 4),
            "year": np.where(rng.random(n) < 0.85, rng.normal(1780, 120, n).round(), np.nan),
        }
    )  # fmt: skip


def title_vectors(index: pd.DataFrame, dim: int = 768, seed: int = 0) -> np.ndarray:
    """Title embeddings, unit rows (n, dim): one direction per title, with a little noise."""
    rng = np.random.default_rng(seed)
    kinds = rng.standard_normal((KINDS // 4, dim), dtype=np.float32)[np.arange(KINDS) % (KINDS // 4)]
    kinds += 0.5 * rng.standard_normal((KINDS, dim), dtype=np.float32)
    return unit_rows(kinds[index["title_kind"]])


def setup(n: int, most: int = 0) -> Callable[[], object]:
    """All judges on eight spaces: popularity, colours, titles, the image embedding in four forms, and a projection.

    Args:
        n: Works.
        most: Queries that each judge asks at most; 0 for all.
    """
    from artextract.similarity.ranking import spaces, tables
    from artextract.similarity.ranking.judges import all_judges
    from benchmarks import works

    index, relevance = catalogue(n), works.params().relevance.model_copy(update={"max_queries": most})
    titles, images = title_vectors(index), works.vectors(n, 1280)
    colours, projected = works.vectors(n, 64, seed=1), works.vectors(n, 256, seed=2)
    k = relevance.csls_neighbours
    fit = np.arange(min(n, 2000))  # what making the spaces costs is not measured here
    judged = [
        spaces.popularity_space(images, k, fit),
        spaces.cosine_space("colour", colours),
        spaces.cosine_space("title", titles, frozenset({"title"})),
        *spaces.image_spaces(images, relevance.whitened_components, k, fit),
        spaces.cosine_space("siamese", projected, frozenset({"title"})),
    ]

    def run() -> object:
        judges, _ = all_judges(index, titles, relevance)
        return tables.evaluate_spaces(judged, judges, relevance.neighbours, 0)

    return run
