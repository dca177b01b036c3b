"""All trainings of the three splits, scored on what they have not seen, on toy works with two subjects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from artextract.params.sections import Params
from artextract.siamese.evaluation import held_out
from artextract.siamese.evaluation.fitted import Held
from artextract.siamese.evaluation.knob import SUBJECTS
from artextract.siamese.evaluation.protocol import Outcome, Trainings, nearest_titles, train_and_score
from artextract.siamese.evaluation.trials import RAW, SHOWN, attempt_names, trials
from artextract.siamese.projection.pairs import TooFewWorks
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.judges import JUDGES
from tests.unit.siamese.evaluation.test_held_out import IMAGES, INDEX, PAINTER, SUBJECT, TITLES, N, relevance
from tests.unit.siamese_toys import settings, works

ROWS = np.arange(N)


def splits() -> pd.DataFrame:
    part = np.where(PAINTER % 5 == 0, "held_out", np.where(PAINTER % 5 == 1, "select", "train"))
    return pd.DataFrame({"id": ROWS.astype(str), "s1": part, "s2_fold": PAINTER % 3, "s3": np.roll(part, 4)})


def run(**changes: int) -> Outcome:
    index = INDEX.assign(id=ROWS.astype(str), themes=pd.Series([[f"subject {s}"] for s in SUBJECT]))
    index = index.assign(artist_qualified=pd.array([None] * N, dtype="string"))
    collection = Collection(index, IMAGES, TITLES)
    trainings = Trainings.of(collection, splits(), 0.15, 0)
    assert len(trainings.s2) == 3 and len(trainings.s1.queries) == (PAINTER % 5 == 0).sum()
    p = SimpleNamespace(relevance=relevance().model_copy(update=changes), siamese=settings(), seed=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out, "HELD", 4 * N * held_out.PER_WORK)  # as of a large collection: five spaces at a time
        return train_and_score(collection, trainings, cast(Params, p))


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run()


@pytest.mark.long
def test_drawn_queries_say_of_how_many_they_were_drawn(outcome: Outcome):
    assert not [key for key in outcome.flat if key.endswith("queries_of")]
    sampled = run(max_queries=60)
    assert sampled.flat["theme.queries_of"] == N
    asked = sampled.tables["values"].query("split == 's2' and judge == 'theme' and space == 'siamese'")
    assert len(asked) == 60


@pytest.mark.slow
def test_each_split_is_scored_on_its_held_out_works_only(outcome: Outcome):
    values = outcome.tables["values"]
    asked = {split: set(part["id"].astype(int)) for split, part in values.groupby("split")}
    assert asked["s1"] == set(ROWS[PAINTER % 5 == 0]) and asked["s2"] == set(ROWS)
    assert asked["s3"] == set(ROWS[np.roll(PAINTER % 5 == 0, 4)])


@pytest.mark.slow
def test_every_attempt_and_every_form_of_the_raw_embedding_is_listed(outcome: Outcome):
    assert set(outcome.tables["retrieval"]["space"]) == {"random", "ceiling", *RAW, *attempt_names("closed_form")}
    assert set(outcome.tables["attempts"]["attempt"]) == set(attempt_names("closed_form"))
    again = trials(outcome.values, ["ndcg10", "p10"], PAINTER, relevance().bootstrap, 0)
    pd.testing.assert_frame_equal(outcome.tables["attempts"], again)
    assert outcome.tables["retrieval"].columns[0] == "split"


@pytest.mark.slow
def test_every_weight_of_the_knob_is_scored(outcome: Outcome):
    found = outcome.tables["knob"].groupby("judge")["subject"].apply(list).to_dict()
    assert found and all(weights == list(SUBJECTS) for weights in found.values())


def test_trainings_with_too_little_to_learn_from_are_left_out_with_the_reason():
    index = works([f"Sea {i}" for i in range(20)] + ["Untitled"] * 20)
    enough, none = np.arange(14), np.empty(0, dtype=np.int64)
    good = Held(enough[:12], enough[12:], np.array([30]))
    untitled = Held(np.arange(9, 32), none, np.array([0]))
    nothing_asked, nothing_learnt = Held(enough, none, none), Held(none, enough, np.array([30]))
    kept, why = Trainings(good, [good, untitled, nothing_asked], None).teachable(index)
    assert kept.s1 is good and kept.s2 == [good] and kept.s3 is None
    assert why == {"s2.not_measured": "titled works to learn from: 11, and at least 12 are needed"}
    kept, why = Trainings(good, [nothing_learnt], untitled).teachable(index)
    assert kept.s2 == [] and kept.s3 is None and set(why) == {"s2.not_measured", "s3.not_measured"}
    assert why["s2.not_measured"] == "no works can be held out: all belong together"
    kept, why = Trainings(good, [good], good).teachable(index)
    assert kept.s3 is good and why == {}
    with pytest.raises(TooFewWorks, match="titled works to learn from: 11"):
        Trainings(untitled, [good], None).teachable(index)


def test_judges_that_are_shown_are_listed_ones():
    assert set(SHOWN) <= {judge.key for judge in JUDGES}


@pytest.mark.slow
def test_the_headline_is_the_gain_on_unseen_painters_in_the_table(outcome: Outcome):
    table = outcome.tables["attempts"]
    row = table[
        (table["split"] == "s2") & (table["judge"] == "theme") & (table["attempt"] == "siamese")
        & table["against"].isin(RAW) & (table["metric"] == "p10")
    ].iloc[0]  # fmt: skip
    assert outcome.headline["gain"] == pytest.approx(row["micro"])
    assert outcome.headline["gain.ci"] == pytest.approx((row["high"] - row["low"]) / 2)
    assert outcome.flat["gain.judge"] == "theme" and outcome.flat["s2.theme.gain.p10"] == outcome.headline["gain"]


@pytest.mark.slow
def test_scores_are_between_chance_and_ceiling_of_the_same_queries(outcome: Outcome):
    """Of the 116 works by other painters, half are of the query's subject."""
    numbers = {name: float(outcome.flat[f"s2.theme.{name}.p10"]) for name in ("chance", "best", "siamese", "ceiling")}
    assert numbers["chance"] == pytest.approx(58 / 116) and numbers["ceiling"] == 1
    assert numbers["chance"] < numbers["best"] < numbers["siamese"] < numbers["ceiling"]
    values = outcome.tables["values"]
    sizes = values.groupby(["split", "judge", "space"]).size().unstack()
    assert (sizes.nunique(axis=1) == 1).all() and {"random", "ceiling"} <= set(sizes.columns)


@pytest.mark.slow
def test_the_knob_in_the_middle_is_the_siamese_embedding(outcome: Outcome):
    """The default weight of the toys is 0.5, so that row must hold the siamese embedding's own score for S2."""
    knob, table = outcome.tables["knob"], outcome.tables["retrieval"]
    middle = knob[(knob["subject"] == 0.5) & (knob["judge"] == "theme")].iloc[0]
    own = table[(table["split"] == "s2") & (table["judge"] == "theme") & (table["space"] == "siamese")]
    for metric in ("p10", "ndcg10"):
        assert middle[metric] == pytest.approx(float(own[own["metric"] == metric]["micro"].iloc[0]), abs=1e-9)


@pytest.mark.slow
def test_titles_near_held_out_ones_are_counted(outcome: Outcome):
    titles = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    collection = Collection(works(["a", "Untitled", "c", "d"]), np.eye(4, dtype=np.float32), titles)
    held = Held(np.array([1, 2]), np.array([], dtype=np.int64), np.array([0]))
    found = nearest_titles(collection, held)
    assert (found["s3.known"], found["s3.left_out"]) == (2, 1)
    assert found["s3.nearest_title"] == pytest.approx(0.6)  # "Untitled", which is nearer, does not teach
    assert outcome.flat["s3.known"] == N - (PAINTER % 5 == 0).sum() and outcome.flat["s3.left_out"] == 0


@pytest.mark.slow
def test_the_network_that_is_kept_is_that_of_s1_with_its_counts(outcome: Outcome):
    assert outcome.flat["epochs"] == outcome.fitted.trained.epochs
    assert outcome.flat["positive_pairs"] == len(outcome.fitted.trained.pairs.positive)
    assert outcome.flat["positive_from_cosine"] == outcome.fitted.trained.pairs.positive_from
    pairs = outcome.fitted.trained.pairs
    assert not set(ROWS[PAINTER % 5 == 0]) & set(pairs.rows[np.unique(pairs.positive)])
    assert "s1.theme.train_gain.p10" in outcome.flat
