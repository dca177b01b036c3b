"""The projection: unit rows, a closed form that is what it says, and a file that gives the same network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.linear import principal_directions, ridge_weight
from artextract.siamese.projection.projection import (
    Projection,
    load_projection,
    project,
    project_head,
    projected,
    save_projection,
    start,
)

RNG = np.random.default_rng(0)
IMAGES = unit_rows(RNG.normal(size=(40, 10)) + 1)
TITLES = unit_rows(RNG.normal(size=(40, 6)) + 0.5)
SHAPE = {"components": 8, "rank": 3, "hidden": 5, "penalty": 1.0, "beta": 2.0}


def started(**changes: float) -> Projection:
    torch.manual_seed(0)
    return start(IMAGES, TITLES, **(SHAPE | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(30, 5), (5, 30)])
def test_ridge_is_scikit_learns(shape: tuple[int, int]):
    x, y = RNG.normal(size=shape), RNG.normal(size=(shape[0], 4))
    penalty = 0.7 * (x**2).sum() / len(x)
    expected = Ridge(penalty, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(ridge_weight(x, y, 0.7), expected, atol=1e-8)
    np.testing.assert_allclose(ridge_weight(10 * x, y, 0.7), expected / 10, atol=1e-8)  # whatever the scale
    assert not ridge_weight(0 * x, y, 0.7).any()


@pytest.mark.parametrize("shape", [(30, 6), (6, 30)])
def test_principal_directions_are_scikit_learns(shape: tuple[int, int]):
    x = RNG.normal(size=shape)
    x -= x.mean(axis=0)
    found, expected = principal_directions(x, 4), np.asarray(PCA(4).fit(x).components_).T
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=0)), 1, atol=1e-8)
    assert (found.max(axis=0) >= -found.min(axis=0)).all()
    assert principal_directions(x, 99).shape[1] == 5 + (shape[1] == 6)
    assert principal_directions(0 * x, 4).shape[1] == 1


def test_projection_gives_unit_rows_and_the_cosine_that_it_says():
    net, beta = started(), 2.0
    torch.nn.init.normal_(net.outer.weight)
    embedded, head = project(net, IMAGES), project_head(net, IMAGES)
    assert embedded.dtype == np.float32 and embedded.shape == (40, 10 + 3)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-6)
    own = unit_rows(IMAGES - IMAGES.mean(axis=0))
    expected = (own @ own.T + beta**2 * head @ head.T) / (1 + beta**2)
    np.testing.assert_allclose(embedded @ embedded.T, expected, atol=1e-5)


def test_start_is_reduced_rank_regression():
    """With all components and a full rank the head is plain ridge regression, up to a rotation."""
    x, y = IMAGES - IMAGES.mean(axis=0), TITLES - TITLES.mean(axis=0)
    predicted = unit_rows(x @ ridge_weight(x, y, 1.0))
    full = project_head(started(components=10, rank=6), IMAGES)
    np.testing.assert_allclose(full @ full.T, predicted @ predicted.T, atol=1e-4)
    fitted = x @ ridge_weight(x, y, 1.0)
    values, vectors = np.linalg.eigh(fitted.T @ fitted)
    kept = unit_rows(fitted @ vectors[:, np.argsort(-values)[:2]])
    low = project_head(started(components=10, rank=2), IMAGES)
    np.testing.assert_allclose(low @ low.T, kept @ kept.T, atol=1e-4)


def test_start_makes_do_with_what_is_there():
    torch.manual_seed(0)
    net = start(IMAGES[:4], TITLES[:4], **(SHAPE | {"components": 99, "rank": 99}))  # type: ignore[arg-type]
    assert net.basis.shape == (10, 3) and np.isfinite(project(net, IMAGES)).all()
    equal = start(np.tile(IMAGES[:1], (5, 1)), TITLES[:5], **SHAPE)  # type: ignore[arg-type]
    assert np.isfinite(project(equal, IMAGES)).all()


def test_file_gives_the_same_network_and_the_same_bytes(tmp_path: Path):
    net = started()
    torch.nn.init.normal_(net.outer.weight)
    one, two = tmp_path / "a" / "p.safetensors", tmp_path / "b" / "p.safetensors"
    save_projection(one, net)
    loaded = load_projection(one)
    np.testing.assert_array_equal(project(loaded, IMAGES), project(net, IMAGES))
    save_projection(two, loaded)
    assert one.read_bytes() == two.read_bytes()
    with safe_open(one, "pt") as file:
        assert len(file.metadata() or {}) <= 1  # two or more are written in another order each time


def test_embeddings_of_another_size_are_refused():
    net = started()
    np.testing.assert_array_equal(projected(net, IMAGES), project(net, IMAGES))
    with pytest.raises(ArtExtractError, match=r"maps 10 dimensions, and the image embedding has 9"):
        projected(net, IMAGES[:, :-1])


def test_what_is_no_projection_is_refused(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="no such file"):
        load_projection(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(ArtExtractError, match="not a siamese projection"):
        load_projection(tmp_path / "bad.safetensors")
