from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from artextract.classification.network import standardise
from artextract.classification.network.standardise import Standardise, moments


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 99))
def test_moments_are_those_of_all_images_and_cells(n: int, cells: int, seed: int) -> None:
    tokens = np.random.default_rng(seed).normal(3, 2, (n, cells, 5)).astype(np.float32)
    block, standardise.BLOCK = standardise.BLOCK, 2  # several blocks, the last one not full
    try:
        mean, spread = moments(tokens)
    finally:
        standardise.BLOCK = block
    flat = tokens.reshape(-1, 5).astype(np.float64)
    np.testing.assert_allclose(mean, flat.mean(0), atol=1e-9)
    np.testing.assert_allclose(spread, flat.std(0), atol=1e-6)


def test_standardised_by_eye() -> None:
    module = Standardise(2)
    tokens = torch.tensor([[[3.0, 5.0]]])
    assert torch.equal(module(tokens), tokens)  # until it is told otherwise
    module.set(np.array([1.0, 5.0]), np.array([2.0, 0.0]))
    assert module(tokens).tolist() == [[[1.0, 0.0]]]  # a channel that never changes is zero, and not NaN
