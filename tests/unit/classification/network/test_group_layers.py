from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from artextract.classification.network.group import Group
from artextract.classification.network.group_layers import (
    RowBatchNorm2d,
    RowDropout,
    Share,
    require_shareable,
    set_share,
)
from artextract.classification.network.network import multitask_loss
from artextract.core.errors import ArtExtractError
from tests.toys import CLASSES, toy_data


@given(st.integers(1, 40), st.integers(1, 7))
def test_every_row_of_a_batch_is_in_one_share(rows: int, size: int) -> None:
    parts = [Group(rank, size).part(rows) for rank in range(size)]
    if size == 1 or rows < size:
        assert parts == [None] * size
        return
    lengths = [len(range(rows)[part]) for part in parts if part is not None]
    assert [row for part in parts if part is not None for row in range(rows)[part]] == list(range(rows))
    assert len(lengths) == size and min(lengths) >= 1 and max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("shape", [(7, 5), (8, 4, 300)])  # torch draws large masks in another way than small ones
@pytest.mark.parametrize("p", [0.0, 0.3])
def test_shares_of_a_dropout_are_that_of_the_whole_batch(shape: tuple[int, ...], p: float) -> None:
    rows = torch.randn(shape)
    torch.manual_seed(3)
    whole = [nn.Dropout(p)(rows) for _ in range(2)]  # two in a row: the numbers drawn stay in step
    for part in (slice(0, 3), slice(3, shape[0])):
        layer = RowDropout(p)
        set_share(layer, Share(part, shape[0]))
        torch.manual_seed(3)
        for expected in whole:
            torch.testing.assert_close(layer(rows[part]), expected[part], rtol=0, atol=0)


def test_without_a_share_and_in_evaluation_dropout_is_torchs() -> None:
    rows, layer = torch.randn(6, 4), RowDropout(0.5)
    torch.manual_seed(1)
    expected = nn.Dropout(0.5)(rows)
    torch.manual_seed(1)
    assert torch.equal(layer(rows), expected)
    set_share(layer, Share(slice(0, 3), 6))
    assert torch.equal(layer.eval()(rows[:3]), rows[:3])
    set_share(layer, None)
    torch.manual_seed(1)
    assert torch.equal(layer.train()(rows), expected)


def test_batch_norm_without_a_share_is_torchs() -> None:
    images = torch.randn(4, 3, 5, 5)
    one, two = nn.BatchNorm2d(3), RowBatchNorm2d(3)
    assert torch.equal(one(images), two(images))
    assert one.state_dict().keys() == two.state_dict().keys()


def test_a_network_with_other_batch_norms_is_refused_unless_they_stand_still() -> None:
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    with pytest.raises(ArtExtractError, match=r"1 \(BatchNorm2d\) takes its statistics from the batch"):
        require_shareable(net)
    require_shareable(net.eval())
    require_shareable(nn.Sequential(RowBatchNorm2d(2)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_of_all_shares_add_up_to_that_of_the_batch(smoothing: float) -> None:
    """Every third row has no genre, every fourth no artist: a share may hold no labelled row of a task at all."""
    torch.manual_seed(0)
    labels = toy_data(9, 0).labels
    weights = {task: torch.linspace(0.5, 2, k) for task, k in CLASSES.items()}
    logits = {task: torch.randn(9, k, requires_grad=True) for task, k in CLASSES.items()}
    whole, by_task = multitask_loss(logits, labels, weights, smoothing, batch=labels)
    gradients = torch.autograd.grad(whole, list(logits.values()))
    parts = [slice(0, 1), slice(1, 2), slice(2, 9)]
    shares = [
        multitask_loss(
            {task: scores[part] for task, scores in logits.items()},
            {task: values[part] for task, values in labels.items()},
            weights,
            smoothing,
            batch=labels,
        )
        for part in parts
    ]
    total = torch.stack([loss for loss, _ in shares]).sum()
    torch.testing.assert_close(total, whole)
    for task, loss in by_task.items():
        torch.testing.assert_close(torch.stack([losses[task] for _, losses in shares]).sum(), loss)
    for one, two in zip(torch.autograd.grad(total, list(logits.values())), gradients, strict=True):
        torch.testing.assert_close(one, two)
