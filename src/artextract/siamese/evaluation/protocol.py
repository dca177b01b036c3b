"""The whole evaluation of the siamese embedding: all trainings of three splits, scored on what they have not seen.

S1 holds out works, S2 painters (in folds, each with a training of its own), S3 titles. The network of S1 is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.core.progress import progress
from artextract.params.sections import Params
from artextract.siamese.evaluation import held_out, words_eval
from artextract.siamese.evaluation.fitted import Fitted, Held, fit
from artextract.siamese.evaluation.knob import knob_spaces, knob_table
from artextract.siamese.evaluation.trials import (
    PRIMARY,
    RAW,
    SHOWN,
    headline,
    main_gain,
    train_gain,
    trials,
    values_table,
)
from artextract.siamese.projection.cosines import blocks
from artextract.siamese.projection.pairs import MIN_TAUGHT, TooFewWorks, titled_rows
from artextract.siamese.projection.splits import painter_components
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.shared_nearest import SharedNearest
from artextract.similarity.ranking.spaces import Reach, Space
from artextract.similarity.ranking.tables import Values, limits, retrieval_table

Encode = Callable[[Sequence[str]], np.ndarray]  # texts to unit rows


@dataclass(frozen=True)
class Trainings:
    """Rows that train and query works, for every training.

    Attributes:
        s1: Held-out works.
        s2: One training per fold of painters.
        s3: Held-out titles; None where they cannot be held out.
    """

    s1: Held
    s2: list[Held]
    s3: Held | None

    @property
    def all(self) -> list[tuple[str, Held]]:
        """Every training with the name of its split."""
        titles = [] if self.s3 is None else [("s3", self.s3)]
        return [("s1", self.s1), *(("s2", fold) for fold in self.s2), *titles]

    def teachable(self, index: pd.DataFrame) -> tuple[Trainings, dict[str, str]]:
        """The trainings that have enough to learn from, and why each of the others is left out.

        A collection whose works are all by one painter has no unseen painters, and is trained and scored all the same.

        Returns:
            The trainings, and ``<split>.not_measured`` with the reason.

        Raises:
            TooFewWorks: S1, whose network is kept, has not enough.
        """
        if reason := _lacks(index, self.s1):
            raise TooFewWorks(reason, where="train_siamese", remedy="add works with titles")
        folds = [(fold, _lacks(index, fold)) for fold in self.s2]
        of_titles = "" if self.s3 is None else _lacks(index, self.s3)
        reasons = {"s3": of_titles, "s2": next((why for _, why in folds if why), "")}
        kept = Trainings(self.s1, [fold for fold, why in folds if not why], None if of_titles else self.s3)
        return kept, {f"{split}.not_measured": why for split, why in reasons.items() if why}

    @classmethod
    def of(cls, collection: Collection, splits: pd.DataFrame, select_fraction: float, seed: int) -> Trainings:
        """The trainings of a table of splits (columns s1, s2_fold, s3), see ``projection.splits.split_table``."""
        components = painter_components(collection.index)
        folds = held_out.by_fold(splits["s2_fold"].to_numpy(), components, select_fraction, seed)
        s1, s3 = (held_out.by_part(splits[name].to_numpy()) for name in ("s1", "s3"))
        return cls(s1, folds, s3)


def _lacks(index: pd.DataFrame, held: Held) -> str:
    """What a training has too few of; "" where it has enough."""
    titled = len(titled_rows(index, held.known))
    if titled < MIN_TAUGHT:
        return f"titled works to learn from: {titled}, and at least {MIN_TAUGHT} are needed"
    return "" if len(held.queries) and len(held.train) else "no works can be held out: all belong together"


@dataclass(frozen=True)
class Outcome:
    """Result of all trainings.

    Attributes:
        fitted: Both heads of S1, which are kept.
        values: For each split, per-query metrics by judge and space, chance and ceiling among the spaces.
        tables: retrieval, attempts and knob (for people), values (every query, for later tests).
        flat: Scores as ``<split>.<judge>.<figure>``, the counts of the training that is kept,
            ``<judge>.queries_of`` where queries were drawn (the number that they were drawn from, over all works), and
            ``gain.judge``, the judge of the headline.
        headline: ``gain`` and ``gain.ci``, see ``trials.main_gain``.
    """

    fitted: Fitted
    values: dict[str, Values]
    tables: dict[str, pd.DataFrame]
    flat: dict[str, float | str]
    headline: dict[str, float]


def train_and_score(collection: Collection, trainings: Trainings, params: Params) -> Outcome:
    """Train under every split, and compare all attempts with the post-processings of the raw embedding.

    Args:
        collection: n works.
        trainings: Rows that train, and query works.
        params: relevance, siamese and seed are used.
    """
    judges = held_out.scorable(all_judges(collection.index, collection.titles, params.relevance)[0])
    k, seed, painters = params.relevance.neighbours, params.seed, collection.painters
    kept: list[tuple[Fitted, Values]] = []
    of_split: dict[str, list[Values]] = {"s1": [], "s2": [], "s3": []}
    of_knob: list[Values] = []
    similar: dict[str, float] = {}
    reach = SharedNearest().reach
    for split, held in progress(trainings.all, "train and score", "training"):
        fitted = fit(collection, held, params.siamese, seed)
        found, seen = _scored(collection, held, fitted, judges, params, reach, of_training=split == "s1")
        of_split[split].append(found)
        if split == "s1":
            kept.append((fitted, seen))
        elif split == "s2":
            shown = {name: judge for name, judge in judges.items() if name in SHOWN}
            turned: Values = {}
            for spaces in held_out.portions(knob_spaces(fitted.primary, collection.images)):
                turned |= held_out.score(spaces, shown, held.queries, k, seed)
            of_knob.append(turned)
        else:
            similar = nearest_titles(collection, held)
    ((fitted, seen),) = kept
    values = {split: with_limits(held_out.pool(parts), judges, k) for split, parts in of_split.items()}
    tried = trials(values, [f"ndcg{k}", f"p{k}"], painters, params.relevance.bootstrap, seed)
    gain, gain_judge = main_gain(tried, f"p{k}")
    trained, metrics = fitted.trained, [f"p{k}", f"ndcg{k}"]
    counts = {
        "epochs": trained.epochs,
        "positive_pairs": len(trained.pairs.positive),
        "positive_from_cosine": trained.pairs.positive_from,
    }
    counts |= {f"{name}.queries_of": judge.total for name, judge in judges.items() if judge.total is not None}
    return Outcome(
        fitted,
        values,
        {
            "retrieval": by_split(values, painters, params.relevance.bootstrap, seed),
            "attempts": tried,
            "knob": knob_table(held_out.pool(of_knob), metrics, painters, params.relevance.bootstrap, seed),
            "values": values_table(values, collection.index["id"], painters),
        },
        headline(tried, values, f"p{k}") | train_gain(seen, f"p{k}") | counts | similar | gain_judge,
        gain,
    )


def _scored(
    collection: Collection,
    held: Held,
    fitted: Fitted,
    judges: Mapping[str, Judge],
    params: Params,
    reach: Reach,
    *,
    of_training: bool,
) -> tuple[Values, Values]:
    """Per-query metrics of the query works of one training in all spaces, few of which are held at a time.

    With ``of_training`` also those of the works it was trained with, in the siamese space and the post-processings.
    """
    found: Values = {}
    seen: Values = {}
    k, seed = params.relevance.neighbours, params.seed

    def spaces() -> Iterator[Space]:
        yield from held_out.post_processings(collection.images, held, params.relevance, reach)
        yield from held_out.attempts(collection, held, fitted, params.siamese, seed)

    for some in held_out.portions(spaces()):
        found |= held_out.score(some, judges, held.queries, k, seed)
        if of_training:
            own = (*RAW, PRIMARY)
            seen |= held_out.score([space for space in some if space.name in own], judges, held.train, k, seed)
    return found, seen


def with_limits(values: Values, judges: Mapping[str, Judge], k: int) -> Values:
    """Per-query values of one split with chance and ceiling of the same queries; in the order of judges."""
    queries = {judge: table.index.to_numpy() for (judge, space), table in values.items() if space == PRIMARY}
    found = limits(judges, queries, k) | values
    return {key: found[key] for judge in queries for key in found if key[0] == judge}


def nearest_titles(collection: Collection, held: Held) -> dict[str, float]:
    """How near the titles that teach come to the held-out ones under S3.

    Args:
        collection: n works.
        held: The training of S3.

    Returns:
        ``s3.known`` and ``s3.left_out``, counts of works; ``s3.nearest_title``, the largest title cosine of a held-out
        work to a work that teaches.
    """
    taught = collection.titles[titled_rows(collection.index, held.known)]
    nearest = max(float(block.max()) for _, block in blocks(collection.titles[held.queries], taught))
    return {
        "s3.known": len(held.known),
        "s3.left_out": len(collection.index) - len(held.known) - len(held.queries),
        "s3.nearest_title": nearest,
    }


def by_split(values: Mapping[str, Values], painters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """``retrieval_table`` of every split below each other, with a first column ``split``."""
    tables = [retrieval_table(v, painters, draws, seed).assign(split=split) for split, v in values.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[["split", *table.columns.drop("split")]]


def found_by_words(collection: Collection, trainings: Trainings, encode: Encode | None, params: Params) -> pd.DataFrame:
    """Scores of titles and descriptions that find held-out works through cross-modal heads of S1 and S2.

    Args:
        collection: n works.
        trainings: Rows that teach the heads, and works that are searched for.
        encode: The encoder of the titles, for descriptions; None where too few works are described. It is called once.
        params: relevance, siamese and seed are used.

    Returns:
        As ``by_split``.
    """
    texts = {words_eval.OWN_TITLE: words_eval.own_titles(collection)}
    if encode is not None:
        texts[words_eval.DESCRIPTION] = words_eval.descriptions(collection.index, encode)
    k, seed = params.relevance.neighbours, params.seed
    todo = [("s1", trainings.s1), *(("s2", fold) for fold in trainings.s2)]
    of_split: dict[str, list[Values]] = {"s1": [], "s2": []}
    for split, held in progress(todo, "find by words", "head"):
        found = words_eval.search(collection, held, texts, penalty=params.siamese.ridge, k=k, seed=seed)
        of_split[split].append(found)
    values = {split: held_out.pool(parts) for split, parts in of_split.items()}
    return by_split(values, collection.painters, params.relevance.bootstrap, seed)
