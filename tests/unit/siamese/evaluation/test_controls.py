"""Controls that hold the size and the titles, and nothing of their meaning."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from artextract.core.compute import unit_rows
from artextract.siamese.evaluation.controls import (
    principal_components,
    random_projection,
    shuffled_titles,
)
from tests.unit.siamese_toys import works

RNG = np.random.default_rng(0)
IMAGES = unit_rows(RNG.normal(size=(30, 8)) + 1)


def test_shuffled_titles_are_the_same_titles_among_the_same_works():
    index = works([f"t{i}" if i % 5 else "Untitled" for i in range(30)])
    titles, rows = RNG.normal(size=(30, 3)), np.arange(20)
    other, vectors = shuffled_titles(index, titles, rows, 0)
    assert sorted(other["title"][:20]) == sorted(index["title"][:20])
    assert other["title"][20:].equals(index["title"][20:])
    still = [i for i in range(30) if index["title"][i] == "Untitled"]
    assert all(other["title"][i] == "Untitled" for i in still)
    where = {title: i for i, title in enumerate(index["title"])}
    for i in set(range(30)) - set(still):
        np.testing.assert_array_equal(vectors[i], titles[where[other["title"][i]]])
    assert (other["title"][:20] != index["title"][:20]).sum() > 10
    assert other["title"].equals(shuffled_titles(index, titles, rows, 0)[0]["title"])


def test_random_projection_and_pca_read_no_titles_and_give_unit_rows():
    rows = np.arange(20)
    for found in (random_projection(IMAGES, rows, 5, 0), principal_components(IMAGES, rows, 5)):
        assert found.shape == (30, 5)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("artextract.siamese.evaluation.controls.ROWS", 7)
        np.testing.assert_allclose(principal_components(IMAGES, rows, 5), found, atol=1e-6)
    whole = principal_components(IMAGES, rows, 99)
    own = unit_rows(IMAGES - IMAGES[rows].mean(axis=0))
    np.testing.assert_allclose(whole @ whole.T, own @ own.T, atol=1e-5)  # all components are the centred images


def test_the_controls_of_a_seed_are_always_the_same():
    """Each draws from its own stream."""
    index = works([f"{i} sea" for i in range(10)])
    other, _ = shuffled_titles(index, np.eye(10), np.arange(8), 7)
    assert other["title"].str[0].tolist() == ["6", "0", "2", "3", "7", "5", "1", "4", "8", "9"]
    found = random_projection(np.eye(3), np.arange(3), 2, 7)
    np.testing.assert_allclose(found, [[-0.9819, 0.1893], [0.8808, -0.4736], [-0.328, 0.9447]], atol=1e-4)


def test_controls_are_centred_on_the_known_works_alone():
    images = IMAGES.copy()
    images[25] = 9
    rows = np.arange(20)
    for make in (lambda x: random_projection(x, rows, 5, 0), lambda x: principal_components(x, rows, 5)):
        np.testing.assert_array_equal(np.delete(make(images), 25, axis=0), np.delete(make(IMAGES), 25, axis=0))


def test_a_random_projection_keeps_the_centred_images_up_to_noise():
    """Of many directions it keeps all cosines; each dimension is centred by its own mean over the known works."""
    shifted, rows = IMAGES + np.arange(8), np.arange(20)
    own = unit_rows(shifted - shifted[rows].mean(axis=0))
    found = random_projection(shifted, rows, 20_000, 0)
    np.testing.assert_allclose(found @ found.T, own @ own.T, atol=0.06)


def test_principal_components_are_those_of_the_known_works_about_their_own_mean():
    shifted, rows = IMAGES + np.arange(8), np.arange(20)
    expected = unit_rows(PCA(3).fit(shifted[rows]).transform(shifted))
    found = principal_components(shifted, rows, 3)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)
