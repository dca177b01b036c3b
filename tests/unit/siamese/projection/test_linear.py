"""Closed forms against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from artextract.siamese.projection.linear import principal_directions, ridge_weight

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(30, 5), (5, 30)])
def test_ridge_is_scikit_learns(shape: tuple[int, int]):
    x, y = RNG.normal(size=shape), RNG.normal(size=(shape[0], 4))
    penalty = 0.7 * (x**2).sum() / len(x)
    expected = Ridge(penalty, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(ridge_weight(x, y, 0.7), expected, atol=1e-8)
    np.testing.assert_allclose(ridge_weight(10 * x, y, 0.7), expected / 10, atol=1e-8)  # whatever the scale
    np.testing.assert_array_equal(ridge_weight(0 * x, y, 0.7), np.zeros((shape[1], 4)))


@pytest.mark.parametrize("shape", [(30, 6), (6, 30)])
def test_principal_directions_are_scikit_learns(shape: tuple[int, int]):
    x = RNG.normal(size=shape)
    x -= x.mean(axis=0)
    found, expected = principal_directions(x, 4), np.asarray(PCA(4).fit(x).components_).T
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=0)), 1, atol=1e-8)
    assert (found.max(axis=0) >= -found.min(axis=0)).all()
    assert principal_directions(x, 99).shape[1] == 5 + (shape[1] == 6)
    assert principal_directions(0 * x, 4).shape[1] == 1


@pytest.mark.parametrize("shape", [(30, 6), (6, 30)])
def test_directions_and_weights_do_not_depend_on_the_scale(shape: tuple[int, int]):
    x, y = RNG.normal(size=shape), RNG.normal(size=(shape[0], 2))
    found, weight = principal_directions(x, 4), ridge_weight(x, y, 0.5)
    for scale in (1e-8, 1e8):
        np.testing.assert_allclose(principal_directions(scale * x, 4), found, atol=1e-8)
        np.testing.assert_allclose(scale * ridge_weight(scale * x, y, 0.5), weight, atol=1e-8)


@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (6, 6)])
def test_directions_without_variance_are_left_out_but_never_all(shape: tuple[int, int]):
    along = RNG.normal(size=shape[1])
    along *= np.sign(along[np.abs(along).argmax()]) / np.linalg.norm(along)
    line = np.outer(RNG.normal(size=shape[0]), along)
    np.testing.assert_allclose(principal_directions(line, 3), along[:, None], atol=1e-8)
    nothing = principal_directions(np.zeros(shape), 3)
    assert nothing.shape[1] == 1 and np.isfinite(nothing).all()


def test_directions_of_a_square_are_orthonormal():
    x = RNG.normal(size=(6, 6))
    found = principal_directions(x, 6)
    np.testing.assert_allclose(found.T @ found, np.eye(6), atol=1e-8)
    np.testing.assert_allclose(found @ np.diag(np.linalg.svd(x)[1] ** 2) @ found.T, x.T @ x, atol=1e-8)
