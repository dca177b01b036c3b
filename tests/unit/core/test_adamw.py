"""AdamW without the import of torch's compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from artextract.core.adamw import AdamW

SCRIPT = """
import sys
import torch
from artextract.core.adamw import AdamW
layer = torch.nn.Linear(3, 2)
optimizer = AdamW(layer.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=4)
for _ in range(3):
    optimizer.zero_grad(set_to_none=True)
    layer(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    schedule.step()
optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""


def _trained(kind: type[torch.optim.Optimizer], fused: bool) -> list[torch.Tensor]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2))
    optimizer = kind([{"params": list(net.parameters()), "weight_decay": 0.1}], lr=0.05, fused=fused)  # type: ignore[call-arg]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=12)
    for step in range(12):
        optimizer.zero_grad(set_to_none=True)
        net(torch.full((4, 7), 0.1 * step)).square().sum().backward()
        optimizer.step()
        schedule.step()
        if step == 5:  # state and groups survive being stored
            optimizer.load_state_dict(optimizer.state_dict())
    return [value.detach().clone() for value in net.parameters()]


@pytest.mark.parametrize("fused", [False, True])
def test_it_trains_as_torchs_own_to_the_bit(fused: bool) -> None:
    for own, expected in zip(_trained(AdamW, fused), _trained(torch.optim.AdamW, fused), strict=True):
        assert torch.equal(own, expected)


@pytest.mark.slow
def test_the_compiler_is_not_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_closure_is_refused() -> None:
    with pytest.raises(ValueError, match="no closure"):
        AdamW(nn.Linear(1, 1).parameters()).step(lambda: 1.0)  # type: ignore[arg-type]
