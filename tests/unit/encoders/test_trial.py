"""Networks are asked for the sizes of images that will come before anything is computed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from artextract.classification.network.backbones import TimmBackbone
from artextract.classification.network.inputs import _try_backbone
from artextract.core.errors import ArtExtractError
from artextract.encoders.feature_maps import feature_map
from artextract.encoders.image import Preprocessing, load_encoder
from artextract.encoders.trial import try_sizes
from artextract.encoders.weights import timm_model
from artextract.params.sections import ImageEncoder
from tests.toys import toy_params


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([torch.zeros(1, 4, 8), torch.zeros(1, 9, 4)], "list of 2 parts"),
        (torch.zeros(1, 8), "features of the form 8, which are no map of 8 channels"),
        (torch.zeros(1, 1, 8), "1 patch tokens"),  # a class token alone
        (torch.zeros(1, 5, 8), "5 patch tokens do not form a square"),
        (torch.zeros(1, 4, 6), "of the form 4 x 6"),
        (torch.zeros(1, 3, 5, 7), "of the form 3 x 5 x 7"),
    ],
)
def test_features_of_an_unknown_form_are_refused(features: torch.Tensor, words: str):
    with pytest.raises(ArtExtractError, match=words):
        feature_map(features, 8, 0)


@pytest.mark.parametrize(
    ("changes", "remedy"), [({"test_scale": 1.25}, "train.test_scale=1"), ({"progressive": 0.5}, "train.progressive=0")]
)
def test_sizes_that_a_backbone_cannot_take_are_refused_before_the_training(changes: dict[str, float], remedy: str):
    params = toy_params(backbone="test_vit", frozen=False, weights="none", **changes).train
    backbone = TimmBackbone("test_vit", "none", "").eval()
    size = Preprocessing.of(backbone.model).size
    with pytest.raises(ArtExtractError, match=rf"test_vit cannot be used with images of \d+ x (?s:.)*{remedy}"):
        _try_backbone(backbone, size, params)
    _try_backbone(backbone, size, toy_params(backbone="test_vit", frozen=False, weights="none").train)


def test_a_network_that_gives_no_vector_embeds_nothing(monkeypatch: pytest.MonkeyPatch):
    class Lists(nn.Module):
        def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
            return [images, images]

    monkeypatch.setattr("artextract.encoders.image.timm_model", lambda *_, **__: Lists())
    monkeypatch.setattr(Preprocessing, "of", lambda _: Preprocessing(16, None, "bilinear", (0.5,) * 3, (0.5,) * 3))
    params = ImageEncoder(name="lists", weights="none", sha256="", layers=[], batch_size=2, precision="fp32")
    with pytest.raises(ArtExtractError, match="lists: gives no vector for an image, but list"):
        load_encoder(params)


def test_names_of_the_hub_and_of_folders_go_to_timm(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def create(name: str, **_: object) -> None:
        asked.append(name)
        raise OSError("no network here")

    monkeypatch.setattr("timm.create_model", create)
    for name in ("hf-hub:timm/some-model", "local-dir:/no/such/folder"):
        with pytest.raises(ArtExtractError, match=f"{name} cannot be loaded: OSError: no network"):
            timm_model(name, "hub", "", num_classes=0)
        assert asked[-1] == name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "test_efficientnet", "test_convnext", "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "pit_ti_224",
        "crossvit_tiny_240", "coat_tiny", "levit_128s", "swin_tiny_patch4_window7_224", "mobilevit_xxs",
    ],
)  # fmt: skip
def test_each_family_works_or_is_refused_in_words(name: str):
    try:
        backbone = TimmBackbone(name, "none", "").eval()
        size = Preprocessing.of(backbone.model).size
        try_sizes(name, backbone, [size, round(0.75 * size)], of=backbone)
    except ArtExtractError as error:
        assert name in str(error)
        return
    with torch.inference_mode():
        features = backbone(torch.zeros(1, 3, size, size))
    assert features.shape[1] == backbone.dim and min(features.shape[2:]) > 1
