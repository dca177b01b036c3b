"""The ONNX file gives the probabilities that torch gives, for every kind of head."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from artextract.classification.network.inputs import load_inputs
from artextract.classification.network.linear_net import LinearNet
from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.saved_network import save_model
from artextract.classification.prediction.predictor import Predictor
from artextract.classification.published import onnx_file
from artextract.classification.published.onnx_file import export_onnx
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.encoders.local_weights import content_hash
from artextract.params.sections import Network
from tests.tiny_models import TIMM, tiny_timm
from tests.toys import CLASSES, NAMES, one_thread, painting, toy_collection, toy_params  # noqa: F401

FITTED = {"style": {"temperature": 2.0, "abstain_below": 0.3}, "genre": {"temperature": 0.5}}


def session(path: Path) -> Any:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def as_torch_sees(folder: Path, picture: Path, path: Path) -> None:
    """Compare the file with predictions as they are made here, by what its metadata say alone."""
    net = session(path)
    meta = {key: json.loads(value) for key, value in net.get_modelmeta().custom_metadata_map.items()}
    image = Image.open(picture).convert("RGB")
    pixels = {}
    for one in meta["inputs"]:
        assert one["crop"] is None
        small = image.resize((one["size"], one["size"]), Image.Resampling[one["interpolation"].upper()])
        pixels[one["name"]] = np.asarray(small).transpose(2, 0, 1)[None]
    found = dict(zip((one.name for one in net.get_outputs()), net.run(None, pixels), strict=True))
    predictor = Predictor(folder)
    seen = predictor.look_decoded([image])
    for task in TASKS:
        np.testing.assert_allclose(found[task], seen.p[task], atol=1e-4)
        assert len(meta["classes"][task]) == found[task].shape[1]
    assert meta["classes"] == predictor.classes
    doubted = seen.unsure["style"]
    if doubted is not None:
        assert found["style_unsure"].tolist() == doubted.tolist()


@pytest.mark.long
def test_a_network_from_scratch(tmp_path: Path):
    torch.manual_seed(0)
    params = toy_params(scan="snake", mean_token=True).train
    save_model(tmp_path / "model", MultitaskNet(params, CLASSES), NAMES, params, "")
    (tmp_path / "model/calibration.json").write_text(json.dumps(FITTED))
    (tmp_path / "a.png").write_bytes(painting(1, 2, side=90))
    session_needed()
    done = export_onnx(tmp_path / "model", tmp_path / "m.onnx", FITTED)
    assert done.difference <= 1e-4 and [one["name"] for one in done.inputs] == ["image"]
    as_torch_sees(tmp_path / "model", tmp_path / "a.png", tmp_path / "m.onnx")


def session_needed() -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name)


@pytest.mark.long
def test_linear_heads_on_two_frozen_networks(tmp_path: Path):
    """Images of two sizes, an image and its mirror image, heads that are averaged."""
    session_needed()
    tiny_timm(tmp_path / "timm")
    sha256 = content_hash(tmp_path / "timm")
    same: dict[str, Any] = {"weights": str(tmp_path / "timm"), "min_side": 0, "layers": [0, 2]}
    train = toy_params(
        backbone=TIMM, weights_sha256=sha256, frozen=True, views=2, head="linear", combine="averaged",
        networks=[Network(name=TIMM, sha256=sha256, size=96, **same)], **same,
    ).train  # fmt: skip
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 3)
    inputs = load_inputs(reader, index, range(3), train)
    torch.manual_seed(0)
    net = LinearNet([sum(blocks) for blocks in inputs.widths], CLASSES)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    save_model(tmp_path / "model", net, NAMES, train, inputs.backbone_sha256, inputs.widths)
    (tmp_path / "a.png").write_bytes(painting(1, 2, side=200))
    done = export_onnx(tmp_path / "model", tmp_path / "m.onnx", {})
    assert [one["name"] for one in done.inputs] == ["image_160", "image_96"]
    as_torch_sees(tmp_path / "model", tmp_path / "a.png", tmp_path / "m.onnx")


def test_without_the_packages_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ArtExtractError, match="onnx") as caught:
        export_onnx(tmp_path, tmp_path / "m.onnx", {})
    assert caught.value.remedy == "`pip install -r requirements-onnx.txt`"


def test_a_file_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    session_needed()
    params = toy_params().train
    save_model(tmp_path / "model", MultitaskNet(params, CLASSES), NAMES, params, "")
    monkeypatch.setattr(onnx_file, "_converted", lambda *args: None)
    monkeypatch.setattr(onnx_file, "with_metadata", lambda *args: b"")
    for difference in (2e-4, float("nan")):
        monkeypatch.setattr(onnx_file, "compare", lambda *args, found=difference: found)
        with pytest.raises(ArtExtractError, match="other probabilities than torch"):
            export_onnx(tmp_path / "model", tmp_path / "m.onnx", {})
    assert not (tmp_path / "m.onnx").exists()
