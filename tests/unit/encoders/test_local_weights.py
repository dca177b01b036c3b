"""Weights from a file or folder: found by content, complete, or an error."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from artextract.core.errors import ArtExtractError
from artextract.encoders.image import load_encoder
from artextract.encoders.local_weights import content_hash, local_weights
from artextract.encoders.weights import timm_model, weights_hash
from artextract.params.sections import ImageEncoder
from tests.toys import one_thread  # noqa: F401

SMALL = "test_resnet"  # 0.5 M parameters
KEY = "image_encoder.sha256"


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(3)
    return timm_model(SMALL, "none", "").eval()


def without_classifier(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in net.state_dict().items() if not name.startswith("fc.")}


def saved(net: nn.Module, path: Path) -> Path:
    state = net.state_dict()
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.bin"])
def test_a_file_fills_the_model_and_only_its_content_counts(small: nn.Module, tmp_path: Path, name: str):
    path = saved(small, tmp_path / name)
    net = timm_model(SMALL, str(path), content_hash(path), num_classes=0)
    assert weights_hash(net) == weights_hash(timm_model_of(without_classifier(small)))
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / name)
    assert weights_hash(timm_model(SMALL, str(moved), content_hash(moved), num_classes=0)) == weights_hash(net)


def timm_model_of(state: dict[str, torch.Tensor]) -> nn.Module:
    net = timm_model(SMALL, "none", "", num_classes=0)
    net.load_state_dict(state, strict=True)
    return net


@pytest.mark.parametrize("classes", [0, 7])
def test_any_number_of_classes_is_taken_off(tmp_path: Path, classes: int):
    net = timm_model(SMALL, "none", "", num_classes=classes)
    path = saved(net, tmp_path / "w.safetensors")
    found = timm_model(SMALL, str(path), content_hash(path), num_classes=0)
    assert weights_hash(found) == weights_hash(timm_model_of(without_classifier(net)))


def test_a_folder_as_timm_writes_it(small: nn.Module, tmp_path: Path):
    from timm.models import save_for_hf

    save_for_hf(small, str(tmp_path), safe_serialization=True, data_config={"mean": (0.1, 0.2, 0.3)})
    sha256 = content_hash(tmp_path)
    params = ImageEncoder(name=SMALL, weights=str(tmp_path), sha256=sha256, layers=[], batch_size=2, precision="fp32")
    net, preprocessing = load_encoder(params)
    assert weights_hash(net) == weights_hash(timm_model_of(without_classifier(small)))
    assert preprocessing.mean == (0.1, 0.2, 0.3)  # the folder's own
    (tmp_path / "config.json").write_text((tmp_path / "config.json").read_text().replace("0.1", "0.5"))
    with pytest.raises(ArtExtractError, match=r"not those that params\.yaml names"):
        load_encoder(params)
    with pytest.raises(ArtExtractError, match="the folder holds test_resnet, and"):
        timm_model("resnet18", str(tmp_path), content_hash(tmp_path))


def test_the_hash_of_a_folder_is_that_of_sha256sum(tmp_path: Path):
    for name in ("b.txt", "a/c.json", "a.json", ".git/config", "a/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    command = "find . -type f -not -path '*/.*' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    shown = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert content_hash(tmp_path) == shown.split()[0]


@pytest.mark.parametrize("lost", ["conv1.0.weight", "bn1.running_var", "fc.bias"])
def test_a_file_that_lacks_a_tensor_is_refused_and_nothing_stays_random(small: nn.Module, tmp_path: Path, lost: str):
    state = small.state_dict()
    lost = lost if lost in state else next(name for name in state if name.endswith(lost.split(".")[-1]))
    path = tmp_path / "w.safetensors"
    save_file({name: tensor for name, tensor in state.items() if name != lost}, path)
    with pytest.raises(ArtExtractError, match=f"{SMALL} cannot be loaded") as caught:
        timm_model(SMALL, str(path), content_hash(path), num_classes=0)
    assert caught.value.where == str(path) and SMALL in str(caught.value.remedy)


class Code:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('code of a file of weights was run')",))


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path):
    path = tmp_path / "w.pth"
    torch.save({"conv1.weight": Code()}, path)
    with pytest.raises(ArtExtractError, match="is not a file of tensors"):
        timm_model(SMALL, str(path), content_hash(path), num_classes=0)


def test_a_path_needs_its_hash_and_a_changed_file_is_noticed(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"one")
    with pytest.raises(ArtExtractError, match="need their hash") as caught:
        local_weights(str(path), "", KEY)
    assert caught.value.remedy == f"set {KEY} to {content_hash(path)}"
    sha256 = content_hash(path)
    assert local_weights(str(path), sha256, KEY) == path
    path.write_bytes(b"two")
    with pytest.raises(ArtExtractError, match=f"SHA-256 is {content_hash(path)}, expected {sha256}"):
        local_weights(str(path), sha256, KEY)
    with pytest.raises(ArtExtractError, match="the weights are not there"):
        local_weights(str(tmp_path / "none.bin"), sha256, KEY)


def test_other_files_and_folders_are_refused(tmp_path: Path):
    (tmp_path / "w.onnx").write_bytes(b"")
    with pytest.raises(ArtExtractError, match="a file with weights ends in"):
        timm_model(SMALL, str(tmp_path / "w.onnx"), content_hash(tmp_path / "w.onnx"))
    with pytest.raises(ArtExtractError, match="not a folder of a timm model"):
        timm_model(SMALL, str(tmp_path), content_hash(tmp_path))
