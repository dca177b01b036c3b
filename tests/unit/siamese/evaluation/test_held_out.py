"""The evaluation: who is asked, who may have been seen, what is pooled, and what no attempt may win by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.params.sections import Relevance, Splits
from artextract.siamese.evaluation import held_out as evaluation
from artextract.siamese.evaluation.fitted import fit
from artextract.siamese.evaluation.trials import RAW, attempt_names, train_gain, trials
from artextract.siamese.projection.splits import artist_folds, painter_components
from artextract.similarity.ranking import retrieval
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.spaces import Space, cosine_space, image_spaces
from artextract.similarity.ranking.tables import Values
from tests.unit.siamese_toys import settings, two_subjects
from tests.unit.similarity.ranking.dense import dense_judge

IMAGES, TITLES, INDEX, SUBJECT = two_subjects()
N, PAINTER = len(INDEX), np.arange(120) // 4
OWN = np.eye(N, dtype=bool)
THEME = dense_judge(SUBJECT[:, None] == SUBJECT[None, :], OWN, fields=frozenset({"themes"}))
PROXY = dense_judge(SUBJECT[:, None] == SUBJECT[None, :], OWN, fields=frozenset({"title"}))
ROWS = np.arange(N)


def relevance() -> Relevance:
    return Relevance(
        title_cosine=0.5, period_years=25, terms_overlap=0.3, min_queries=5, max_queries=0, whitened_components=8,
        csls_neighbours=5, neighbours=10, bootstrap=100,
    )  # fmt: skip


def values(**vectors: np.ndarray) -> Values:
    spaces = [cosine_space(name, v) for name, v in vectors.items()]
    return evaluation.score(spaces, {"theme": THEME}, ROWS, 10, 0)


def test_every_work_is_asked_once_and_no_training_sees_its_painter():
    fold = PAINTER % 5
    parts = evaluation.by_fold(fold, PAINTER, 0.25, 0)
    assert np.sort(np.concatenate([part.queries for part in parts])).tolist() == ROWS.tolist()
    for part in parts:
        painters = [set(PAINTER[rows].tolist()) for rows in (part.train, part.select, part.queries)]
        assert not (painters[0] & painters[1] or painters[0] & painters[2] or painters[1] & painters[2])
        assert len(part.train) + len(part.select) + len(part.queries) == N
        assert len(painters[1]) == 6  # a quarter of 24
    again = evaluation.by_fold(fold, PAINTER, 0.25, 0)
    assert all((a.select == b.select).all() for a, b in zip(parts, again, strict=True))


def test_painters_who_share_a_group_learn_or_stop_together():
    """Painters 0 and 1, 2 and 3 ... have a near-duplicate in common: neither it nor they may be parted in any fold."""
    group = ROWS.copy()
    group[4::8] = group[3::8]
    index = INDEX.assign(group=group)
    splits = Splits(held_out_fraction=0.2, select_fraction=0.15, folds=5, title_cosine=0.7, max_cluster=0.15)
    component = painter_components(index)
    assert (component == PAINTER // 2).all()
    for seed in range(5):
        parts = evaluation.by_fold(artist_folds(index, splits, seed), component, 0.25, seed)
        assert len(parts) == 5 and all(len(part.select) for part in parts)
        for part in parts:
            for of in (group, PAINTER):
                sides = [set(of[rows].tolist()) for rows in (part.train, part.select, part.queries)]
                assert sum(map(len, sides)) == len(set.union(*sides))


def test_parts_of_a_column():
    held = evaluation.by_part(np.array(["train", "held_out", "select", "train"]))
    assert (held.train.tolist(), held.select.tolist(), held.queries.tolist()) == ([0, 3], [2], [1])


def test_the_title_proxy_may_not_judge():
    assert list(evaluation.scorable({"theme": THEME, "title_proxy": PROXY})) == ["theme"]


def test_pooled_folds_are_the_whole():
    whole = values(a=IMAGES)
    parts = [evaluation.score([cosine_space("a", IMAGES)], {"theme": THEME}, rows, 10, 0)
             for rows in (ROWS[60:], ROWS[:60])]  # fmt: skip
    pd.testing.assert_frame_equal(evaluation.pool(parts)["theme", "a"], whole["theme", "a"])


def test_post_processings_see_no_held_out_work():
    """What they say of known works does not depend on the painters who are held out."""
    (held, *_), params = evaluation.by_fold(PAINTER % 3, PAINTER, 0.15, 0), relevance()
    assert sorted([*held.train, *held.select]) == held.known.tolist()
    changed = IMAGES.copy()
    changed[held.queries] = unit_rows(np.random.default_rng(9).normal(size=(len(held.queries), IMAGES.shape[1])))
    one, other = (evaluation.post_processings(images, held, params) for images in (IMAGES, changed))
    assert tuple(space.name for space in one) == RAW
    for a, b in zip(one, other, strict=True):
        before, after = (space.similarity(held.known)[:, held.known] for space in (a, b))
        np.testing.assert_allclose(before, after, atol=1e-6, err_msg=a.name)
        assert np.abs(a.similarity(held.queries) - b.similarity(held.queries)).max() > 0.1
    transductive = image_spaces(IMAGES, params.whitened_components, params.csls_neighbours)
    for a, b in zip(one[1:], transductive[1:], strict=True):
        assert not np.allclose(a.similarity(ROWS), b.similarity(ROWS), atol=1e-3), a.name


@pytest.mark.slow
@pytest.mark.parametrize("head", ["closed_form", "trained"])
def test_siamese_gains_on_unseen_painters_and_shuffled_titles_do_not(head: str):
    """The whole way with each head, on works whose titles tell what their images show faintly."""
    params = settings(head=head)
    parts, seen = [], []
    for held in evaluation.by_fold(PAINTER % 3, PAINTER, 0.15, 0):
        fitted = fit(Collection(INDEX, IMAGES, TITLES), held, params, 0)
        spaces = list(evaluation.attempts(Collection(INDEX, IMAGES, TITLES), held, fitted, params, 0))
        assert tuple(space.name for space in spaces) == attempt_names(head)
        untaught = {"random_projection", "pca"}
        assert all(space.fields == ({"title"} if space.name not in untaught else set()) for space in spaces)
        raw = evaluation.post_processings(IMAGES, held, relevance())
        parts.append(evaluation.score([*raw, *spaces], {"theme": THEME}, held.queries, 10, 0))
        seen.append(evaluation.score([*raw, spaces[0]], {"theme": THEME}, held.train, 10, 0))
    table = trials({"s2": evaluation.pool(parts)}, ["p10"], PAINTER, 200, 0)
    low: dict[str, Any] = {r["attempt"]: r["low"] for r in table.to_dict("records") if r["against"] in RAW}
    assert low["siamese"] > 0.05
    assert all(low[control] <= 0 for control in ("shuffled_titles", "random_projection", "pca"))
    assert train_gain(seen[0], "p10")["s1.theme.train_gain.p10"] > 0.05


def test_the_painters_who_stop_a_training_are_always_the_same_for_a_seed():
    parts = evaluation.by_fold(np.arange(12) % 3, np.arange(12), 0.25, 7)
    assert [part.select.tolist() for part in parts] == [[5, 11], [6, 9], [9, 10]]


def test_few_spaces_of_a_large_collection_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch):
    """A space is made when it is asked for, and those before it can be forgotten."""
    made: list[str] = []

    def spaces() -> Iterator[Space]:
        for name in "abcde":
            made.append(name)
            yield Space(name, 100_000, lambda rows: np.zeros((len(rows), 1)))

    lists = evaluation.portions(spaces())
    first = next(lists)
    assert [space.name for space in first] == made == ["a"]
    assert next(lists)[0].name == "b" and len(first) <= 1
    assert [[space.name for space in some] for some in evaluation.portions(spaces())] == [[name] for name in "abcde"]
    monkeypatch.setattr(evaluation, "HELD", 1 << 40)
    assert [[space.name for space in some] for some in evaluation.portions(spaces())] == [list("abcde")]
    assert not list(evaluation.portions([]))
    for some in evaluation.portions(spaces()):
        assert some
    assert not some, "the last ones are forgotten too"


def test_judges_without_queries_are_left_out_and_one_query_of_each_is_audited(monkeypatch: pytest.MonkeyPatch):
    audited: list[str] = []
    monkeypatch.setattr(retrieval, "require_agreement", lambda own, expected, query, where: audited.append(where))
    nobody = dense_judge(np.zeros((N, N), dtype=bool), OWN, fields=frozenset({"styles"}))
    spaces = [cosine_space(name, IMAGES) for name in ("a", "b")]
    found = evaluation.score(spaces, {"theme": THEME, "style": nobody}, ROWS[:30], 10, 0)
    assert list(found) == [("theme", "a"), ("theme", "b")]
    assert audited == ["judge theme in space a", "judge theme in space b"]
