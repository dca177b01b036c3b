from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from artextract.classification.network.backbones import SmallBackbone, TimmBackbone
from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.trainer import make_optimizer
from artextract.core.errors import ArtExtractError
from artextract.encoders.parts import split_stages
from tests.toys import CLASSES, one_thread, toy_params  # noqa: F401

CUTTABLE = {"test_efficientnet": 5, "test_resnet": 4}  # stages


@pytest.mark.parametrize(("name", "tuned"), [(n, t) for n, stages in CUTTABLE.items() for t in range(1, stages)])
def test_the_two_parts_make_the_whole(name: str, tuned: int) -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone(name, "none", "").eval()
    frozen, trained = split_stages(backbone, tuned)
    images = torch.randn(2, 3, 64, 64)
    assert frozen is not None
    with torch.inference_mode():
        torch.testing.assert_close(trained(frozen(images)), backbone(images))
    parts = [p for part in (frozen, trained) for p in part.parameters()]
    assert len({id(p) for p in parts}) == len(parts) == len(list(backbone.model.parameters()))


def test_nothing_tuned_apart_leaves_the_backbone_whole() -> None:
    backbone = SmallBackbone()
    assert split_stages(backbone, 0) == (None, backbone)


def test_what_cannot_be_cut_says_so() -> None:
    with pytest.raises(ArtExtractError, match="no chain of stages"):
        split_stages(TimmBackbone("test_vit", "none", ""), 1)
    with pytest.raises(ArtExtractError, match="4 stages, and 4 of them leave nothing to freeze"):
        split_stages(TimmBackbone("test_resnet", "none", ""), 4)


def tuned_net(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[MultitaskNet, Any]:
    """A network whose backbone counts as pretrained, with random weights in their place."""
    monkeypatch.setattr(
        "artextract.classification.network.network.make_backbone",
        lambda params: TimmBackbone("test_resnet", "none", ""),
    )
    params = toy_params(backbone="test_resnet", weights="package", tuned_stages=1, **changes)
    return MultitaskNet(params.train, CLASSES), params


def test_batch_norms_of_a_pretrained_backbone_keep_their_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    net, _ = tuned_net(monkeypatch)
    assert net.backbone is not None
    net.train()
    norms = [m for m in net.backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms and not any(m.training for m in norms) and net.recurrent.training
    from_scratch = MultitaskNet(toy_params(backbone="small").train, CLASSES).train()
    assert all(m.training for m in from_scratch.modules() if isinstance(m, nn.BatchNorm2d))


def test_the_backbone_has_its_own_learning_rate_and_every_weight_is_trained_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, params = tuned_net(monkeypatch, backbone_lr=0.1)
    groups = make_optimizer(net, params).param_groups
    assert net.backbone is not None
    found = {id(p): group["scale"] for group in groups for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(found) == len(list(net.parameters()))
    assert all(found[id(p)] == 0.1 for p in net.backbone.parameters())
    assert all(found[id(p)] == 1.0 for p in net.recurrent.parameters())
