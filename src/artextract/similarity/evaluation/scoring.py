"""All judges on all spaces of a collection: tables, and the few numbers that people look at first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from PIL import Image

from artextract.params.sections import Relevance
from artextract.similarity.evaluation.health import health
from artextract.similarity.ranking import tables
from artextract.similarity.ranking.anywhere import nearest_of_all
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.judges import ELSEWHERE, all_judges
from artextract.similarity.ranking.neighbours import neighbour_table
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


def spaces_of(collection: Collection, images: Iterable[Image.Image], params: Relevance) -> list[Space]:
    """The spaces that are judged: popularity and colour as baselines, titles, and the image embedding in four forms."""
    return [
        popularity_space(collection.images, params.csls_neighbours),
        colour_space(images),
        cosine_space("title", collection.titles, frozenset({"title"})),
        *image_spaces(collection.images, params.whitened_components, params.csls_neighbours),
    ]


def score(collection: Collection, images: Iterable[Image.Image], params: Relevance, seed: int) -> Scores:
    """Judge all spaces.

    Args:
        collection: n works.
        images: Their images, in the order of the index.
        params: Section ``relevance``.
        seed: Seed of the resampling.
    """
    k, painters, draws = params.neighbours, collection.painters, params.bootstrap
    judges, unmeasured = all_judges(collection.index, collection.titles, params)
    spaces = spaces_of(collection, images, params)
    values = tables.evaluate_spaces(spaces, judges, k, seed)
    retrieval = tables.retrieval_table(values, painters, draws, seed)
    compared = {(judge, space): v for (judge, space), v in values.items() if space in COMPARED}
    differences = tables.differences(compared, "image", [f"ndcg{k}", "map", f"p{k}"], painters, draws, seed)
    figures = {space.name: health(space, collection.group, params.csls_neighbours) for space in spaces}
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


def neighbours_of_both(collection: Collection, k: int) -> pd.DataFrame:
    """The k nearest works of every work by image and by title, its own group left out; see ``neighbour_table``."""
    group = collection.group
    found = {name: nearest_of_all(e, group, k, f"search by {name}") for name, e in collection.embeddings.items()}
    return pd.concat(
        [neighbour_table(collection.index["id"], *rows, name) for name, rows in found.items()], ignore_index=True
    )
