"""torch's way to the input of a network gives Pillow's pixels but for roundings, in every frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artextract.encoders.image import Preprocessing
from artextract.encoders.quick_pixels import quick_pixels

HALF = (0.5, 0.5, 0.5)


def picture(width: int, height: int) -> Image.Image:
    """Smooth colours with edges."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 90 * np.sin(x / 9 + k) * np.cos(y / 7 - k) for k in range(3)]
    values = np.stack(waves, axis=-1) + 30 * ((x // 11 + y // 13) % 2)[..., None]
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(20, 150),
    height=st.integers(20, 150),
    size=st.integers(16, 64),
    crop=st.sampled_from([None, 1.0, 0.875, 0.89]),
    mode=st.sampled_from(["bilinear", "bicubic"]),
)
def test_pixels_are_those_of_pillow_but_for_roundings(width: int, height: int, size: int, crop: float, mode: str):
    preprocessing = Preprocessing(size, crop, mode, HALF, HALF)
    image = picture(width, height)
    expected, found = preprocessing.pixels()(image), quick_pixels(preprocessing)(image)
    assert found.shape == expected.shape == (3, size, size) and found.dtype == torch.uint8 and found.is_contiguous()
    difference = (found.int() - expected.int()).abs()
    assert difference.max() <= 12 and difference.float().mean() < 0.3  # one pixel aside: 5 and more on average


@pytest.mark.parametrize(("crop", "mode"), [(0.9, "lanczos"), (1.5, "bicubic")])
def test_what_torch_cannot_do_pillow_does(crop: float, mode: str):
    preprocessing = Preprocessing(32, crop, mode, HALF, HALF)
    image = picture(90, 70)
    assert torch.equal(quick_pixels(preprocessing)(image), preprocessing.pixels()(image))


def test_an_image_of_the_wanted_size_is_left_as_it_is():
    image = picture(32, 40)
    found = quick_pixels(Preprocessing(32, 1.0, "bicubic", HALF, HALF))(image)
    assert np.array_equal(found.permute(1, 2, 0).numpy(), np.asarray(image)[4:36])


def test_the_pixels_are_a_copy():
    image = picture(50, 50)
    before = np.asarray(image).copy()
    found = quick_pixels(Preprocessing(50, None, "bicubic", HALF, HALF))(image)
    found.zero_()
    assert np.array_equal(np.asarray(image), before)
