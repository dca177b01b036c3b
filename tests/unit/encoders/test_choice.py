"""Precision auto: the fastest precision that agrees is taken, once per network and machine; others are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from artextract.core.errors import ArtExtractError
from artextract.encoders import choice, int8
from artextract.encoders.backends import Backend, openvino_version, reference_backend
from artextract.encoders.choice import choose, offers, rates
from artextract.encoders.image import Preprocessing
from artextract.encoders.weights import timm_model
from tests.damage import DAMAGES

PREPROCESSING = Preprocessing(160, 0.875, "bicubic", (0.5,) * 3, (0.5,) * 3)
IMAGES = [torch.full((1, 3, 8, 8), value, dtype=torch.uint8) for value in range(3)]
SPEEDS = {"fp32": 10.0, "bf16": 20.0, "int8": 40.0}
needs_nncf = pytest.mark.skipif(int8.nncf_version() is None, reason="nncf is not installed (requirements-openvino.txt)")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and two threads."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ARTEXTRACT_THREADS", "2")
    return tmp_path / "cache"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Names that were timed; the times are ``SPEEDS``."""
    seen: list[list[str]] = []

    def given(backends: dict[str, Backend], images: list[torch.Tensor]) -> dict[str, float]:
        seen.append(list(backends))
        return {name: SPEEDS[name] for name in backends}

    monkeypatch.setattr(choice, "rates", given)
    return seen


def outputs(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
    for batch in batches:
        yield batch.float().mean((2, 3)).numpy()


def offered(*names: str) -> dict[str, Callable[[], Backend]]:
    return {name: lambda name=name: Backend(name, 1, outputs) for name in names}


def agreeing(*names: str) -> Callable[[Backend], tuple[bool, dict[str, Any]]]:
    return lambda backend: (backend.name in names, {"check_cosine_min": 0.99 if backend.name in names else 0.5})


@pytest.mark.parametrize(
    ("agree", "chosen"), [(("fp32", "bf16", "int8"), "int8"), (("fp32", "bf16"), "bf16"), (("fp32",), "fp32")]
)
def test_the_fastest_of_those_that_agree_is_taken(agree: tuple[str, ...], chosen: str, measured: list[list[str]]):
    backend, found = choose(offered("fp32", "bf16", "int8"), {"amx": "none"}, "net", agreeing(*agree), IMAGES)
    assert backend.name == found["precision"]["chosen"] == chosen
    assert found["check_cosine_min"] == 0.99
    table = found["precision"]["measured"]
    assert {name: row["images_per_second"] for name, row in table.items()} == SPEEDS
    assert {name for name, row in table.items() if row["agrees"]} == set(agree)
    assert found["precision"]["not_measured"] == {"amx": "none"}


def test_the_choice_is_kept_for_the_network(measured: list[list[str]]):
    first = choose(offered("fp32", "bf16"), {}, "net", agreeing("fp32", "bf16"), IMAGES)[1]
    assert choose(offered("fp32", "bf16"), {}, "net", agreeing("fp32", "bf16"), IMAGES)[1] == first
    assert len(measured) == 1
    choose(offered("fp32", "bf16"), {}, "another net", agreeing("fp32"), IMAGES)
    assert len(measured) == 2


def test_a_kept_choice_that_does_not_agree_here_is_made_anew(
    measured: list[list[str]], capsys: pytest.CaptureFixture[str]
):
    choose(offered("fp32", "bf16"), {}, "net", agreeing("fp32", "bf16"), IMAGES)
    backend, found = choose(offered("fp32", "bf16"), {}, "net", agreeing("fp32"), IMAGES)
    assert backend.name == found["precision"]["chosen"] == "fp32" and len(measured) == 2
    assert "bf16, chosen before, does not agree here" in capsys.readouterr().err
    assert choose(offered("fp32", "bf16"), {}, "net", agreeing("fp32"), IMAGES)[0].name == "fp32"
    assert len(measured) == 2


@pytest.mark.parametrize("damage", ["flip", "empty"])
def test_a_damaged_record_is_made_anew(damage: str, cache: Path, measured: list[list[str]]):
    choose(offered("fp32"), {}, "net", agreeing("fp32"), IMAGES)
    (record,) = (cache / "precision").glob("*.json")
    DAMAGES[damage](record)
    assert choose(offered("fp32"), {}, "net", agreeing("fp32"), IMAGES)[0].name == "fp32"
    assert len(measured) == 2


def test_where_nothing_agrees_the_user_decides(cache: Path, measured: list[list[str]]):
    with pytest.raises(ArtExtractError, match="none of the precisions fp32, bf16 agrees") as error:
        choose(offered("fp32", "bf16"), {}, "net", agreeing(), IMAGES)
    assert "image_encoder.precision=fp32" in str(error.value)
    assert not list((cache / "precision").glob("*.json"))


def test_backends_are_timed_in_turn_and_each_once_at_least():
    seen: list[tuple[str, int]] = []

    def one(name: str, batch: int) -> Backend:
        def run(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
            for pixels in batches:
                seen.append((name, len(pixels)))
                yield pixels.numpy()

        return Backend(name, batch, run)

    found = rates({"a": one("a", 1), "b": one("b", 6)}, IMAGES, seconds=0)
    assert seen == [("a", 1)] * 4 + [("b", 6)]  # two images per thread, or a batch
    assert set(found) == {"a", "b"} and min(found.values()) > 0


# --- what is offered


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm_model("test_efficientnet.r160_in1k", "none", "", num_classes=0).eval()


def names_of(count: int) -> tuple[set[str], dict[str, str]]:
    model = network()
    found, left = offers(model, reference_backend(model, PREPROCESSING, 2), PREPROCESSING, "net", IMAGES, count)
    return set(found), left


def test_without_openvino_torch_is_what_there_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "openvino_version", lambda: None)
    for pays in (True, False):
        monkeypatch.setattr(choice, "bf16_pays", lambda pays=pays: pays)
        assert names_of(5000) == ({"fp32", "bf16"} if pays else {"fp32"}, {"int8": "needs OpenVINO, on a CPU"})


@pytest.mark.skipif(openvino_version() is None, reason="openvino is not installed (requirements-openvino.txt)")
def test_what_is_not_offered_is_explained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "openvino_bf16", lambda: False)
    monkeypatch.setattr(choice, "nncf_version", lambda: None)
    found, left = names_of(5000)
    assert found == {"fp32"} and "not faster" in left["bf16"] and "not installed" in left["int8"]
    monkeypatch.setattr(choice, "openvino_bf16", lambda: True)
    monkeypatch.setattr(choice, "nncf_version", lambda: "3.4.0")
    assert names_of(1023) == ({"fp32", "bf16"}, {"int8": "pays from 1024 images"})
    assert names_of(1024) == ({"fp32", "bf16", "int8"}, {})


# --- int8


@needs_nncf
@pytest.mark.slow
def test_int8_is_near_fp32_and_the_quantised_network_is_kept(monkeypatch: pytest.MonkeyPatch):
    import nncf  # pyright: ignore[reportMissingImports]

    model = network()
    noise = np.random.default_rng(0).integers(0, 256, (8, 3, 20, 20), dtype=np.uint8)
    images = [torch.from_numpy(one.repeat(8, axis=1).repeat(8, axis=2))[None] for one in noise]
    backend = int8.int8_backend(model, PREPROCESSING, "net", images)
    assert "cpu int8 (nncf" in backend.name and backend.name.endswith("first stages fp32")
    exact = np.concatenate(list(reference_backend(model, PREPROCESSING, 2).outputs(images)))
    found = np.concatenate(list(backend.outputs(images)))
    cosine = (found * exact).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0.9 < cosine.min() and not np.allclose(found, exact, rtol=1e-4)
    monkeypatch.setattr(nncf, "quantize", lambda *args, **kwargs: pytest.fail("quantised again"))
    again = int8.int8_backend(model, PREPROCESSING, "net", [])
    assert again.name == backend.name
    np.testing.assert_array_equal(np.concatenate(list(again.outputs(images))), found)
    with pytest.raises(ArtExtractError, match="not in the cache of this machine"):
        int8.int8_backend(model, PREPROCESSING, "another net", [])
