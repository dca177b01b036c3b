"""Both heads of one training: what they learn, and from which works."""

from __future__ import annotations

import numpy as np
import pytest

from artextract.siamese.evaluation.fitted import Held, fit, fit_closed_form, fit_primary
from artextract.siamese.projection.heads import ClosedForm, Network
from artextract.siamese.projection.projection import project, project_head
from artextract.similarity.ranking.collection import Collection
from tests.unit.siamese_toys import settings, two_subjects

IMAGES, TITLES, INDEX, SUBJECT = two_subjects(faint=2.0)
HELD = Held(np.arange(76), np.arange(76, 90), np.arange(90, 120))


def test_the_closed_form_finds_the_subject_and_reads_no_titles_of_held_out_works():
    found = project_head(fit_closed_form(Collection(INDEX, IMAGES, TITLES), HELD, settings()), IMAGES)
    likeness = found[90:] @ found[:90].T
    same = SUBJECT[90:][:, None] == SUBJECT[:90][None, :]
    assert likeness[same].mean() > likeness[~same].mean() + 0.5
    spoiled, images = TITLES.copy(), IMAGES.copy()
    spoiled[90:] = images[90:] = np.nan
    again = fit_closed_form(Collection(INDEX, images, spoiled), HELD, settings())
    np.testing.assert_array_equal(found[:90], project_head(again, IMAGES)[:90])


def test_untitled_works_teach_nothing():
    index = INDEX.assign(title=["Untitled" if i < 40 else title for i, title in enumerate(INDEX["title"])])
    titles = TITLES.copy()
    titles[:40] = np.nan
    net = fit_closed_form(Collection(index, IMAGES, titles), HELD, settings())
    assert np.isfinite(net.weight.numpy()).all()
    np.testing.assert_allclose(net.mean.numpy(), IMAGES[40:90].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("head", "kinds"), [("closed_form", (ClosedForm, Network)), ("trained", (Network, ClosedForm))]
)
def test_the_parameter_says_which_head_is_the_siamese_embedding(head: str, kinds: tuple[type, type]):
    collection, params = Collection(INDEX, IMAGES, TITLES), settings(head=head, epochs=2)
    found = fit(collection, HELD, params, 0)
    assert (type(found.primary), type(found.rival)) == kinds
    alone = fit_primary(collection, HELD, params, 0)
    np.testing.assert_array_equal(project(alone, IMAGES), project(found.primary, IMAGES))
