"""Layers whose result depends on the rows of the whole batch, for a process that sees only its share of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from artextract.classification.network.group import told
from artextract.core.errors import ArtExtractError


@dataclass(frozen=True)
class Share:
    """The rows of a batch that a process sees.

    Attributes:
        rows: Their places in the batch.
        whole: Rows of the batch.
    """

    rows: slice
    whole: int


class RowDropout(nn.Dropout):
    """Dropout whose zeros are those of the whole batch, as one process would draw them on a CPU."""

    share: Share | None = None

    def forward(self, input: Tensor) -> Tensor:
        """(n, ...) to the same shape."""
        if self.share is None or not self.training:
            return super().forward(input)
        kept = torch.empty((self.share.whole, *input.shape[1:]), dtype=input.dtype, device=input.device)
        return input * kept.bernoulli_(1 - self.p)[self.share.rows].div_(1 - self.p)


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; each one's gradient is the sum of all gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        """As ``Group.total``."""
        total = values.clone()
        with told():
            torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        """As forward."""
        return _Sum.forward(ctx, grad_outputs[0])


def _over_processes(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[assignment]  # autograd leaves its result without a type
    return total


class RowBatchNorm2d(nn.BatchNorm2d):
    """Batch norm with the mean and variance of the whole batch, added up over the processes.

    torch's SyncBatchNorm does the same, on GPUs alone.
    """

    share: Share | None = None

    def forward(self, input: Tensor) -> Tensor:
        """(n, channels, h, w) to the same shape."""
        if self.share is None or not self.training:
            return super().forward(input)
        count = self.share.whole * input.shape[2] * input.shape[3]
        mean = _over_processes(input.sum((0, 2, 3))) / count
        centred = input - mean[:, None, None]
        variance = _over_processes(centred.square().sum((0, 2, 3))) / count
        self._follow(mean.detach(), variance.detach() * count / max(1, count - 1))
        scale = self.weight / (variance + self.eps).sqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Take the statistics of a batch into those that predictions use."""
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def set_share(net: nn.Module, share: Share | None) -> None:
    """Tell the layers of a network which rows of the batch they will see; None: all of it."""
    for module in _layers(net):
        module.share = share


def require_shareable(net: nn.Module) -> None:
    """Refuse a network that cannot be trained by several processes as by one.

    Raises:
        ArtExtractError: It has batch norms that follow the batch, of another kind than this module's.
    """
    for name, module in net.named_modules():
        follows = isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training
        if follows and not isinstance(module, RowBatchNorm2d):
            raise ArtExtractError(
                f"{name} ({type(module).__name__}) takes its statistics from the batch, of which each process sees a "
                "part",
                where="ARTEXTRACT_PROCESSES",
                remedy="train in one process, or with train.backbone=small, reference, or pretrained weights",
            )


def _layers(net: nn.Module) -> Iterator[RowDropout | RowBatchNorm2d]:
    for module in net.modules():
        if isinstance(module, RowDropout | RowBatchNorm2d):
            yield module
