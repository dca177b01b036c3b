"""Gradients behind batch norms by two processes against one, in float64: ``python -m tests.group_gradients``."""

from __future__ import annotations

import copy
import json

import torch
from torch import Tensor, nn

from artextract.classification.network.backbones import SmallBackbone
from artextract.classification.network.group import training_group
from artextract.classification.network.group_layers import Share, set_share


def relative(one: nn.Module, two: nn.Module) -> float:
    """The largest distance between gradients of the same parameter, as a share of its length."""
    pairs = zip(one.parameters(), two.parameters(), strict=True)
    gradients = [(a.grad, b.grad) for a, b in pairs if a.grad is not None and b.grad is not None]
    assert gradients
    return max(float((a - b).norm() / b.norm()) for a, b in gradients)


def main() -> None:
    torch.manual_seed(0)
    whole = SmallBackbone().double().train()
    shared, unshared = copy.deepcopy(whole), copy.deepcopy(whole)
    images, wanted = torch.randn(5, 3, 32, 32).double(), torch.randn(5, 176, 2, 2).double()

    def backward(net: nn.Module, rows: slice) -> None:
        loss: Tensor = (net(images[rows]) * wanted[rows]).sum()
        loss.backward()

    backward(whole, slice(None))
    with training_group() as group:
        rows = group.part(len(images))
        assert rows is not None
        set_share(shared, Share(rows, len(images)))
        for net in (shared, unshared):
            backward(net, rows)
            group.add_gradients(net)
    if group.leads:
        buffers = zip(shared.buffers(), whole.buffers(), strict=True)
        statistics = max(float((a.double() - b.double()).abs().max()) for a, b in buffers)
        found = {"gradients": relative(shared, whole), "unshared": relative(unshared, whole), "statistics": statistics}
        print(json.dumps(found))


if __name__ == "__main__":
    main()
