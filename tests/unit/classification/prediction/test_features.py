"""Inputs that are made in memory are those that are made from an index, for every kind of network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from artextract.classification.network.backbones import TimmBackbone
from artextract.classification.network.inputs import evaluation_views, load_inputs
from artextract.classification.network.network import MultitaskNet
from artextract.classification.prediction.features import Extractor, Stored, head_inputs, joined
from artextract.params.sections import Network
from tests.toys import CLASSES, one_thread, toy_collection, toy_params  # noqa: F401

FURTHER = Network(name="test_efficientnet", weights="none", sha256="", layers=[2], size=64, min_side=0)
KINDS: dict[str, dict[str, Any]] = {
    "pixels": {},
    "frozen": {"backbone": "test_resnet", "frozen": True, "layers": [1]},
    "two networks, two views": {
        "backbone": "test_resnet", "frozen": True, "views": 2, "flip": True, "networks": [FURTHER]
    },
    "linear": {"backbone": "test_efficientnet", "frozen": True, "layers": [2], "head": "linear"},
    "tuned stages": {"backbone": "test_resnet", "tuned_stages": 1, "weights": "package"},
    "fast": {"backbone": "test_efficientnet", "frozen": True, "layers": [2], "precision": "fast"},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_they_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    nets = {name: TimmBackbone(name, "none", "").eval() for name in ("test_resnet", "test_efficientnet")}
    for place in ("networks", "backbones"):
        monkeypatch.setattr(f"artextract.classification.network.{place}.TimmBackbone", lambda name, *_: nets[name])
    params = toy_params(token_grid=2, **KINDS[kind]).train
    monkeypatch.setattr("artextract.classification.prediction.features.preprocessing_of", _preprocessing)
    monkeypatch.setattr("artextract.classification.network.inputs.preprocessing_of", _preprocessing)
    reader, index = toy_collection(tmp_path / "shards", ["val"] * 18)
    expected = load_inputs(reader, index, range(18), params, evaluation_views(params))
    extractor = Extractor(params)
    found = extractor.inputs(Stored([reader.read(row) for row in range(18)]))
    assert (found.backbone_sha256, found.widths) == (expected.backbone_sha256, expected.widths)
    assert extractor.sha256 == expected.backbone_sha256 and len(found.further) == len(expected.further)
    for one, other in zip((found.array, *found.further), (expected.array, *expected.further), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-6)
    alone = extractor.inputs(Stored([reader.read(3)]))
    np.testing.assert_allclose(np.asarray(alone.array)[0], np.asarray(expected.array)[3], atol=1e-5)


def _preprocessing(backbone: Any) -> Any:
    from artextract.encoders.image import Preprocessing

    return Preprocessing(64, None, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_what_heads_see_is_kept_once_per_view() -> None:
    for recurrence, width in (("shared", 64), ("per_task", 3 * 64)):
        torch.manual_seed(0)
        net = MultitaskNet(toy_params(recurrence=recurrence).train, CLASSES).eval()
        images = torch.randn(5, 3, 32, 32)
        with torch.inference_mode(), head_inputs(net) as seen:
            first = net(images)
            net(images.flip(3))
        vectors = joined(seen, 2)
        assert vectors.shape == (5, width)
        with torch.inference_mode(), head_inputs(net) as again:
            net(images)
        alone = joined(again, 1)
        assert not np.allclose(vectors, alone)
        head = net.recurrent.heads["style"]
        torch.testing.assert_close(head(torch.from_numpy(alone[:, :64])), first["style"])
