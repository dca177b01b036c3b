"""Unit rows, threads and device."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from artextract.core.compute import autocast, backend, bf16_pays, device, set_threads, unit_rows
from artextract.core.errors import ArtExtractError


def test_unit_rows_by_hand():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0]]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [-1, 0]], atol=1e-7)


@given(arrays(np.float32, (4, 8), elements=st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 0.01)))
def test_rows_keep_their_direction_and_have_length_one_or_zero(array: np.ndarray):
    rows = unit_rows(array)
    lengths = np.linalg.norm(rows.astype(float), axis=1)
    np.testing.assert_allclose(lengths, array.any(axis=1), atol=1e-6)
    np.testing.assert_allclose(rows * np.linalg.norm(array, axis=1, keepdims=True), array, atol=1e-3)
    np.testing.assert_allclose(unit_rows(rows), rows, atol=1e-6)


def test_threads_are_fixed_and_kernels_deterministic(monkeypatch: pytest.MonkeyPatch):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        for wanted in (1, 2):
            monkeypatch.setenv("ARTEXTRACT_THREADS", str(wanted))
            set_threads()
            assert torch.get_num_threads() == wanted
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5"])
def test_impossible_number_of_threads_is_refused(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("ARTEXTRACT_THREADS", value)
    with pytest.raises(ArtExtractError, match="ARTEXTRACT_THREADS"):
        set_threads()


def test_device_is_the_cpu_unless_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ARTEXTRACT_DEVICE", raising=False)
    assert device() == torch.device("cpu")
    monkeypatch.setenv("ARTEXTRACT_DEVICE", "cuda:1")
    assert device() == torch.device("cuda", 1)


# --- precision


def gains(monkeypatch: pytest.MonkeyPatch, amx: bool, avx512: bool) -> None:
    """A CPU that has these instructions."""
    monkeypatch.delenv("ARTEXTRACT_DEVICE", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)


def product() -> torch.Tensor:
    """Of numbers that bf16 rounds: 1 + 2^-10 becomes 1."""
    return torch.full((1, 1), 1 + 2.0**-10) @ torch.ones(1, 1)


@pytest.mark.parametrize(("amx", "avx512"), [(False, False), (True, False), (False, True), (True, True)])
def test_bf16_pays_where_the_cpu_has_instructions_for_it(monkeypatch: pytest.MonkeyPatch, amx: bool, avx512: bool):
    gains(monkeypatch, amx, avx512)
    assert bf16_pays() is (amx or avx512)


@pytest.mark.parametrize("supported", [True, False])
def test_on_a_gpu_the_gpu_is_asked(monkeypatch: pytest.MonkeyPatch, supported: bool):
    gains(monkeypatch, not supported, not supported)  # the CPU would say the contrary
    monkeypatch.setenv("ARTEXTRACT_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert bf16_pays() is supported
    assert backend("fast") == f"torch cuda {'bf16' if supported else 'fp32'}"
    assert backend("fp32") == "torch cuda fp32"


@pytest.mark.parametrize(("precision", "pays", "reduced"), [
    ("fast", True, True), ("fast", False, False), ("fp32", True, False), ("fp32", False, False),
])  # fmt: skip
def test_products_are_in_bf16_where_it_is_asked_for_and_pays(
    monkeypatch: pytest.MonkeyPatch, precision: str, pays: bool, reduced: bool
):
    gains(monkeypatch, pays, pays)
    with autocast(precision):
        inside = product()
    assert inside.dtype == (torch.bfloat16 if reduced else torch.float32)
    assert inside.item() == (1 if reduced else 1 + 2.0**-10)
    assert product().dtype == torch.float32  # and again outside
    assert backend(precision) == f"torch cpu {'bf16' if reduced else 'fp32'}"
