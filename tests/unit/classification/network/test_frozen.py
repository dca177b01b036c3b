"""Frozen stages: the chain is the backbone, and fast outputs are those of fp32, view by view, checked at the start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from artextract.classification.network import frozen
from artextract.classification.network.backbones import TimmBackbone, preprocessing_of
from artextract.classification.network.frozen import FrozenStages, Part, feature_part, token_part
from artextract.core.errors import ArtExtractError
from artextract.encoders import backends as inference
from artextract.params.sections import Train
from tests.damage import DAMAGES
from tests.toys import one_thread, toy_collection, toy_params  # noqa: F401

EFFICIENTNET, RESNET = "test_efficientnet.r160_in1k", "test_resnet.r160_in1k"


def params(name: str, **changes: object) -> Train:
    settings = {"backbone": name, "frozen": True, "token_grid": 3, "precision": "fast", "flip": True, "crop": 0.4}
    return toy_params(**(settings | changes)).train


def backbone(name: str) -> TimmBackbone:
    torch.manual_seed(0)
    return TimmBackbone(name, "none", "").eval()


def tokens(net: TimmBackbone) -> Part:
    return token_part(net.model, preprocessing_of(net), [1], 3)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.slow
@pytest.mark.parametrize("openvino", [True, False])
@pytest.mark.parametrize("tuned", [0, 1])
def test_fast_outputs_are_those_of_fp32(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, openvino: bool, tuned: int
):
    if openvino and inference.openvino_version() is None:
        pytest.skip("openvino is not installed: pip install --no-deps -r requirements-openvino.txt")
    if not openvino:
        monkeypatch.setattr(inference, "openvino_version", lambda: None)
    net = backbone(EFFICIENTNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 21)
    preprocessing, rows = preprocessing_of(net), [20, 3, 0, 11]
    found = {}
    for precision in ("fp32", "fast"):
        p = params(EFFICIENTNET, frozen=not tuned, tuned_stages=tuned, precision=precision)
        part = feature_part(net, preprocessing, tuned) if tuned else token_part(net.model, preprocessing, [2, 3], 3)
        stages = FrozenStages(part, p)
        found[precision] = [np.asarray(stages.outputs(reader, index, rows, view)) for view in range(3)]
    for exact, fast in zip(found["fp32"], found["fast"], strict=True):
        assert exact.shape == fast.shape and exact.dtype == fast.dtype == (np.float16 if tuned else np.float32)
        a, b = (array.astype(np.float32).reshape(len(rows), -1) for array in (exact, fast))
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosine.min() > 0.99
    first, mirrored, cropped = found["fast"]
    assert not np.allclose(first, mirrored, atol=1e-3) and not np.allclose(first, cropped, atol=1e-3)


def test_a_backend_that_does_not_agree_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inference, "openvino_version", lambda: None)
    monkeypatch.setattr("artextract.encoders.agreement.COSINE", 1.1)
    net = backbone(RESNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    stages = FrozenStages(tokens(net), params(RESNET))
    with pytest.raises(ArtExtractError, match=r"does not agree with fp32[\s\S]*set train\.precision=fp32"):
        stages.outputs(reader, index, range(4), 0)


def test_what_the_cache_has_is_neither_read_nor_checked(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inference, "openvino_version", lambda: None)
    net = backbone(RESNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    first = np.array(FrozenStages(tokens(net), params(RESNET)).outputs(reader, index, range(4), 1))
    monkeypatch.setattr(frozen, "check", lambda *_: pytest.fail("checked again"))
    monkeypatch.setattr(frozen, "pixels", lambda *_, **__: pytest.fail("read again"))
    again = FrozenStages(tokens(net), params(RESNET)).outputs(reader, index, [2, 0], 1)
    np.testing.assert_array_equal(np.asarray(again), first[[2, 0]])


@pytest.mark.parametrize("damage", ["cut", "zeros", "flip"])
def test_damaged_tokens_are_computed_again(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str, capfd: pytest.CaptureFixture
):
    monkeypatch.setattr(inference, "openvino_version", lambda: None)
    net = backbone(RESNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    first = np.array(FrozenStages(tokens(net), params(RESNET)).outputs(reader, index, range(4), 0))
    (kept,) = (cache / "tokens").glob("*.rows")
    DAMAGES[damage](kept)
    again = FrozenStages(tokens(net), params(RESNET)).outputs(reader, index, range(4), 0)
    np.testing.assert_array_equal(np.asarray(again), first)
    assert f"of 4 rows in {kept} were damaged; they are computed anew" in capfd.readouterr().err


@pytest.mark.slow
def test_other_code_is_other_work(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    net = backbone(RESNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 3)
    for precision in ("fp32", "fast"):
        stages = FrozenStages(tokens(net), params(RESNET, precision=precision))
        stages.outputs(reader, index, range(3), 0)
        before = len(list((cache / "tokens").glob("*.rows")))
        stages.outputs(reader, index, range(3), 0)
        with monkeypatch.context() as patch:
            patch.setattr(frozen, "computed_by", lambda module: ["other"])
            stages.outputs(reader, index, range(3), 0)
        assert len(list((cache / "tokens").glob("*.rows"))) == before + 1


@pytest.mark.slow
def test_backend_and_agreement_are_told_also_where_the_cache_has_all(tmp_path: Path, cache: Path):
    net = backbone(RESNET)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    told = []
    for _ in range(2):
        stages = FrozenStages(tokens(net), params(RESNET))
        stages.outputs(reader, index, range(4), 0)
        told.append(stages.describe())
    assert told[0] == told[1] and told[0]["check_images"] == 4 and told[0]["check_cosine_min"] > 0.99
    (record,) = (cache / "agreement").glob("*.json")
    for damage in ("flip", "gone"):
        DAMAGES[damage](record)
        stages = FrozenStages(tokens(net), params(RESNET))
        stages.outputs(reader, index, range(4), 0)
        assert stages.describe() == told[0]
    exact = FrozenStages(tokens(net), params(RESNET, precision="fp32"))
    exact.outputs(reader, index, range(4), 0)
    assert exact.describe() == {"backend": "torch cpu fp32"}
