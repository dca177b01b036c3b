"""Baseline spaces: by eye, against plain loops, and on few rows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from artextract.core import compute
from artextract.core.compute import unit_rows
from artextract.similarity.ranking import spaces
from artextract.similarity.ranking.spaces import (
    centred,
    colour_space,
    cosine_space,
    csls_space,
    image_spaces,
    popularity_space,
    space_label,
    whitened,
)

RNG = np.random.default_rng(0)
POINTS = RNG.normal(0.5, 1, (40, 12)) * np.linspace(0.2, 3, 12)


def test_cosine_by_eye():
    space = cosine_space("x", np.array([[1, 0], [0, 2], [3, 3]]), frozenset({"title"}))
    np.testing.assert_allclose(
        space.similarity(np.array([2, 0])), [[0.5**0.5, 0.5**0.5, 1], [1, 0, 0.5**0.5]], atol=1e-6
    )
    assert (space.n, space.fields) == (3, {"title"})


def test_blocks_are_the_rows_in_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spaces, "BLOCK", 3)
    space = cosine_space("x", POINTS)
    rows = np.array([7, 1, 30, 2])
    parts = list(space.blocks(rows))
    assert [part.tolist() for part, _ in parts] == [[7, 1, 30], [2]]
    np.testing.assert_allclose(np.concatenate([s for _, s in parts]), space.similarity(rows), atol=1e-6)


def test_centred_takes_the_mean_of_the_fitted_rows():
    fit = np.array([0, 5, 9])
    np.testing.assert_allclose(centred(POINTS, fit), unit_rows(POINTS - POINTS[fit].mean(0)), atol=1e-6)
    np.testing.assert_allclose(centred(POINTS), unit_rows(POINTS - POINTS.mean(0)), atol=1e-6)


def test_whitened_rows_are_uncorrelated_before_they_are_scaled():
    """All components: cosines are those of the Mahalanobis inner product."""
    middle = POINTS - POINTS.mean(0)
    inner = middle @ np.linalg.inv(np.cov(POINTS.T)) @ middle.T
    length = np.sqrt(np.diag(inner))
    found = whitened(POINTS, 99)
    assert found.shape == (40, 12)
    np.testing.assert_allclose(found @ found.T, inner / np.outer(length, length), atol=1e-5)


def test_whitened_keeps_the_first_components_of_the_fitted_rows():
    fit = np.arange(20)
    assert whitened(POINTS, 3).shape == (40, 3)
    assert whitened(POINTS, 256, fit[:5]).shape == (40, 4)  # five rows span four directions
    changed = POINTS.copy()
    changed[30] *= 100
    kept = np.delete(np.arange(40), 30)
    np.testing.assert_array_equal(whitened(changed, 3, fit)[kept], whitened(POINTS, 3, fit)[kept])
    assert whitened(np.repeat(POINTS[:3], 4, axis=0), 8).shape == (12, 2)  # equal works give no direction


@pytest.mark.parametrize("n", [3, 19, 20, 40])
def test_whitened_is_the_same_however_it_is_computed(n: int):
    """Few works in many dimensions take another way: by the definition, from the covariance, both agree."""
    points = RNG.normal(size=(n, 40)) * np.linspace(0.2, 3, 40)
    middle = points - points.mean(0)
    variance, directions = np.linalg.eigh(middle.T @ middle / (n - 1))
    chosen = np.argsort(-variance)[: min(8, n - 1)]
    expected = unit_rows(middle @ directions[:, chosen] / np.sqrt(variance[chosen]))
    found = whitened(points, 8)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-5)


def test_csls_equals_a_loop():
    space, unit = csls_space("csls", POINTS, k=3, fit=np.arange(0, 40, 2)), unit_rows(POINTS)
    cosine = unit @ unit.T

    def reach(i: int) -> float:
        return float(np.mean(sorted((cosine[i, j] for j in range(0, 40, 2) if j != i), reverse=True)[:3]))

    expected = [[2 * cosine[q, x] - reach(q) - reach(x) for x in range(40)] for q in (5, 8)]
    np.testing.assert_allclose(space.similarity(np.array([5, 8])), expected, atol=1e-5)


def test_popularity_by_eye():
    """Row 0 lies between the others: everybody's nearest."""
    angle = np.deg2rad([0, 50, -50, 130])
    space = popularity_space(np.stack([np.cos(angle), np.sin(angle)], axis=1), k=1)
    assert space.similarity(np.array([3, 1])).tolist() == [[2, 2, 0, 0]] * 2
    asked = popularity_space(np.stack([np.cos(angle), np.sin(angle)], axis=1), k=1, fit=np.array([2]))
    assert asked.similarity(np.array([0])).tolist() == [[1, 0, 0, 0]]


def test_colours_by_eye():
    red, dark_red, blue = ((250, 0, 0), (200, 10, 10), (0, 0, 250))
    half = Image.new("RGB", (64, 64), red)
    half.paste(blue, (0, 0, 64, 32))
    images = [Image.new("RGB", (90, 40), colour) for colour in (red, dark_red, blue)]
    similarity = colour_space([*images, half]).similarity(np.array([0]))
    np.testing.assert_allclose(similarity, [[1, 1, 0, 0.5**0.5]], atol=1e-6)


@pytest.mark.parametrize("n", range(1, 6))
def test_few_works_and_k_beyond_them(n: int):
    fitted = [*image_spaces(POINTS[:n], 256, 10), popularity_space(POINTS[:n], 10)]
    for space in fitted:
        similarity = space.similarity(np.arange(n))
        assert similarity.shape == (n, n) and np.isfinite(similarity).all(), space.name


def test_fitting_on_nothing_is_a_mistake():
    with pytest.raises(ValueError, match="no rows"):
        centred(POINTS, np.array([], dtype=int))


def test_many_works_are_compared_with_fewer_queries_at_a_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spaces, "SCORES", 100)
    whole = cosine_space("x", POINTS)
    assert [len(rows) for rows, _ in whole.blocks(np.arange(5))] == [2, 2, 1]
    monkeypatch.setattr(spaces, "SCORES", 1)
    assert [len(rows) for rows, _ in whole.blocks(np.arange(3))] == [1, 1, 1]


@pytest.mark.parametrize("rows", [1, 7, 39])
def test_spaces_are_the_same_made_from_blocks_of_rows(monkeypatch: pytest.MonkeyPatch, rows: int):
    fit = np.array([3, 1, 30, 31, 32, 8, 5, 20])
    expected = [centred(POINTS, fit), whitened(POINTS, 5, fit), whitened(POINTS, 5), unit_rows(POINTS)]
    monkeypatch.setattr(compute, "ROWS", rows)
    monkeypatch.setattr(spaces, "ROWS", rows)
    found = [centred(POINTS, fit), whitened(POINTS, 5, fit), whitened(POINTS, 5), unit_rows(POINTS)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-6)


@pytest.mark.parametrize("block", [1, 7, 40])
def test_a_space_is_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch, block: int):
    fit, rows = np.arange(1, 40, 2), np.arange(40)
    whole = [csls_space("c", POINTS, 3, fit), popularity_space(POINTS, 3, fit)]
    monkeypatch.setattr(spaces, "BLOCK", block)
    for one, other in zip(whole, [csls_space("c", POINTS, 3, fit), popularity_space(POINTS, 3, fit)], strict=True):
        np.testing.assert_allclose(one.similarity(rows), other.similarity(rows), atol=1e-6)


def test_spaces_say_what_they_were_made_from_and_what_they_are_called():
    fields = frozenset({"title"})
    assert (
        csls_space("c", POINTS, 3, fields=fields).fields == popularity_space(POINTS, 3, fields=fields).fields == fields
    )
    assert [space.name for space in image_spaces(POINTS, 3, 3)] == ["image", "centred", "whitened", "csls"]
    assert csls_space("c", POINTS).fields == cosine_space("x", POINTS).fields == frozenset()
    np.testing.assert_array_equal(
        csls_space("c", POINTS).similarity(np.arange(3)), csls_space("c", POINTS, 10).similarity(np.arange(3))
    )


def test_two_works_differ_in_one_direction_and_equal_ones_in_none():
    found = whitened(POINTS[:2], 5)
    np.testing.assert_allclose(found, -found[::-1])
    np.testing.assert_allclose(np.abs(found), [[1], [1]], atol=1e-6)
    for points in (POINTS[:1], POINTS[[3, 3, 3]]):
        assert whitened(points, 5).tolist() == [[0.0]] * len(points)


def test_forms_of_the_image_embedding_are_all_fitted_on_the_same_rows():
    fit, rows = np.arange(0, 40, 3), np.arange(40)
    expected = [
        cosine_space("image", POINTS),
        cosine_space("centred", centred(POINTS, fit)),
        cosine_space("whitened", whitened(POINTS, 4, fit)),
        csls_space("csls", POINTS, 3, fit),
    ]
    for found, wanted in zip(image_spaces(POINTS, 4, 3, fit), expected, strict=True):
        assert found.name == wanted.name
        np.testing.assert_array_equal(found.similarity(rows), wanted.similarity(rows))
    default = popularity_space(POINTS).similarity(rows)[0].tolist()
    ten, eleven = (popularity_space(POINTS, k).similarity(rows)[0].tolist() for k in (10, 11))
    assert default == ten != eleven


def test_names_of_spaces_for_people():
    names = ["colour", "image", "centred", "whitened", "csls", "siamese", "title"]
    assert [space_label(name) for name in names] == [
        "colour histogram", "image, raw", "image, centred", "image, PCA-whitened", "image, CSLS",
        "image, siamese projection", "title",
    ]  # fmt: skip
    assert colour_space([Image.new("RGB", (4, 4))]).name == "colour"


def test_what_counts_as_no_variance_is_relative_to_the_first_direction():
    assert whitened(POINTS * 1e-6, 99).shape == (40, 12)
    assert whitened(POINTS * 1e-3, 99).shape == whitened(POINTS * 1e3, 99).shape == (40, 12)
    flat = POINTS[:, :2] * [1e3, 1e-3]
    assert whitened(flat, 99).shape == (40, 1)
    assert popularity_space(POINTS).name == "popularity"


@pytest.mark.parametrize("fit", [[0, 1, 2], [0, 1], [5]])
def test_csls_with_fewer_neighbours_than_wanted_takes_the_mean_of_those_there(fit: list[int]):
    cosine = unit_rows(POINTS[:8]) @ unit_rows(POINTS[:8]).T
    reach = [np.mean([cosine[i, j] for j in fit if j != i] or [0]) for i in range(8)]
    expected = 2 * cosine - np.array(reach)[:, None] - np.array(reach)[None, :]
    found = csls_space("c", POINTS[:8], 3, np.array(fit)).similarity(np.arange(8))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_whitening_on_few_of_many_rows_has_as_many_directions_as_these_leave():
    many = np.random.default_rng(0).normal(size=(10, 60))
    assert whitened(many, 8, fit=np.arange(4)).shape == (10, 3)
    assert whitened(many, 8).shape == (10, 8) and whitened(many[:4], 8).shape == (4, 3)


def test_every_space_says_how_many_works_it_has():
    made = [*image_spaces(POINTS, 4, 3), popularity_space(POINTS), csls_space("csls", POINTS)]
    assert [space.n for space in made] == [40] * 6
