from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from artextract.classification.network.augment import Augmentation, apply, draw, mix


def one(flip: bool, scale: tuple[float, float], shift: tuple[float, float]) -> Augmentation:
    return Augmentation(np.array([flip]), np.array([scale]), np.array([shift]))


def ramp(axis: int, side: int = 8) -> torch.Tensor:
    """An image whose pixels are their row (axis 2) or column (axis 3) number: what is shown tells where it was."""
    line = torch.arange(float(side))
    plane = line[:, None].expand(side, side) if axis == 2 else line[None].expand(side, side)
    return plane.expand(1, 3, side, side)


@pytest.mark.slow
@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize(("place", "first"), [(-1.0, 0), (0.0, 2), (1.0, 4)])
def test_half_of_an_image_by_eye(axis: int, place: float, first: int) -> None:
    """Half of the rows (or columns) is seen, from the start, the middle or the end; the other axis is whole."""
    scale, shift = [1.0, 1.0], [0.0, 0.0]
    scale[axis - 2], shift[axis - 2] = 0.5, place
    shown = apply(ramp(axis), one(False, (scale[0], scale[1]), (shift[0], shift[1])))
    line = shown[0, 0, :, 0] if axis == 2 else shown[0, 0, 0]
    centres = first - 0.25 + 0.5 * np.arange(8)  # pixel centres of the enlarged half, in the image's own pixels
    inside = (centres >= 0) & (centres <= 7)
    np.testing.assert_allclose(line.numpy()[inside], centres[inside], atol=1e-5)
    torch.testing.assert_close(apply(ramp(5 - axis), one(False, (scale[0], scale[1]), (0.0, 0.0))), ramp(5 - axis))


@given(st.integers(0, 1000), st.booleans(), st.floats(0, 0.6))
def test_mirroring_and_cropping_go_together(seed: int, flip: bool, crop: float) -> None:
    """The same window, mirrored: what a crop shows is turned, and no other place is shown."""
    images = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    drawn = draw(4, flip=False, crop=crop, seed=seed, epoch=0)
    turned = Augmentation(np.full(4, flip), drawn.scale, drawn.shift)
    plain = apply(images, drawn)
    torch.testing.assert_close(apply(images, turned), plain.flip(3) if flip else plain, rtol=1e-4, atol=1e-5)
    assert plain.min() >= images.min() - 1e-5 and plain.max() <= images.max() + 1e-5


@given(st.integers(0, 1000), st.integers(0, 6), st.integers(0, 6), st.booleans())
def test_a_third_of_an_image_is_a_slice(seed: int, top: int, left: int, flip: bool) -> None:
    """Three of nine pixels enlarged to nine: the second of every three lies on a pixel's centre, and is that pixel."""
    images = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
    shown = apply(images, one(flip, (1 / 3, 1 / 3), (top / 3 - 1, left / 3 - 1)))  # six pixels of room: -1, ... 1
    window = images[:, :, top : top + 3, left : left + 3]
    torch.testing.assert_close(shown[:, :, 1::3, 1::3], window.flip(3) if flip else window, rtol=0, atol=1e-5)


@given(st.integers(0, 1000), st.lists(st.booleans(), min_size=1, max_size=5))
def test_nothing_cut_away_is_the_image_bit_by_bit(seed: int, flips: list[bool]) -> None:
    """Whatever the shift: there is no room for it."""
    n = len(flips)
    images = torch.randn(n, 3, 5, 7, generator=torch.Generator().manual_seed(seed))
    drawn = draw(n, flip=True, crop=0.0, seed=seed, epoch=0)
    assert (drawn.scale == 1).all() and (drawn.shift != 0).any()
    shown = apply(images, Augmentation(np.array(flips), drawn.scale, drawn.shift)).numpy()
    for image, original, mirrored in zip(shown, images.numpy(), flips, strict=True):
        np.testing.assert_array_equal(image, np.flip(original, axis=2) if mirrored else original)


def test_a_whole_image_among_crops_stays_whole() -> None:
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    scale, shift = np.array([[1.0, 1.0], [0.5, 0.5]]), np.array([[0.7, -0.3], [0.7, -0.3]])
    shown = apply(images, Augmentation(np.zeros(2, dtype=bool), scale, shift))
    torch.testing.assert_close(shown[0], images[0], rtol=0, atol=1e-5)
    assert (shown[1] - images[1]).abs().max() > 0.1


def test_draws_repeat_and_differ_between_epochs_and_seeds() -> None:
    def drawn(seed: int, epoch: int) -> np.ndarray:
        found = draw(20, flip=True, crop=0.3, seed=seed, epoch=epoch)
        return np.column_stack([found.flip, found.scale, found.shift])

    np.testing.assert_array_equal(drawn(1, 2), drawn(1, 2))
    for other in (drawn(1, 3), drawn(2, 2), drawn(2, 1)):
        assert (other != drawn(1, 2)).any(axis=0).all()  # none of the five columns is drawn alike


def test_whole_images_are_only_mirrored_where_marked() -> None:
    images = torch.rand(3, 3, 4, 4)
    flip = np.array([True, False, True])
    shown = apply(images, Augmentation(flip, np.ones((3, 2)), np.zeros((3, 2))))
    assert torch.equal(shown[0], images[0].flip(2)) and torch.equal(shown[1], images[1])
    assert torch.equal(shown[2], images[2].flip(2))


@given(st.integers(0, 50), st.floats(0, 0.9), st.booleans())
def test_draws_stay_in_their_bounds(seed: int, crop: float, flip: bool) -> None:
    drawn = draw(30, flip=flip, crop=crop, seed=seed, epoch=1)
    assert drawn.scale.shape == drawn.shift.shape == (30, 2)
    assert (drawn.scale <= 1).all() and (drawn.scale > 1 - crop - 1e-12).all()
    assert (np.abs(drawn.shift) <= 1).all()
    assert drawn.flip.any() == flip
    part = drawn.rows(np.array([7, 2]))
    np.testing.assert_array_equal(part.scale, drawn.scale[[7, 2]])
    np.testing.assert_array_equal(part.shift, drawn.shift[[7, 2]])
    np.testing.assert_array_equal(part.flip, drawn.flip[[7, 2]])


def test_mixup_partners() -> None:
    share, partner = mix(np.random.default_rng(0), 9, 0.0)
    assert share == 1 and partner.tolist() == list(range(9))
    shares = []
    for seed in range(500):
        share, partner = mix(np.random.default_rng(seed), 9, 0.4)
        shares.append(share)
        assert sorted(partner.tolist()) == list(range(9))
    assert min(shares) >= 0 and max(shares) <= 1
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)
    assert np.var(shares) == pytest.approx(0.25 / 1.8, abs=0.01)  # of Beta(a, a): 1 / (4 (2 a + 1))
