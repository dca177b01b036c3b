from __future__ import annotations

import numpy as np
import pytest
import torch

from artextract.classification.network.linear import Linear, Scaling
from artextract.classification.network.linear_net import LinearHeads, LinearNet, part_dims
from artextract.core.tasks import TASKS
from tests.toys import CLASSES


def fitted(dim: int, seed: int) -> tuple[Scaling, dict[str, Linear]]:
    rng = np.random.default_rng(seed)
    scaling = Scaling(rng.normal(size=dim).astype(np.float32), rng.uniform(1, 2, dim).astype(np.float32))
    heads = {
        task: Linear(
            rng.normal(size=(n, dim)).astype(np.float32), rng.normal(size=n).astype(np.float32), 1.0, {1.0: 0.0}
        )
        for task, n in CLASSES.items()
    }
    return scaling, heads


def test_the_module_predicts_what_the_fit_predicts() -> None:
    scaling, heads = fitted(6, 0)
    module = LinearHeads(6, CLASSES)
    module.set(scaling, heads)
    tokens = torch.randn(4, 3, 6)
    with torch.inference_mode():
        found = module(tokens)
    for task in TASKS:
        expected = heads[task](scaling(tokens.mean(1).numpy()))
        np.testing.assert_allclose(found[task].log_softmax(1), expected, atol=1e-5)


def test_a_task_without_a_head_has_every_class_equally_likely() -> None:
    scaling, heads = fitted(6, 0)
    module = LinearHeads(6, CLASSES)
    module.set(scaling, {"style": heads["style"]})
    with torch.inference_mode():
        assert torch.equal(module(torch.randn(2, 1, 6))["genre"], torch.zeros(2, CLASSES["genre"]))


def test_parts_are_averaged_as_log_probabilities() -> None:
    net = LinearNet([2, 3], CLASSES)
    parts = [fitted(2, 0), fitted(3, 1)]
    for part, (scaling, heads) in zip(net.parts, parts, strict=True):
        assert isinstance(part, LinearHeads)
        part.set(scaling, heads)
    tokens = torch.randn(4, 1, 5)
    with torch.inference_mode():
        found = net(tokens)["style"]
    pieces = tokens[:, 0].numpy()[:, :2], tokens[:, 0].numpy()[:, 2:]
    logs = [heads["style"](scaling(piece)) for (scaling, heads), piece in zip(parts, pieces, strict=True)]
    np.testing.assert_allclose(found, (logs[0] + logs[1]) / 2, atol=1e-5)


def test_a_class_without_training_rows_is_never_predicted_and_nothing_is_nan() -> None:
    scaling, heads = fitted(2, 0)
    bias = heads["style"].bias.copy()
    bias[1] = -np.inf
    net = LinearNet([2, 2], CLASSES)
    for part in net.parts:
        assert isinstance(part, LinearHeads)
        part.set(scaling, heads | {"style": Linear(heads["style"].weight * 0, bias, 1.0, {})})
    with torch.inference_mode():
        p = net(torch.randn(3, 1, 4))["style"].softmax(1)
    assert (p[:, 1] == 0).all() and torch.isfinite(p).all()


@pytest.mark.parametrize(("combine", "expected"), [("averaged", [3, 7]), ("joined", [10])])
def test_parts_of_networks_by_eye(combine: str, expected: list[int]) -> None:
    assert part_dims([[1, 2], [7]], combine) == expected
