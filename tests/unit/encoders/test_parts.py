from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from artextract.classification.network.backbones import SmallBackbone, TimmBackbone
from artextract.core.errors import ArtExtractError
from artextract.encoders.parts import LateStages, Layered, chain_of, split, split_frozen, split_stages
from artextract.encoders.weights import timm_model
from tests.toys import one_thread  # noqa: F401

EFFICIENTNET, RESNET, VIT = "test_efficientnet", "test_resnet", "test_vit"
STAGES = {EFFICIENTNET: 5, RESNET: 4}


def model(name: str) -> nn.Module:
    torch.manual_seed(0)
    return timm_model(name, "none", "", num_classes=0).eval()


def backbone(name: str) -> TimmBackbone:
    torch.manual_seed(0)
    return TimmBackbone(name, "none", "").eval()


def images() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def assert_same(one: nn.Module, other: nn.Module) -> None:
    with torch.inference_mode():
        torch.testing.assert_close(one(images()), other(images()))


@pytest.mark.parametrize("name", STAGES)
def test_the_chain_of_a_model_is_the_model(name: str) -> None:
    net = model(name)
    chain = chain_of(net)
    assert chain is not None and len(chain.stages) == STAGES[name]
    assert_same(nn.Sequential(*chain.stem, *chain.stages, *chain.rest, *chain.head), net)
    features = nn.Sequential(*chain.stem, *chain.stages, *chain.rest)
    with torch.inference_mode():
        torch.testing.assert_close(features(images()), backbone(name)(images()))


@pytest.mark.parametrize("net", [SmallBackbone(), nn.Linear(1, 1)])
def test_other_networks_have_no_chain_and_stay_whole(net: nn.Module) -> None:
    assert chain_of(net) is None
    assert split(net) == [net]
    assert split_stages(net, 0) == (None, net)


def test_a_family_needs_all_its_modules() -> None:
    """MobileNetV3 has the stem and the stages of an EfficientNet, and another head."""
    assert chain_of(timm_model("mobilenetv3_small_050", "none", "", num_classes=0)) is None


# --- what may be in bf16


@pytest.mark.parametrize(("name", "count"), [(EFFICIENTNET, 2), (RESNET, 1), (VIT, 1)])
def test_the_parts_of_an_encoder_are_the_encoder(name: str, count: int) -> None:
    net = model(name)
    parts = split(net)
    assert len(parts) == count
    size = torch.zeros(1, 3, *([160, 160] if name == VIT else [64, 64]))
    with torch.inference_mode():
        torch.testing.assert_close(nn.Sequential(*parts)(size), net(size))


@pytest.mark.parametrize(("layers", "count"), [([2, 4], 2), ([1], 1)])
def test_the_parts_of_a_layered_network_are_the_network(layers: list[int], count: int) -> None:
    net = Layered(model(EFFICIENTNET), layers).eval()
    parts = split(net)
    assert len(parts) == count
    assert_same(nn.Sequential(*parts), net)


@pytest.mark.parametrize(("name", "count"), [(EFFICIENTNET, 2), (RESNET, 1)])
@pytest.mark.parametrize("tuned", [0, 1])
def test_the_parts_of_a_frozen_backbone_are_the_backbone(name: str, count: int, tuned: int) -> None:
    net, last = backbone(name), nn.Flatten(2)
    parts = split_frozen(net, tuned, last)
    assert len(parts) == count
    assert_same(nn.Sequential(*parts), nn.Sequential(split_stages(net, tuned)[0] or net, last))


# --- what is trained and what is not


@pytest.mark.parametrize(("name", "tuned"), [(n, t) for n, stages in STAGES.items() for t in range(1, stages)])
def test_the_frozen_and_the_tuned_part_make_the_whole(name: str, tuned: int) -> None:
    net = backbone(name)
    frozen, trained = split_stages(net, tuned)
    assert frozen is not None
    assert_same(nn.Sequential(frozen, trained), net)
    parameters = [p for part in (frozen, trained) for p in part.parameters()]
    assert len({id(p) for p in parameters}) == len(parameters) == len(list(net.model.parameters()))


def test_a_network_that_cannot_be_cut_says_so() -> None:
    with pytest.raises(ArtExtractError, match="VisionTransformer is not a chain of stages") as caught:
        split_stages(backbone(VIT), 1)
    assert "EfficientNet or ResNet" in str(caught.value) and "train.tuned_stages=0" in str(caught.value)
    with pytest.raises(ArtExtractError, match="4 stages, and 4 of them leave nothing to freeze"):
        split_stages(backbone(RESNET), 4)


# --- features of several depths


@pytest.mark.parametrize("name", STAGES)
def test_layers_add_the_means_of_stages(name: str) -> None:
    net = model(name)
    chain = chain_of(net)
    assert chain is not None
    with torch.inference_mode():
        found = Layered(net, [1])(images())
        stage = nn.Sequential(*chain.stem, *chain.stages[:2])(images()).mean(dim=(2, 3))
        expected = [nn.functional.normalize(part, dim=1) for part in (net(images()), stage)]
    np.testing.assert_allclose(found, torch.cat(expected, dim=1), atol=1e-6)


def test_a_stage_that_is_not_there_is_refused() -> None:
    with pytest.raises(ArtExtractError, match="has 5 stages; there is no stage 5") as caught:
        Layered(model(EFFICIENTNET), [1, 5])
    assert "from 0 to 4" in str(caught.value)
    with pytest.raises(ArtExtractError, match="not a chain of stages"):
        Layered(model(VIT), [0])
    with pytest.raises(ValueError, match="stage 1 is before stage 2"):
        LateStages(Layered(model(EFFICIENTNET), [1, 3]), 2)
