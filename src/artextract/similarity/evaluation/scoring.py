"""All judges on all spaces of a collection: tables, and the few numbers that people look at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from artextract.params.sections import Relevance
from artextract.similarity.evaluation.health import health
from artextract.similarity.ranking import tables
from artextract.similarity.ranking.anywhere import nearest_of_all
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.judges import ELSEWHERE, all_judges
from artextract.similarity.ranking.neighbours import neighbour_table
from artextract.similarity.ranking.shared_nearest import SHARED_FROM, SharedNearest
from artextract.similarity.ranking.spaces import Space, colour_space, cosine_space, image_spaces, popularity_space

COMPARED = ("title", "image", "centred", "whitened", "csls")  # in pairs, with Holm's correction
SHOWN = ("random", "title", "image", "centred")  # among the flat scores; all others are in the tables


@dataclass(frozen=True)
class Scores:
    """Scores of all judges.

    Attributes:
        tables: retrieval, judges, differences and health, see the functions that make them.
        absent: Keys of judges that could not be measured here, and why.
        flat: ``<judge>.<space>.<metric>``, ``health.image.<figure>``, and ``ndcg.judge``, the judge of the headline.
        headline: ``ndcg``, see ``tables.main_score``.
    """

    tables: dict[str, pd.DataFrame]
    absent: dict[str, str]
    flat: dict[str, float | str]
    headline: dict[str, float]


Near = Mapping[str, SharedNearest]  # of each embedding, by its name


def shared_by(collection: Collection) -> dict[str, SharedNearest]:
    """For each embedding of a collection, what all of this module share."""
    return {name: SharedNearest(f"search by {name}") for name in collection.embeddings}


def spaces_of(
    collection: Collection, images: Iterable[Image.Image], params: Relevance, near: Near | None = None
) -> list[Space]:
    """The spaces that are judged: popularity and colour as baselines, titles, and the image embedding in four forms.

    Args:
        collection: n works.
        images: Their images, in the order of the index.
        params: Section ``relevance``.
        near: See ``shared_by``.
    """
    n, k, by_image = len(collection.index), params.csls_neighbours, (near or shared_by(collection))["image"]
    found = by_image.others(collection.images, np.arange(n), k)[0] if by_image.pays(n, k) else None
    return [
        popularity_space(collection.images, k, near=found),
        colour_space(images),
        cosine_space("title", collection.titles, frozenset({"title"})),
        *image_spaces(collection.images, params.whitened_components, k, reach=by_image.reach),
    ]


def score(
    collection: Collection, images: Iterable[Image.Image], params: Relevance, seed: int, near: Near | None = None
) -> Scores:
    """Judge all spaces.

    Args:
        collection: n works.
        images: Their images, in the order of the index.
        params: Section ``relevance``.
        seed: Seed of the resampling.
        near: See ``shared_by``.
    """
    near = near or shared_by(collection)
    k, painters, draws = params.neighbours, collection.painters, params.bootstrap
    judges, unmeasured = all_judges(collection.index, collection.titles, params)
    spaces = spaces_of(collection, images, params, near)
    values = tables.evaluate_spaces(spaces, judges, k, seed)
    retrieval = tables.retrieval_table(values, painters, draws, seed)
    compared = {(judge, space): v for (judge, space), v in values.items() if space in COMPARED}
    differences = tables.differences(compared, "image", [f"ndcg{k}", "map", f"p{k}"], painters, draws, seed)
    figures = {space.name: _health(space, collection, params.csls_neighbours, near) for space in spaces}
    flat: dict[str, float | str] = {**tables.headline(retrieval, k, SHOWN, ("title", "image"), "image")}
    flat |= tables.sampling(values, judges, "image", f"ndcg{k}")
    headline, main_judge = tables.main_score(retrieval, "image", k)
    return Scores(
        {
            "retrieval": retrieval,
            "judges": tables.judges_table(judges, unmeasured),
            "differences": differences,
            "health": pd.DataFrame.from_dict(figures, "index").rename_axis("space").reset_index(),
        },
        {key: reason for key, reason in unmeasured.items() if reason != ELSEWHERE},
        flat | main_judge | {f"health.image.{name}": value for name, value in figures["image"].items()},
        headline,
    )


def _health(space: Space, collection: Collection, k: int, near: Near) -> dict[str, float]:
    """See ``health``; the neighbours of many works are looked up where they are known, or searched for in parts."""
    found = None
    if space.n >= SHARED_FROM and space.vectors is not None:
        if space.name in near:
            found = near[space.name].others(collection.embeddings[space.name], collection.group, k)[0]
        else:
            found = nearest_of_all(space.vectors, collection.group, k, f"hubs of {space.name}")[0]
    return health(space, collection.group, k, found)


def neighbours_of_both(collection: Collection, k: int, near: Near | None = None) -> pd.DataFrame:
    """The k nearest works of every work by image and by title, its own group left out; see ``neighbour_table``.

    Args:
        collection: n works.
        k: Neighbours.
        near: See ``shared_by``.
    """
    near = near or shared_by(collection)
    found = {name: near[name].others(e, collection.group, k) for name, e in collection.embeddings.items()}
    return pd.concat(
        [neighbour_table(collection.index["id"], *rows, name) for name, rows in found.items()], ignore_index=True
    )
