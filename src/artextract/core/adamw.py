"""torch's AdamW without the import of torch's compiler.

Any torch optimizer imports ``torch._dynamo`` when it is made and at each step, only to tell the compiler to leave it
alone. The import takes 3 to 4 seconds, as long as some of the trainings. Nothing here compiles an optimizer.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

MARK = "__dynamo_disable"  # where torch looks for a method that it has told the compiler to leave alone
METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
_STEP = inspect.unwrap(torch.optim.AdamW.step)  # without the wrapper that imports the compiler


def _leave_alone() -> None:
    """Mark the optimizer's methods as if the compiler had been told; where torch has other ways, nothing happens."""
    for name in METHODS:
        plain = inspect.unwrap(getattr(Optimizer, name))
        if not hasattr(plain, MARK):
            setattr(plain, MARK, plain)


class AdamW(torch.optim.AdamW):
    """``torch.optim.AdamW``: the same arithmetic, state and arguments."""

    def __init__(self, *args: Any, **named: Any):
        """As ``torch.optim.AdamW``."""
        _leave_alone()
        super().__init__(*args, **named)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step; a closure that computes the loss again is not supported."""
        if closure is not None:
            raise ValueError("this optimizer takes no closure")
        _STEP(self)
