"""Outputs of frozen stages that other processes compute: the same bits as in this one, view by view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from artextract.classification.network.inputs import Inputs, load_inputs
from artextract.core.executors import rows
from artextract.core.fingerprint import sha256_file
from artextract.encoders.torchvision_cure import import_torchvision
from tests.tiers import later
from tests.tiny_models import TIMM, tiny_timm
from tests.toys import one_thread, toy_collection, toy_params  # noqa: F401


@pytest.mark.slow
@pytest.mark.parametrize("kind", [later("tokens"), "fast tokens", later("features")])
def test_the_bits_are_the_same_wherever_they_are_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    import_torchvision()  # before timm, which imports it too
    tiny_timm(tmp_path / "net")
    weights = tmp_path / "net/model.safetensors"
    network = {"backbone": TIMM, "weights": str(weights), "weights_sha256": sha256_file(weights), "layers": [1]}
    views = {"flip": False, "crop": 0.3, "precision": "fast" if kind == "fast tokens" else "fp32"}
    tuned = {"frozen": False, "tuned_stages": 1} if kind == "features" else {"frozen": True}
    params = toy_params(**(network | views | tuned)).train
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 21)
    monkeypatch.setattr(rows, "LONGEST", 8)
    monkeypatch.setattr(rows, "MULTIPLE", 8)

    def outputs(where: str) -> Inputs:
        monkeypatch.setenv("ARTEXTRACT_EXECUTOR", where)
        monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / f"cache-{where}"))
        return load_inputs(reader, index, [0, 2, 3, 7, 8, 16, 20], params, 2)

    here, elsewhere = outputs(""), outputs("local:1")
    for one, other in zip((here.array, *here.further), (elsewhere.array, *elsewhere.further), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    assert not np.array_equal(np.asarray(here.array), np.asarray(here.further[0]))
    assert here.computed == elsewhere.computed and here.backbone_sha256 == elsewhere.backbone_sha256
