from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from artextract.classification.network.backbones import (
    ReferenceBackbone,
    SmallBackbone,
    TimmBackbone,
    preprocessing_of,
)
from artextract.classification.network.network import (
    AttentionSummary,
    Ensemble,
    GRUSummary,
    MultitaskNet,
    RecurrentHeads,
    SecondOrderSummary,
    multitask_loss,
)
from artextract.classification.network.tokens import pooled_by_products, snake_order, tokens_of
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.encoders.feature_maps import feature_map
from tests.toys import (  # noqa: F401
    CLASSES,
    one_thread,
    toy_params,
)

PUBLISHED = {"style": 27, "genre": 10, "artist": 23}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# --- the network


def test_the_reference_network_has_its_published_size() -> None:
    net = MultitaskNet(toy_params(token_grid=4, token_dim=0, hidden=32).train, PUBLISHED)
    assert count(ReferenceBackbone()) == 23_584
    assert count(net) == 46_300
    shapes = {task: tuple(logits.shape) for task, logits in net(torch.zeros(2, 3, 128, 128)).items()}
    assert shapes == {"style": (2, 27), "genre": (2, 10), "artist": (2, 23)}
    assert preprocessing_of(ReferenceBackbone()).size == 128
    assert preprocessing_of(ReferenceBackbone()).crop is None  # squashed


@pytest.mark.parametrize("token_dim", [0, 7])
@pytest.mark.parametrize("mean_token", [False, True])
@pytest.mark.parametrize("recurrence", ["shared", "per_task", "attention", "second_order", "none"])
def test_parts_of_the_summary(token_dim: int, mean_token: bool, recurrence: str) -> None:
    """Parameters by hand: projection, recurrences, and heads over summary and mean token."""
    if recurrence == "none" and not mean_token:
        return  # refused by params
    params = toy_params(token_dim=token_dim, hidden=5, mean_token=mean_token, recurrence=recurrence).train
    heads = RecurrentHeads(64, CLASSES, params)
    width = token_dim or 64
    gru = 2 * (3 * 5 * width + 3 * 5 * 5 + 2 * 3 * 5)
    by_name = {"shared": gru, "per_task": 3 * gru, "attention": width + 1, "second_order": 5 * (width + 1), "none": 0}
    recurrences = by_name[recurrence]
    pooled = {"shared": 10, "per_task": 10, "attention": width, "second_order": 15, "none": 0}[recurrence]
    summary = pooled + width * mean_token
    linear = sum((summary + 1) * classes for classes in CLASSES.values())
    assert count(heads) == recurrences + linear + 65 * token_dim
    shapes = {task: tuple(logits.shape) for task, logits in heads(torch.randn(2, 9, 64)).items()}
    assert shapes == {task: (2, classes) for task, classes in CLASSES.items()}


def test_the_last_state_of_both_directions_decides() -> None:
    """Without a projection the logits are the heads' of what nn.GRU ends with, forwards and backwards."""
    heads = RecurrentHeads(8, CLASSES, toy_params(hidden=5).train).eval()
    tokens = torch.randn(3, 6, 8)
    outputs, _ = cast(GRUSummary, heads.summaries["shared"]).gru(tokens)
    summary = torch.cat([outputs[:, -1, :5], outputs[:, 0, 5:]], dim=1)
    for task, logits in heads(tokens).items():
        torch.testing.assert_close(logits, cast(nn.Linear, heads.heads[task])(summary))


def test_a_recurrence_of_its_own_sees_its_own_task_only() -> None:
    heads = RecurrentHeads(8, CLASSES, toy_params(recurrence="per_task", hidden=5).train)
    heads(torch.randn(2, 4, 8))["genre"].sum().backward()
    touched = {n.split(".")[1] for n, p in heads.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched == {"genre"}


def test_order_matters_to_the_gru_alone() -> None:
    tokens = torch.randn(1, 9, 8)
    for recurrence, mean_token in (("attention", True), ("none", True), ("attention", False)):
        params = toy_params(recurrence=recurrence, mean_token=mean_token).train
        heads = RecurrentHeads(8, CLASSES, params).eval()
        torch.testing.assert_close(heads(tokens)["style"], heads(tokens.flip(1))["style"])


def test_attention_is_a_weighted_mean_of_tokens() -> None:
    summary = AttentionSummary(2)
    tokens = torch.tensor([[[1.0, 0], [0, 1], [0, 0]]])
    with torch.no_grad():
        summary.score.weight.copy_(torch.tensor([[np.log(2.0), 0.0]]))
        summary.score.bias.zero_()
        assert summary(tokens)[0].tolist() == pytest.approx([2 / 4, 1 / 4])  # weights 2 : 1 : 1


def test_second_order_pooling_by_eye() -> None:
    """Second moments of two channels over two cells, signed square roots, length one; the order of cells is nothing."""
    module = SecondOrderSummary(2, 2)
    with torch.no_grad():
        module.reduce.weight.copy_(torch.eye(2))
        module.reduce.bias.zero_()
    tokens = torch.tensor([[[1.0, -2.0], [3.0, 2.0]]])
    expected = torch.tensor([[5.0, 2.0, 4.0]]).sqrt()  # (1 + 9) / 2, (-2 + 6) / 2, (4 + 4) / 2
    torch.testing.assert_close(module(tokens), expected / expected.norm(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(module(tokens.flip(1)), module(tokens))


def test_snake_order_by_eye() -> None:
    assert snake_order(9) == [0, 1, 2, 5, 4, 3, 6, 7, 8]
    assert snake_order(1) == [0]
    with pytest.raises(ArtExtractError, match="6 tokens do not form a square grid"):
        snake_order(6)


def test_the_snake_is_read_instead_of_the_rows() -> None:
    rows, snake = (RecurrentHeads(8, CLASSES, toy_params(scan=scan).train).eval() for scan in ("rows", "snake"))
    snake.load_state_dict(rows.state_dict())
    tokens = torch.randn(2, 9, 8)
    torch.testing.assert_close(snake(tokens)["style"], rows(tokens[:, snake_order(9)])["style"])


def test_the_small_network_has_the_size_that_it_names() -> None:
    backbone = SmallBackbone()
    assert 800_000 < count(backbone) < 820_000
    assert backbone.eval()(torch.zeros(1, 3, 128, 128)).shape == (1, 176, 8, 8)


def test_the_order_of_tokens_matters_to_the_network() -> None:
    heads = RecurrentHeads(8, CLASSES, toy_params(hidden=5).train).eval()
    tokens = torch.randn(1, 6, 8)
    assert (heads(tokens)["style"] - heads(tokens.flip(1))["style"]).abs().max() > 1e-4


def test_dropout_acts_in_training_only() -> None:
    net = MultitaskNet(toy_params(dropout=0.5).train, CLASSES)
    images = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(net.eval()(images)["style"], net(images)["style"], rtol=0, atol=0)
    net.train()
    assert (net(images)["style"] != net(images)["style"]).any()


def test_all_tasks_train_the_shared_backbone() -> None:
    net = MultitaskNet(toy_params(dropout=0.0).train, CLASSES)
    for task in TASKS:
        net.zero_grad()
        net(torch.randn(2, 3, 32, 32))[task].sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in cast(nn.Module, net.backbone).parameters())


# --- from feature maps to tokens


def test_tokens_are_in_row_order() -> None:
    cells = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert tokens_of(cells, 4).shape == (1, 12, 1)
    assert tokens_of(cells, 4)[0, :, 0].tolist() == list(range(12))
    assert tokens_of(cells, 9)[0, :, 0].tolist() == list(range(12))  # no finer than the map
    # pooled to 2 x 2: rows {0,1} and {1,2}, columns {0,1} and {2,3}
    expected = [[0, 1, 4, 5], [2, 3, 6, 7], [4, 5, 8, 9], [6, 7, 10, 11]]
    assert tokens_of(cells, 2)[0, :, 0].tolist() == [float(np.mean(cell)) for cell in expected]
    assert tokens_of(cells, 1)[0, :, 0].tolist() == [5.5]


@given(st.integers(1, 13), st.integers(1, 13), st.integers(1, 13), st.integers(0, 99))
def test_pooling_by_products_is_adaptive_pooling(rows: int, columns: int, grid: int, seed: int) -> None:
    """What a GPU computes, on the CPU: values and gradients."""
    features = torch.randn(2, 3, rows, columns, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    size = (min(grid, rows), min(grid, columns))
    found, expected = pooled_by_products(features, size), functional.adaptive_avg_pool2d(features, size)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)
    upstream = torch.randn(found.shape, generator=torch.Generator().manual_seed(seed + 1))
    gradients = [torch.autograd.grad(pooled, features, upstream)[0] for pooled in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-6)


def test_pooling_by_products_keeps_the_type_and_averages_in_fp32() -> None:
    features = torch.randn(2, 3, 7, 7, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = pooled_by_products(features, (4, 4))
    expected = functional.adaptive_avg_pool2d(features.float(), (4, 4)).bfloat16()
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, atol=0, rtol=2**-7)  # one step of bf16


def test_tokens_on_a_gpu_are_pooled_by_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "is_cuda", True)
    monkeypatch.setattr(functional, "adaptive_avg_pool2d", None)
    assert tokens_of(torch.arange(12.0).reshape(1, 1, 3, 4), 1)[0, :, 0].tolist() == [5.5]


@given(st.integers(1, 3), st.integers(2, 6), st.integers(2, 4), st.integers(1, 4))
def test_layouts_of_the_same_map_agree(n: int, dim: int, side: int, prefix: int) -> None:
    """CNN (n, dim, r, c), Swin (n, r, c, dim) and ViT (n, prefix + r c, dim) of one map give one map."""
    if side == dim:
        side += 1  # (n, dim, dim, dim) says nothing about its layout
    cnn = torch.randn(n, dim, side, side)
    vit = torch.cat([torch.full((n, prefix, dim), torch.nan), cnn.flatten(2).transpose(1, 2)], dim=1)
    for features, tokens in ((cnn, 0), (cnn.permute(0, 2, 3, 1), 0), (vit, prefix), (vit[:, prefix:], 0)):
        torch.testing.assert_close(feature_map(features, dim, tokens), cnn, rtol=0, atol=0)


@pytest.mark.parametrize("patches", [1, 12])  # one is a class token that a network calls its map
def test_patches_that_are_no_square_are_refused(patches: int) -> None:
    with pytest.raises(ArtExtractError, match=f"{patches} patch tokens do not form a square grid"):
        feature_map(torch.zeros(1, 1 + patches, 8), 8, 1)


def most_changed_cell(backbone: TimmBackbone, box: tuple[slice, slice], size: int) -> tuple[int, int]:
    """Where the feature map changes most when a box of the image does."""
    torch.manual_seed(0)
    image = torch.randn(1, 3, size, size)
    other = image.clone()
    other[:, :, box[0], box[1]] += 2
    with torch.inference_mode():
        change = (backbone.eval()(other) - backbone(image)).abs().sum(1)[0]
    row, column = divmod(int(change.argmax()), change.shape[1])
    return row, column


@pytest.mark.parametrize(
    ("name", "prefix"), [("vit_tiny_patch16_224", 1), ("vit_wee_patch16_reg1_gap_256", 1), ("test_vit4", 1)]
)
def test_transformers_lose_their_prefix_tokens(name: str, prefix: int) -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone(name, "none", "").eval()
    size = preprocessing_of(backbone).size
    backbone.model.blocks = nn.Identity()  # each token stays its patch: the place in the map can be told exactly
    side = size // 16
    box = (slice(2 * 16, 3 * 16), slice(5 * 16, 6 * 16))
    image = torch.randn(1, 3, size, size)
    other = image.clone()
    other[:, :, box[0], box[1]] += 2
    with torch.inference_mode():
        raw = backbone.model.forward_features(image)
        one, two = backbone(image), backbone(other)
    assert raw.shape[1] == prefix + side * side
    assert one.shape == (1, backbone.dim, side, side)
    torch.testing.assert_close(one[0, :, 2, 5], raw[0, prefix + 2 * side + 5], rtol=0, atol=0)
    changed = (one != two).any(1)[0].nonzero()
    assert changed.tolist() == [[2, 5]]
    tokens = tokens_of(one, side)
    torch.testing.assert_close(tokens, raw[:, prefix:])


@pytest.mark.slow
def test_swin_is_turned_to_channels_first() -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone("swin_tiny_patch4_window7_224", "none", "").eval()
    image = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        raw, found = backbone.model.forward_features(image), backbone(image)
    assert raw.shape == (1, 7, 7, 768) and found.shape == (1, 768, 7, 7)
    torch.testing.assert_close(found[0, :, 1, 6], raw[0, 1, 6], rtol=0, atol=0)
    assert most_changed_cell(backbone, (slice(32, 64), slice(192, 224)), 224) == (1, 6)


def test_a_cnn_is_taken_as_it_is() -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", "none", "").eval()
    size = preprocessing_of(backbone).size
    image = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(image), backbone.model.forward_features(image), rtol=0, atol=0)
    side = size // 32
    assert backbone(image).shape == (2, backbone.dim, side, side)
    assert most_changed_cell(backbone, (slice(32, 64), slice(96, 128)), size) == (1, 3)


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])
def test_any_timm_model_makes_a_network(name: str) -> None:
    torch.manual_seed(0)
    net = MultitaskNet(toy_params(backbone=name, token_grid=3, token_dim=6).train, CLASSES)
    size = preprocessing_of(cast(nn.Module, net.backbone)).size
    logits = net(torch.randn(2, 3, size, size))
    assert {task: logits[task].shape[1] for task in logits} == CLASSES
    logits["genre"].sum().backward()
    gradients = [p.grad for p in cast(nn.Module, net.backbone).parameters() if p.grad is not None]
    assert max(float(gradient.abs().max()) for gradient in gradients) > 0


# --- the loss


def slow_loss(
    logits: dict[str, Tensor], labels: dict[str, Tensor], weights: dict[str, Tensor], smoothing: float
) -> float:
    """Row by row: -log softmax, weighted by class and divided by the sum of weights; then the mean over tasks."""
    losses = []
    for task, scores in logits.items():
        total = mass = 0.0
        for row, label in zip(scores.detach().double(), labels[task].tolist(), strict=True):
            if label == -1:
                continue
            surprise = [-value for value in (row - row.exp().sum().log()).tolist()]
            weight = [float(w) for w in weights[task]]
            total += (1 - smoothing) * weight[label] * surprise[label]
            total += smoothing / len(weight) * sum(w * s for w, s in zip(weight, surprise, strict=True))
            mass += weight[label]
        if mass:
            losses.append(total / mass)
    return sum(losses) / len(losses) if losses else 0.0


def random_batch(seed: int, n: int) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    """Logits that want a gradient, labels with gaps, positive class weights."""
    make = torch.Generator().manual_seed(seed)
    logits = {t: torch.randn(n, k, generator=make).requires_grad_() for t, k in CLASSES.items()}
    labels = {t: torch.randint(-1, k, (n,), generator=make) for t, k in CLASSES.items()}
    weights = {t: torch.rand(k, generator=make) + 0.1 for t, k in CLASSES.items()}
    return logits, labels, weights


@given(st.integers(0, 2**31), st.integers(1, 9), st.sampled_from([0.0, 0.1]))
def test_loss_equals_the_slow_transcription(seed: int, n: int, smoothing: float) -> None:
    logits, labels, weights = random_batch(seed, n)
    loss, losses = multitask_loss(logits, labels, weights, smoothing)
    assert float(loss.detach()) == pytest.approx(slow_loss(logits, labels, weights, smoothing), rel=1e-5, abs=1e-7)
    assert set(losses) == {task for task in TASKS if (labels[task] != -1).any()}


@given(st.integers(0, 2**31), st.integers(2, 9))
def test_a_batch_gives_every_class_its_full_weight(seed: int, size: int) -> None:
    """The losses of an epoch's batches, weighted by their rows, add up to that of all rows with mean weight one."""
    logits, labels, weights = random_batch(seed, 40)
    label = labels["style"] = labels["style"].clamp(min=0)
    weights["style"] = weights["style"] / weights["style"][label].mean()
    whole = float(multitask_loss(logits, labels, weights)[1]["style"])
    total = 0.0
    for start in range(0, 40, size):
        part = slice(start, start + size)
        one = {task: scores[part] for task, scores in logits.items()}
        own = {task: values[part] for task, values in labels.items()}
        loss = multitask_loss(one, own, weights, batch=own)[1]["style"]
        total += float(loss) * len(own["style"])
    assert total / 40 == pytest.approx(whole, rel=1e-4)


def test_an_ensemble_averages_log_probabilities() -> None:
    nets = [MultitaskNet(toy_params().train, CLASSES).eval() for _ in range(2)]
    images = torch.randn(2, 3, 32, 32)
    found = Ensemble(nets)(images)
    for task in TASKS:
        expected = (nets[0](images)[task].log_softmax(1) + nets[1](images)[task].log_softmax(1)) / 2
        torch.testing.assert_close(found[task], expected)


def test_loss_by_eye() -> None:
    """Uniform logits cost log K; a task without labels takes no part in the mean."""
    logits = {task: torch.zeros(2, k) for task, k in CLASSES.items()}
    labels = {"style": torch.tensor([0, 3]), "genre": torch.tensor([-1, 1]), "artist": torch.tensor([-1, -1])}
    weights = {task: torch.ones(k) for task, k in CLASSES.items()}
    loss, losses = multitask_loss(logits, labels, weights)
    assert float(losses["style"]) == pytest.approx(np.log(4))
    assert float(losses["genre"]) == pytest.approx(np.log(2))
    assert float(loss) == pytest.approx((np.log(4) + np.log(2)) / 2)


@given(st.integers(0, 2**31), st.integers(1, 9))
def test_a_missing_label_has_no_influence(seed: int, n: int) -> None:
    logits, labels, weights = random_batch(seed, n)
    loss, _ = multitask_loss(logits, labels, weights)
    loss.backward()
    for task in TASKS:
        gradient = logits[task].grad
        missing = labels[task] == -1
        assert gradient is None or not gradient[missing].any()
        if not missing.all():
            assert gradient is not None and gradient[~missing].any(dim=1).all()
    moved = {t: torch.where((labels[t] == -1)[:, None], logits[t].detach() + 9, logits[t].detach()) for t in TASKS}
    torch.testing.assert_close(multitask_loss(moved, labels, weights)[0], loss.detach(), rtol=0, atol=0)


def test_a_missing_label_is_not_class_0() -> None:
    """A network that names class 0 with certainty gains nothing on rows without a label."""
    logits = {task: torch.zeros(2, k) for task, k in CLASSES.items()}
    labels = {task: torch.tensor([1, -1]) for task in TASKS}
    weights = {task: torch.ones(k) for task, k in CLASSES.items()}
    before, _ = multitask_loss(logits, labels, weights)
    for scores in logits.values():
        scores[1, 0] = 50
    assert torch.equal(multitask_loss(logits, labels, weights)[0], before)
    named = {task: torch.tensor([1, 0]) for task in TASKS}
    assert multitask_loss(logits, named, weights)[0] < before


def test_a_batch_without_any_label_gives_0_and_finite_gradients() -> None:
    net = MultitaskNet(toy_params().train, CLASSES)
    labels = {task: torch.full((3,), -1) for task in TASKS}
    loss, losses = multitask_loss(
        net(torch.randn(3, 3, 16, 16)), labels, {task: torch.ones(k) for task, k in CLASSES.items()}
    )
    loss.backward()
    assert float(loss.detach()) == 0 and losses == {}
    gradients = [p.grad for p in net.parameters()]
    assert all(gradient is not None and not gradient.any() for gradient in gradients)  # zero, not NaN, not missing


def test_a_class_of_weight_0_alone_gives_no_loss() -> None:
    """Its class has no training rows (class_weights), but `select` may hold one: 0 / 0 must not stop the training."""
    logits = {task: torch.zeros(2, k) for task, k in CLASSES.items()}
    labels = {"style": torch.tensor([2, -1]), "genre": torch.tensor([1, 1]), "artist": torch.tensor([-1, -1])}
    weights = {"style": torch.tensor([1.0, 1, 0, 1]), "genre": torch.ones(2), "artist": torch.ones(3)}
    loss, losses = multitask_loss(logits, labels, weights)
    assert set(losses) == {"genre"}
    assert float(loss) == pytest.approx(np.log(2))
