from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from artextract.classification.network.backbones import TimmBackbone
from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.schedule import make_optimizer
from tests.toys import CLASSES, one_thread, toy_params  # noqa: F401


def tuned_net(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[MultitaskNet, Any]:
    """A network whose backbone counts as pretrained, with random weights in their place."""
    monkeypatch.setattr(
        "artextract.classification.network.network.make_backbone",
        lambda params: TimmBackbone("test_resnet", "none", ""),
    )
    params = toy_params(backbone="test_resnet", weights="package", tuned_stages=1, **changes)
    return MultitaskNet(params.train, CLASSES), params


@pytest.mark.slow
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
