"""Nothing that is fitted for task 2 may change when the held-out works change: their images, titles or labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.siamese.evaluation.fitted import Fitted, Held, fit
from artextract.siamese.evaluation.held_out import attempts, by_fold, by_part, post_processings
from artextract.siamese.projection.words import fit_head
from artextract.similarity.ranking.collection import Collection
from artextract.similarity.ranking.spaces import Space
from tests.unit.siamese.evaluation.test_held_out import relevance
from tests.unit.siamese_toys import settings, two_subjects

N = 64
IMAGES, TITLES, INDEX, _ = two_subjects(N)
WHOLE, PAINTER = Collection(INDEX, IMAGES, TITLES), np.arange(N) // 4


def other_images(works: Collection, rows: np.ndarray, rng: np.random.Generator) -> Collection:
    images = works.images.copy()
    images[rows] = unit_rows(rng.normal(size=(len(rows), images.shape[1])))
    return Collection(works.index, images, works.titles)


def other_titles(works: Collection, rows: np.ndarray, rng: np.random.Generator) -> Collection:
    titles = works.titles.copy()
    titles[rows] = unit_rows(rng.normal(size=(len(rows), titles.shape[1])))
    text = works.index["title"].mask(np.isin(np.arange(N), rows), "Untitled")
    return Collection(works.index.assign(title=text), works.images, titles)


def other_painters(works: Collection, rows: np.ndarray, rng: np.random.Generator) -> Collection:
    artist = works.index["artist"].copy()
    artist.iloc[rows] = rng.permutation(INDEX["artist"].unique())[: len(rows) % 5 + 1].repeat(len(rows))[: len(rows)]
    return Collection(works.index.assign(artist=artist), works.images, works.titles)


CHANGES: dict[str, Callable[[Collection, np.ndarray, np.random.Generator], Collection]] = {
    "images": other_images,
    "titles": other_titles,
    "painters": other_painters,
}


def s1(seed: int) -> Held:
    part = np.random.default_rng(seed).choice(["train", "select", "held_out"], N, p=[0.6, 0.2, 0.2])
    return by_part(part)


def s2(seed: int) -> Held:
    return by_fold(np.random.default_rng(seed).integers(0, 3, N // 4)[PAINTER], PAINTER, 0.2, seed)[0]


def everything(works: Collection, held: Held, head: str) -> tuple[Fitted, list[Space], dict[str, np.ndarray]]:
    """All that is fitted for one training: both heads, every space, and the head for words."""
    params = settings(head=head, epochs=2, components=8)
    fitted = fit(works, held, params, 0)
    spaces = [*post_processings(works.images, held, relevance()), *attempts(works, held, fitted, params, 0)]
    return fitted, spaces, fit_head(works.index, works.images, works.titles, held.known, params.ridge)


@pytest.mark.slow
@effort(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))  # a smaller failure says no more
@given(
    st.sampled_from([s1, s2]),
    st.integers(0, 1000),
    st.sets(st.sampled_from(sorted(CHANGES)), min_size=1),
    st.sampled_from(["closed_form", "trained"]),
)
def test_no_fitted_number_depends_on_held_out_works(split: Callable[[int], Held], seed: int, what: set[str], head: str):
    held, rng, changed = split(seed), np.random.default_rng(seed), WHOLE
    for name in sorted(what):
        changed = CHANGES[name](changed, held.queries, rng)
    (fitted, spaces, words), (again, other_spaces, other_words) = (everything(w, held, head) for w in (WHOLE, changed))
    one, other = fitted.trained, again.trained
    assert (one.epochs, one.pairs.positive_from) == (other.epochs, other.pairs.positive_from)
    np.testing.assert_array_equal(one.pairs.positive, other.pairs.positive)
    pd.testing.assert_frame_equal(pd.DataFrame(one.history), pd.DataFrame(other.history))
    for name, weights in one.net.state_dict().items():
        np.testing.assert_array_equal(weights, other.net.state_dict()[name], err_msg=name)
    for name, array in words.items():
        np.testing.assert_array_equal(array, other_words[name], err_msg=f"words {name}")
    rows = held.known if "images" in what else np.arange(N)  # a held-out image that changes has another place
    for a, b in zip(spaces, other_spaces, strict=True):
        before, after = (space.similarity(rows)[:, rows] for space in (a, b))
        np.testing.assert_allclose(before, after, atol=1e-6, err_msg=a.name)


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_the_changes_would_be_noticed_by_a_training_that_sees_them(what: str):
    """The same comparison is not blind: works that are learnt from do change what is fitted."""
    held = s2(0)
    changed = CHANGES[what](WHOLE, held.train[::2], np.random.default_rng(0))
    (fitted, _, words), (again, _, other_words) = (everything(w, held, "closed_form") for w in (WHOLE, changed))
    noticed = not np.array_equal(words["weight"], other_words["weight"])
    noticed |= fitted.trained.history[-1] != again.trained.history[-1]
    assert noticed
