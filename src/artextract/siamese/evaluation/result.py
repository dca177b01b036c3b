"""All that comes of the siamese training: of one that took place, or of a collection that is too small for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract.params.sections import Params
from artextract.siamese.evaluation import words_eval
from artextract.siamese.evaluation.knob import knob_table
from artextract.siamese.evaluation.protocol import Encode, Trainings, found_by_words, train_and_score
from artextract.siamese.evaluation.trials import KEYS, TRIALS
from artextract.siamese.projection.heads import untrained
from artextract.siamese.projection.projection import Projection
from artextract.siamese.projection.words import fit_head, untrained_head
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.descriptions import are_described
from artextract.similarity.ranking.tables import TABLE

LOSSES = ["epoch", "train", "select", "select_error"]


@dataclass(frozen=True)
class Result:
    """What the stage writes.

    Attributes:
        projection: The siamese projection.
        head: The cross-modal head.
        values: Every query of every split.
        plots: losses, retrieval, attempts, knob, crossmodal.
        flat: Scores; ``not_trained`` with the reason where nothing was trained.
        headline: The DVC metric; empty where nothing was measured.
    """

    projection: Projection
    head: dict[str, np.ndarray]
    values: pd.DataFrame
    plots: dict[str, pd.DataFrame]
    flat: dict[str, float | str]
    headline: dict[str, float]


def trained(collection: Collection, splits: pd.DataFrame, params: Params, encode: Encode) -> Result:
    """Train under every split, keep the network of S1, and score all attempts.

    Args:
        collection: n works.
        splits: Columns s1, s2_fold, s3.
        params: relevance, seed, siamese and splits are used.
        encode: The encoder of the titles, called only where enough works have a curator's description.

    Raises:
        TooFewWorks: There is not enough to learn from.
    """
    index = collection.index
    trainings, left_out = Trainings.of(collection, splits, params.splits.select_fraction, params.seed).teachable(index)
    outcome = train_and_score(collection, trainings, params)
    head = fit_head(index, collection.images, collection.titles, trainings.s1.known, params.siamese.ridge)
    described = are_described(index, params.relevance)  # else the encoder, which takes seconds to load, is not needed
    words = found_by_words(collection, trainings, encode if described else None, params)
    tables = {name: outcome.tables[name] for name in ("retrieval", "attempts", "knob")}
    return Result(
        outcome.fitted.primary,
        head,
        outcome.tables["values"],
        {"losses": pd.DataFrame(outcome.fitted.trained.history[1:]), **tables, "crossmodal": words},
        outcome.flat | words_eval.headline(words, params.relevance.neighbours) | left_out,
        outcome.headline,
    )


def not_trained(collection: Collection, reason: str, metrics: Sequence[str]) -> Result:
    """The result of a collection that is too small: the space is the image embedding, and all tables are empty.

    Args:
        collection: n works.
        reason: Why nothing was trained.
        metrics: Metrics of the table of weights.
    """
    by_split = pd.DataFrame(columns=pd.Index(["split", *TABLE]))
    plots = {
        "losses": pd.DataFrame(columns=pd.Index(LOSSES)),
        "retrieval": by_split,
        "attempts": pd.DataFrame(columns=pd.Index(TRIALS)),
        "knob": knob_table({}, metrics, collection.painters, 1, 0),
        "crossmodal": by_split,
    }
    dim, words = collection.images.shape[1], collection.titles.shape[1]
    values = pd.DataFrame(columns=pd.Index(KEYS), dtype="string")
    return Result(untrained(dim), untrained_head(dim, words), values, plots, {"not_trained": reason}, {})
