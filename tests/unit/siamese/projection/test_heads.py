"""The heads: unit rows, a cosine that is the weighted sum it says, and closed forms that are what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.siamese.projection.heads import ClosedForm, Network, closed_form, start
from artextract.siamese.projection.linear import ridge_weight
from artextract.siamese.projection.projection import Projection, project, project_head

RNG = np.random.default_rng(0)
IMAGES = unit_rows(RNG.normal(size=(40, 10)) + 1)
TITLES = unit_rows(RNG.normal(size=(40, 6)) + 0.5)
SHAPE = {"components": 8, "rank": 3, "hidden": 5, "penalty": 1.0, "subject": 0.8}


def started(**changes: float) -> Network:
    torch.manual_seed(0)
    net = start(IMAGES, TITLES, **(SHAPE | changes))  # type: ignore[arg-type]
    torch.nn.init.normal_(net.outer.weight)
    return net


def closed(subject: float = 0.8) -> ClosedForm:
    return closed_form(IMAGES, TITLES, penalty=1.0, subject=subject)


@pytest.mark.parametrize(("net", "rank"), [(started(), 3), (closed(), 6)])
def test_projection_gives_unit_rows_and_the_cosine_that_it_says(net: Projection, rank: int):
    embedded, head = project(net, IMAGES), project_head(net, IMAGES)
    assert embedded.dtype == np.float32 and embedded.shape == (40, 10 + rank)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-6)
    own = unit_rows(IMAGES - IMAGES.mean(axis=0))
    np.testing.assert_allclose(embedded @ embedded.T, 0.2 * own @ own.T + 0.8 * head @ head.T, atol=1e-5)


@given(st.floats(0, 1))
def test_any_weight_is_the_weighted_sum_of_both_parts(subject: float):
    net = closed()
    embedded, head, own = project(net, IMAGES, subject), project_head(net, IMAGES), unit_rows(IMAGES - IMAGES.mean(0))
    expected = (1 - subject) * own @ own.T + subject * head @ head.T
    np.testing.assert_allclose(embedded @ embedded.T, expected, atol=1e-5)


def test_the_ends_of_the_knob_rank_as_each_part_alone():
    net = closed()
    own, head = unit_rows(IMAGES - IMAGES.mean(axis=0)), project_head(net, IMAGES)
    for subject, alone in ((0.0, own), (1.0, head)):
        embedded = project(net, IMAGES, subject)
        np.testing.assert_allclose(embedded @ embedded.T, alone @ alone.T, atol=1e-6)


def test_the_closed_form_is_ridge_regression_beside_the_image():
    """By brute force: predict titles, scale, join with the square roots of the weights."""
    x, y = IMAGES - IMAGES.mean(axis=0), TITLES - TITLES.mean(axis=0)
    predicted = unit_rows(x @ ridge_weight(x, y, 1.0))
    expected = np.hstack([np.sqrt(0.2) * unit_rows(x), np.sqrt(0.8) * predicted])
    np.testing.assert_allclose(project(closed(), IMAGES), expected, atol=1e-6)


def test_start_is_reduced_rank_regression():
    """With all components and a full rank the head is plain ridge regression, up to a rotation."""
    x, y = IMAGES - IMAGES.mean(axis=0), TITLES - TITLES.mean(axis=0)
    torch.manual_seed(0)
    full = start(IMAGES, TITLES, **(SHAPE | {"components": 10, "rank": 6}))  # type: ignore[arg-type]
    head, predicted = project_head(full, IMAGES), project_head(closed(), IMAGES)
    np.testing.assert_allclose(head @ head.T, predicted @ predicted.T, atol=1e-4)
    fitted = x @ ridge_weight(x, y, 1.0)
    values, vectors = np.linalg.eigh(fitted.T @ fitted)
    kept = unit_rows(fitted @ vectors[:, np.argsort(-values)[:2]])
    low = project_head(start(IMAGES, TITLES, **(SHAPE | {"components": 10, "rank": 2})), IMAGES)  # type: ignore[arg-type]
    np.testing.assert_allclose(low @ low.T, kept @ kept.T, atol=1e-4)


def test_start_makes_do_with_what_is_there():
    torch.manual_seed(0)
    net = start(IMAGES[:4], TITLES[:4], **(SHAPE | {"components": 99, "rank": 99}))  # type: ignore[arg-type]
    assert net.basis.shape == (10, 3) and np.isfinite(project(net, IMAGES)).all()
    for fit in (start, lambda *of, **_: closed_form(*of, penalty=1.0, subject=0.5)):
        equal = fit(np.tile(IMAGES[:1], (5, 1)), TITLES[:5], **SHAPE)  # type: ignore[arg-type]
        assert np.isfinite(project(equal, IMAGES)).all()


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch, rows: int):
    whole = [project(net, IMAGES) for net in (closed(), started())] + [project_head(closed(), IMAGES)]
    monkeypatch.setattr("artextract.siamese.projection.projection.ROWS", rows)
    monkeypatch.setattr("artextract.siamese.projection.linear.ROWS", rows)
    parts = [project(net, IMAGES) for net in (closed(), started())] + [project_head(closed(), IMAGES)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
        assert one.dtype == other.dtype == np.float32
