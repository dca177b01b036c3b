"""Held-out evaluation of the siamese embedding: which works train it and which are queries, the embeddings that result,
and their scores.

Under S1 and S3 one training is scored on its held-out works, under S2 one for each fold of painters, and the queries
of all folds are pooled. The gallery is always all works. One rule holds for all that is fitted, the post-processings
of the raw embedding as much as the network: it sees the known works of its training and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.params.sections import Relevance, Siamese
from artextract.siamese.evaluation import controls
from artextract.siamese.evaluation.fitted import Fitted, Held, fit_primary
from artextract.siamese.evaluation.trials import PRIMARY, RIVALS, SHUFFLED
from artextract.siamese.projection.projection import project, project_head
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.judging import Judge, judge_may_score
from artextract.similarity.ranking.retrieval import evaluate_all
from artextract.similarity.ranking.spaces import Reach, Space, cosine_space, image_spaces
from artextract.similarity.ranking.tables import Values

TITLE = frozenset({"title"})
HELD = 1 << 29  # bytes of spaces that are held at a time
PER_WORK = 8192  # bytes of one work in a space: 2,048 dimensions


def by_part(part: np.ndarray) -> Held:
    """Rows of S1 or S3 from their column of train, select, held_out; other rows are only in the gallery."""
    train_rows, select, held_out = (np.flatnonzero(part == name) for name in ("train", "select", "held_out"))
    return Held(train_rows, select, held_out)


def by_fold(fold: np.ndarray, component: np.ndarray, select_fraction: float, seed: int) -> list[Held]:
    """S2: each fold held out once; of the other painters some stop the training.

    Args:
        fold: Fold of each work (n,).
        component: Component of each work (n,), ``splits.painter_components``: painters who share a group learn, or
            stop the training, together.
        select_fraction: Share of the components that are not held out.
        seed: Seed of their draw.
    """
    parts = []
    for held in np.unique(fold):
        known = np.flatnonzero(fold != held)
        names = np.random.default_rng([seed, 4, int(held)]).permutation(np.unique(component[known]))
        select = np.isin(component[known], names[: round(select_fraction * len(names))])
        parts.append(Held(known[~select], known[select], np.flatnonzero(fold == held)))
    return parts


def post_processings(images: np.ndarray, held: Held, params: Relevance, reach: Reach | None = None) -> list[Space]:
    """The opponents: the embedding as it comes, centred, whitened, and with CSLS.

    They are fitted on the training works only, like the siamese embedding, so the comparison is fair. A side effect,
    strongest for whitening: the training works are spread apart and the held-out works are not, so held-out works look
    slightly more similar to each other. This favours the opponent under judge artist on S2, where every relevant work
    is held out.

    Args:
        images: Image embeddings (n, d).
        held: The split.
        params: Section ``relevance``.
        reach: See ``image_spaces``.
    """
    return image_spaces(images, params.whitened_components, params.csls_neighbours, held.known, reach)


def attempts(collection: Collection, held: Held, fitted: Fitted, params: Siamese, seed: int) -> Iterator[Space]:
    """The siamese embedding, its head, its rival with the other head, and its controls, all from the same works.

    Args:
        collection: n works.
        held: The split.
        fitted: Result of ``fitted.fit`` on it.
        params: Section ``siamese``.
        seed: Seed of the training.

    Yields:
        One space per name of ``trials.attempt_names``, made when it is asked for.
    """
    images, known = collection.images, held.known
    rival, rival_head = RIVALS[params.head]
    yield cosine_space(PRIMARY, project(fitted.primary, images), TITLE)
    yield cosine_space("head_alone", project_head(fitted.primary, images), TITLE)
    yield cosine_space(rival, project(fitted.rival, images), TITLE)
    yield cosine_space(rival_head, project_head(fitted.rival, images), TITLE)
    other_index, other_titles = controls.shuffled_titles(collection.index, collection.titles, known, seed)
    shuffled = fit_primary(Collection(other_index, images, other_titles), held, params, seed)
    yield cosine_space(SHUFFLED, project(shuffled, images), TITLE)
    size = project(fitted.primary, images[:1]).shape[1]
    yield cosine_space("random_projection", controls.random_projection(images, known, size, seed))
    yield cosine_space("pca", controls.principal_components(images, known, size))


def portions(spaces: Iterable[Space]) -> Iterator[list[Space]]:
    """Spaces in lists of as many as may be held at a time: one of 100,000 works, all of 4,000.

    A list is emptied when the next one is asked for, and the last one at the end: whoever asks may keep its name.
    """
    waiting: list[Space] = []
    for space in spaces:
        waiting.append(space)
        del space  # nothing but the list holds it
        if len(waiting) * waiting[-1].n * PER_WORK > HELD:
            yield waiting
            waiting.clear()
    if waiting:
        yield waiting
        waiting.clear()


def pool(parts: Sequence[Values]) -> Values:
    """Per-query values of several folds as one; every query is in one fold only."""
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: pd.concat([part[key] for part in parts if key in part]).sort_index() for key in keys}


def score(spaces: Sequence[Space], judges: Mapping[str, Judge], rows: np.ndarray, k: int, seed: int) -> Values:
    """Per-query metrics of some rows by judge and space.

    Args:
        spaces: Over n works.
        judges: Those of ``scorable``.
        rows: Query works; the gallery is all works.
        k: How many results count.
        seed: Seed that draws the one query per space and judge that ir-measures computes too.
    """
    queries = {name: np.intersect1d(judge.queries(), rows) for name, judge in judges.items()}
    used = {name: judges[name] for name, of in queries.items() if len(of)}
    return evaluate_all(spaces, used, k, queries=queries, audited=1, seed=seed)


def scorable(judges: Mapping[str, Judge]) -> dict[str, Judge]:
    """Judges that say something about an embedding made with titles (``judge_may_score``)."""
    return {name: judge for name, judge in judges.items() if judge_may_score(judge, TITLE)}
