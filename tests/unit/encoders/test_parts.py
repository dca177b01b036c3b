from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from artextract.classification.network.backbones import SmallBackbone, TimmBackbone
from artextract.core.errors import ArtExtractError
from artextract.encoders.parts import (
    Layered,
    StageMaps,
    chain_of,
    split,
    split_frozen,
    split_maps,
    split_stages,
)
from artextract.encoders.weights import timm_model
from tests.toys import one_thread  # noqa: F401

EFFICIENTNET, RESNET, VIT, CONVNEXT = "test_efficientnet", "test_resnet", "test_vit", "test_convnext"
SWIN, MOBILENET = "swin_tiny_patch4_window7_224", "mobilenetv3_small_050"
STAGES = {EFFICIENTNET: 5, RESNET: 4}


def model(name: str) -> nn.Module:
    torch.manual_seed(0)
    return timm_model(name, "none", "", num_classes=0).eval()


def backbone(name: str) -> TimmBackbone:
    torch.manual_seed(0)
    return TimmBackbone(name, "none", "").eval()


def any_model(name: str) -> nn.Module:
    """A model with random weights; Swin is made small, since timm has no small one."""
    torch.manual_seed(0)
    small = {"embed_dim": 24, "depths": (1, 1, 2, 1), "num_heads": (1, 2, 2, 4)} if name == SWIN else {}
    return timm_model(name, "none", "", num_classes=0, **small).eval()


def pixels_for(name: str) -> torch.Tensor:
    """Two images of the size that a model takes."""
    side = {VIT: 160, SWIN: 224}.get(name, 64)
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


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


def hooked(net: nn.Module, names: list[str], pixels: torch.Tensor | None = None) -> list[torch.Tensor]:
    """The outputs of some modules, as PyTorch's own hooks see them."""
    found: dict[str, torch.Tensor] = {}
    modules = dict(net.named_modules())

    def kept(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: found.update({name: output})

    hooks = [modules[name].register_forward_hook(kept(name)) for name in names]
    with torch.inference_mode():
        net.forward_features(images() if pixels is None else pixels)  # type: ignore[operator]
    for hook in hooks:
        hook.remove()
    return [found[name] for name in names]


@pytest.mark.parametrize(
    ("name", "modules"), [(EFFICIENTNET, ["blocks.1", "blocks.3"]), (RESNET, ["layer2", "layer4"])]
)
def test_stage_maps_are_the_outputs_of_the_stages(name: str, modules: list[str]) -> None:
    net = model(name)
    with torch.inference_mode():
        *maps, last = StageMaps(net, [3, 1])(images())
        torch.testing.assert_close(last, net.forward_features(images()))  # type: ignore[operator]
    for found, expected in zip(maps, hooked(net, modules), strict=True):
        torch.testing.assert_close(found, expected)


def test_stage_maps_of_a_transformer_are_its_patches() -> None:
    net = model(VIT)
    pixels = torch.randn(2, 3, 160, 160, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found, last = StageMaps(net, [1])(pixels)
        tokens = net.forward_features(pixels)  # type: ignore[operator]
    prefix = net.num_prefix_tokens
    side = last.shape[-1]
    assert found.shape == last.shape == (2, net.num_features, side, side)
    for row, column in ((0, 0), (side - 1, 2)):
        torch.testing.assert_close(last[:, :, row, column], tokens[:, prefix + row * side + column])  # type: ignore[operator]


@pytest.mark.parametrize("name", [EFFICIENTNET, RESNET, VIT])
def test_a_stage_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ArtExtractError, match=r"there is no stage 99[\s\S]*use numbers from 0 to"):
        StageMaps(model(name), [99])


@pytest.mark.parametrize(("layers", "parts"), [([2, 3], 2), ([2], 2), ([], 2), ([0, 3], 1), ([1], 1)])
def test_split_maps_are_the_maps(layers: list[int], parts: int) -> None:
    net = model(EFFICIENTNET)
    modules = split_maps(net, layers)
    assert len(modules) == parts  # a stage that stays in fp32 and is looked at keeps the network in one piece
    with torch.inference_mode():
        found, expected = nn.Sequential(*modules)(images()), StageMaps(net, layers)(images())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


# --- the pooled features and the channel means of stages, as one vector

# Names of the modules whose outputs are the stages 1 and 2, and the axes of these outputs that are the places.
PLACES = {
    EFFICIENTNET: (["blocks.1", "blocks.2"], (2, 3)),
    RESNET: (["layer2", "layer3"], (2, 3)),
    VIT: (["blocks.1", "blocks.2"], (1,)),
    CONVNEXT: (["stages.1", "stages.2"], (2, 3)),
    SWIN: (["layers.1", "layers.2"], (1, 2)),
    MOBILENET: (["blocks.0", "blocks.1"], (2, 3)),  # stage 0 of timm is the stem
}


@pytest.mark.parametrize("name", PLACES)
def test_layers_add_the_means_of_stages(name: str) -> None:
    net, pixels = any_model(name), pixels_for(name)
    modules, places = PLACES[name]
    with torch.inference_mode():
        found = Layered(net, [2, 1])(pixels)
        pooled = net(pixels)
    stages = hooked(net, modules, pixels)
    if name == VIT:  # the class token is no place of the image
        stages = [stage[:, net.num_prefix_tokens :] for stage in stages]  # type: ignore[misc]
    expected = [nn.functional.normalize(part, dim=1) for part in (pooled, *(stage.mean(places) for stage in stages))]
    torch.testing.assert_close(found, torch.cat(expected, dim=1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", PLACES)
def test_the_parts_of_any_layered_network_are_the_network(name: str) -> None:
    net = Layered(any_model(name), [2]).eval()
    parts = split(net)
    assert len(parts) == (2 if name == EFFICIENTNET else 1)
    with torch.inference_mode():
        torch.testing.assert_close(nn.Sequential(*parts)(pixels_for(name)), net(pixels_for(name)))


@pytest.mark.parametrize(("name", "count"), [(EFFICIENTNET, 5), (RESNET, 4), (VIT, 6), (CONVNEXT, 4)])
def test_a_layer_that_is_not_there_is_refused(name: str, count: int) -> None:
    with pytest.raises(ArtExtractError, match=f"has {count} stages; there is no stage {count}") as caught:
        Layered(model(name), [1, count])
    assert caught.value.where == "image_encoder.layers" and f"from 0 to {count - 1}" in str(caught.value)


def test_a_network_that_does_not_show_its_stages_is_refused() -> None:
    with pytest.raises(ArtExtractError, match="Linear does not show the outputs of its stages") as caught:
        Layered(nn.Linear(3, 3), [0])
    assert caught.value.remedy and "[]" in caught.value.remedy


def test_a_layer_before_the_first_stage_is_an_error() -> None:
    with pytest.raises(ValueError, match="stage 1 is before stage 2"):
        Layered(model(EFFICIENTNET), [1, 3], first=2)
