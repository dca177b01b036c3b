from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from artextract.classification.network.augment import Augmentation
from artextract.classification.network.inputs import Inputs
from artextract.classification.network.network import MultitaskNet, multitask_loss
from artextract.classification.network.schedule import MovingAverage, learning_rate
from artextract.classification.network.selection import evaluate
from artextract.classification.network.trainer import Trainer
from artextract.classification.network.training_rows import Data, load_split
from artextract.core.adamw import AdamW
from artextract.core.errors import ArtExtractError
from artextract.core.kept import seal
from artextract.core.tasks import TASKS
from artextract.params.sections import Params
from tests.damage import DAMAGES, small_disk
from tests.tiers import later
from tests.toys import (  # noqa: F401
    CLASSES,
    EVEN,
    one_thread,
    toy_collection,
    toy_data,
    toy_params,
)

TRAIN, SELECT = toy_data(20, 0), toy_data(9, 1)


def trained(folder: Path, params: Params, train: Data = TRAIN) -> Trainer:
    folder.mkdir(exist_ok=True)
    trainer = Trainer(params, CLASSES, EVEN, folder)
    trainer.fit(train, SELECT)
    return trainer


def assert_same(one: Trainer, two: Trainer) -> None:
    """Bit for bit: history, chosen epoch, weights, and the optimiser's state."""
    assert one.history == two.history
    assert (one.best["epoch"], one.best["cost"]) == (two.best["epoch"], two.best["cost"])
    for key, tensor in one.net.state_dict().items():
        assert torch.equal(tensor, two.net.state_dict()[key]), key
        assert torch.equal(one.average.state[key], two.average.state[key]), key
        assert torch.equal(one.shown.state_dict()[key], two.shown.state_dict()[key]), key
    states = [trainer.optimizer.state_dict()["state"] for trainer in (one, two)]
    assert states[0].keys() == states[1].keys()
    for key, moments in states[0].items():
        assert all(torch.equal(value, states[1][key][name]) for name, value in moments.items())


# --- the learning rate


@given(st.integers(1, 500), st.floats(1e-6, 1))
def test_learning_rate_warms_up_then_falls(steps: int, peak: float) -> None:
    rates = [learning_rate(step, steps, peak) for step in range(steps)]
    top = int(np.argmax(rates))
    assert max(rates) == pytest.approx(peak)
    assert min(rates) > 0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top <= max(1, round(0.1 * steps))


def test_learning_rate_by_eye() -> None:
    rates = [learning_rate(step, 20, 1.0) for step in range(20)]
    assert rates[:3] == [0.5, 1.0, 1.0]  # two steps of warm-up, then the cosine from its top
    assert rates[11] == pytest.approx(0.5)  # half way between step 2 and step 20
    assert rates[19] < 0.01
    assert learning_rate(0, 1, 0.3) == 0.3


def test_the_rate_of_each_step_is_the_one_of_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    step = AdamW.step

    def noted(self: AdamW, closure: Any = None) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return step(self, closure)

    monkeypatch.setattr(AdamW, "step", noted)
    trained(tmp_path, toy_params(epochs=3, batch_size=8, lr=0.01))  # 20 rows: 3 steps an epoch
    assert rates == [learning_rate(k, 9, 0.01) for k in range(9)]


# --- one epoch


def test_each_row_is_trained_on_once_an_epoch_in_another_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[list[int]] = []
    batch = Inputs.batch

    def noted(
        self: Inputs, rows: np.ndarray, augmentation: Augmentation | None = None, views: np.ndarray | None = None
    ) -> torch.Tensor:
        if augmentation is not None:
            orders.append(rows.tolist())
        return batch(self, rows, augmentation)

    monkeypatch.setattr(Inputs, "batch", noted)
    trained(tmp_path, toy_params(epochs=2, batch_size=8))
    assert [len(rows) for rows in orders] == [8, 8, 4] * 2
    epochs = [[row for rows in part for row in rows] for part in (orders[:3], orders[3:])]
    assert [sorted(rows) for rows in epochs] == [list(range(20))] * 2
    assert epochs[0] != epochs[1]


def test_losses_of_the_history_are_means_over_rows(tmp_path: Path) -> None:
    """With a rate of almost 0 and no dropout the network stands still, so the mean over batches is the loss at once."""
    params = toy_params(epochs=1, batch_size=3, lr=1e-12, dropout=0.0, flip=False)
    weights = {task: torch.linspace(0.5, 2, k) for task, k in CLASSES.items()}
    trainer = Trainer(params, CLASSES, weights, tmp_path)
    expected, _ = evaluate(trainer.net, TRAIN, weights, params)
    trainer.fit(TRAIN, SELECT)
    selected, _ = evaluate(trainer.net, SELECT, weights, params)
    for task in TASKS:
        assert trainer.history[0][f"{task}_train"] == pytest.approx(expected[task], rel=1e-5)
        assert trainer.history[0][f"{task}_select"] == pytest.approx(selected[task], rel=1e-5)


def test_gradients_are_clipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []

    def noted(self: AdamW, closure: Any = None) -> None:
        gradients = [p.grad.norm() for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.stack(gradients).norm()))

    monkeypatch.setattr(AdamW, "step", noted)
    loud = dataclasses.replace(TRAIN.inputs.preprocessing, std=(0.001, 0.001, 0.001))  # inputs of about 500
    data = Data(Inputs(TRAIN.inputs.array, loud, ""), TRAIN.labels, TRAIN.ids, None)
    Trainer(toy_params(), CLASSES, EVEN, tmp_path)._train_epoch(0, data)
    assert norms == pytest.approx([1.0] * len(norms), rel=1e-4)


def test_evaluation_is_exact_whatever_the_batch_size(tmp_path: Path) -> None:
    net = Trainer(toy_params(), CLASSES, EVEN, tmp_path).net
    found = [evaluate(net, SELECT, EVEN, toy_params(batch_size=size, flip=False)) for size in (1, 4, 9, 50)]
    with torch.inference_mode():
        logits = net.eval()(SELECT.inputs.batch(np.arange(9)))
        _, whole = multitask_loss(logits, SELECT.labels, EVEN)
    for losses, aucs in found:
        assert losses == pytest.approx({task: float(loss) for task, loss in whole.items()}, rel=1e-5)
        assert aucs == found[0][1]


def test_the_auc_along_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By task, over classes with three rows or more; within strata where the data name them."""
    y = torch.tensor([0, 0, 0, 1, 1, 1, 2])
    scores = torch.tensor([[3.0, 0, 0, 0]] * 3 + [[0.0, 2, 0, 0]] * 2 + [[4.0, 0, 0, 0], [9, 9, 0, 0]])
    labels = {"style": y, "genre": torch.full((7,), -1), "artist": torch.tensor([0, 0, 1, 1, 2, 2, -1])}
    logits = {"style": scores, "genre": torch.zeros(7, 2), "artist": torch.zeros(7, 3)}
    monkeypatch.setattr("artextract.classification.network.selection.predict", lambda *_: logits)
    net = Trainer(toy_params(), CLASSES, EVEN, tmp_path).net
    data = Data(SELECT.inputs, labels, [str(i) for i in range(7)], None)
    losses, aucs = evaluate(net, data, EVEN, toy_params())
    assert set(losses) == {"style", "artist"}
    # column 0: each 0 beats two of three; column 1: two of three ones beat every 0, the third loses (its p is lower)
    assert aucs == {"style": pytest.approx(2 / 3)}
    strata = np.array(["a", "a", "a", "b", "b", "b", "b"])
    assert evaluate(net, dataclasses.replace(data, strata=strata), EVEN, toy_params())[1] == {}


def test_the_moving_average_by_eye() -> None:
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    weight, counter = cast(nn.Linear, net[0]).weight, cast(nn.BatchNorm1d, net[1])
    averages = [MovingAverage(cast(MultitaskNet, net), decay) for decay in (0.0, 0.9)]
    start = float(weight.detach())
    for step in (1, 2):
        with torch.no_grad():
            weight.fill_(start + step)
        net(torch.zeros(2, 1))
        for average in averages:
            average.update(cast(MultitaskNet, net))
    assert torch.equal(averages[0].state["0.weight"], weight)  # decay 0 follows exactly
    # warmed up: decays 1/11, then 2/12
    first = start + 10 / 11
    assert float(averages[1].state["0.weight"]) == pytest.approx(2 / 12 * first + 10 / 12 * (start + 2))
    assert counter.num_batches_tracked is not None
    assert averages[1].state["1.num_batches_tracked"] == counter.num_batches_tracked == 2


def test_a_task_without_labels_is_left_out_of_the_history(tmp_path: Path) -> None:
    no_artist = Data(TRAIN.inputs, TRAIN.labels | {"artist": torch.full((20,), -1)}, TRAIN.ids, None)
    trainer = Trainer(toy_params(epochs=1), CLASSES, EVEN, tmp_path)
    head = cast(nn.Linear, trainer.net.recurrent.heads["artist"])
    before = head.weight.clone()
    trainer.fit(no_artist, SELECT)
    assert "artist_train" not in trainer.history[0] and "artist_select" in trainer.history[0]
    moved = (head.weight - before).abs().max()
    assert moved <= 1e-4 * before.abs().max()  # weight decay alone, lr x .01 a step


# --- the epoch that is kept


@pytest.mark.parametrize(("select_by", "ema"), [("loss", 0.0), ("loss", 0.9), ("auc", 0.0)])
def test_the_best_epoch_on_the_select_rows_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select_by: str, ema: float
) -> None:
    wanted = iter([3.0, 1.0, 2.0, 1.0])
    states: list[dict[str, torch.Tensor]] = []

    def scripted(net: nn.Module, *_: Any) -> tuple[dict[str, float], dict[str, float]]:
        states.append({key: value.clone() for key, value in net.state_dict().items()})
        value = next(wanted)
        losses = {"style": value - 0.5, "genre": value + 0.5}
        return (losses, {"genre": 0.9}) if select_by == "loss" else ({"style": 1.0}, {"style": 1 - value / 10})

    monkeypatch.setattr("artextract.classification.network.trainer.evaluate", scripted)
    trainer = trained(tmp_path, toy_params(epochs=4, lr=0.01, select_by=select_by, ema=ema))
    assert trainer.best["epoch"] == 1  # the first of equals
    assert trainer.best["cost"] == (1.0 if select_by == "loss" else -0.9)
    assert [row["epoch"] for row in trainer.history] == [0, 1, 2, 3]
    if select_by == "loss":
        assert [row["style_select"] for row in trainer.history] == [2.5, 0.5, 1.5, 0.5]
    else:
        assert [row["style_select_auc"] for row in trainer.history] == [0.7, 0.9, 0.8, 0.9]
    for key, tensor in trainer.shown.state_dict().items():
        assert torch.equal(tensor, states[1][key])
    assert any((states[1][key] != states[3][key]).any() for key in states[1])


# --- repeatability and kills


def test_an_auc_that_nothing_defines_cannot_choose(tmp_path: Path) -> None:
    few = Data(SELECT.inputs, {t: torch.where(torch.arange(9) < 2, v, -1) for t, v in SELECT.labels.items()}, [], None)
    few.ids.extend(SELECT.ids)
    trainer = Trainer(toy_params(select_by="auc"), CLASSES, EVEN, tmp_path)
    with pytest.raises(ArtExtractError, match="an AUC cannot choose the epoch"):
        trainer.fit(TRAIN, few)


KNOBS: list[dict[str, Any]] = [
    {"token_dim": 12, "dropout": 0.3},
    {"backbone": "small", "crop": 0.3, "mixup": 0.4, "ema": 0.9, "select_by": "auc", "recurrence": "per_task"},
]


@pytest.fixture(scope="module", params=KNOBS, ids=["plain", "everything"])
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    return trained(tmp_path_factory.mktemp("undisturbed"), toy_params(epochs=4, lr=0.01, **request.param))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(tmp_path: Path, undisturbed: Trainer) -> None:
    torch.rand(5)
    assert_same(undisturbed, trained(tmp_path, undisturbed.params))


def test_another_seed_gives_another_network(tmp_path: Path, undisturbed: Trainer) -> None:
    other = trained(tmp_path, undisturbed.params.model_copy(update={"seed": 6}))
    assert other.history != undisturbed.history


@pytest.mark.slow
@pytest.mark.parametrize("kills", [*map(later, ([0], [1], [3], [1, 2])), [2, 2, 3]])
def test_a_killed_training_ends_like_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Trainer, kills: list[int]
) -> None:
    epochs: list[int] = []
    train_epoch = Trainer._train_epoch
    remaining = list(kills)

    def counted(self: Trainer, epoch: int, data: Data) -> dict[str, float]:
        if remaining and remaining[0] == epoch:
            remaining.pop(0)
            train_epoch(self, epoch, data)  # killed when the epoch's work is done but not saved
            raise KeyboardInterrupt
        epochs.append(epoch)
        return train_epoch(self, epoch, data)

    monkeypatch.setattr(Trainer, "_train_epoch", counted)
    for _ in kills:
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, undisturbed.params)
    assert_same(undisturbed, trained(tmp_path, undisturbed.params))
    assert epochs == [0, 1, 2, 3]  # a finished epoch is never trained again


@pytest.mark.slow
def test_a_finished_training_is_found_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Trainer
) -> None:
    trained(tmp_path, undisturbed.params)
    monkeypatch.setattr(Trainer, "_train_epoch", None)
    assert_same(undisturbed, trained(tmp_path, undisturbed.params))


def test_a_checkpoint_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = toy_params(epochs=2)
    save = torch.save
    saved: list[Any] = []

    def torn(state: Any, file: Any) -> None:
        saved.append(file)
        if len(saved) == 2:
            file.write(b"half")
            raise KeyboardInterrupt
        save(state, file)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(torch, "save", torn)
        trained(tmp_path, params)
    assert [row["epoch"] for row in Trainer(params, CLASSES, EVEN, tmp_path).history] == [0]
    assert len(trained(tmp_path, params).history) == 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_not_gone_on_from(tmp_path: Path, damage: str, capfd: pytest.CaptureFixture) -> None:
    (tmp_path / "last.pt").write_bytes(b"any")
    seal(tmp_path / "last.pt")
    DAMAGES[damage](tmp_path / "last.pt")
    trainer = Trainer(toy_params(), CLASSES, EVEN, tmp_path)
    assert trainer.history == [] and list(tmp_path.glob("last*")) in ([], [tmp_path / "last.pt.seal"])
    assert ("checkpoint: " in capfd.readouterr().err) == (damage != "gone")


def test_a_full_disk_is_said_where_a_checkpoint_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path / "disk", 2**16) as disk:
        trainer = Trainer(toy_params(epochs=2), CLASSES, EVEN, disk)
        trainer.best["state"] = {"large": torch.zeros(2**16)}
        with pytest.raises(ArtExtractError, match="the disk is full"):
            trainer._save()
        assert list(disk.glob("last.pt")) == []


# --- a loss that is not finite


def with_nan(data: Data, row: int) -> Data:
    """Data whose row ``row`` is NaN when it is fed to the network."""

    class Poisoned(Inputs):
        def batch(
            self, rows: np.ndarray, augmentation: Augmentation | None = None, views: np.ndarray | None = None
        ) -> torch.Tensor:
            images = super().batch(rows, augmentation)
            images[torch.from_numpy(rows == row)] = math.nan
            return images

    return Data(Poisoned(data.inputs.array, data.inputs.preprocessing, ""), data.labels, data.ids, None)


def test_a_nan_loss_stops_with_the_images_named(tmp_path: Path) -> None:
    params = toy_params(epochs=2, batch_size=4)
    with pytest.raises(ArtExtractError) as caught:
        trained(tmp_path, params, with_nan(TRAIN, 13))
    order = np.random.default_rng([params.seed, 0]).permutation(20).tolist()
    step = order.index(13) // 4
    ids = ", ".join(f"image-0-{row}" for row in order[4 * step : 4 * step + 4])
    assert caught.value.problem == f"the loss is not finite at epoch 0, step {step}; images of the batch: {ids}"
    assert caught.value.where == "train_multitask"
    assert "epoch -1" not in str(caught.value)  # nothing is kept yet, and nothing else is claimed
    assert not list(tmp_path.iterdir())


def test_a_nan_loss_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = toy_params(epochs=3)
    train_epoch = Trainer._train_epoch

    def broken_later(self: Trainer, epoch: int, data: Data) -> dict[str, float]:
        return train_epoch(self, epoch, with_nan(data, 0) if epoch == 2 else data)

    with monkeypatch.context() as patched, pytest.raises(ArtExtractError, match="epoch 2, step") as caught:
        patched.setattr(Trainer, "_train_epoch", broken_later)
        trained(tmp_path, params)
    assert f"the state after epoch 1 is kept in {tmp_path}" in str(caught.value)
    kept = Trainer(params, CLASSES, EVEN, tmp_path)
    assert [row["epoch"] for row in kept.history] == [0, 1]
    assert all(tensor.isfinite().all() for tensor in kept.net.state_dict().values())
    undisturbed = trained(tmp_path / "other", params)
    kept.fit(TRAIN, SELECT)
    assert_same(kept, undisturbed)


def test_a_selection_loss_that_is_not_finite_stops_before_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last step of an epoch broke the weights, they must not replace the state that is still good."""
    losses = iter([1.0, math.nan])
    monkeypatch.setattr(
        "artextract.classification.network.trainer.evaluate", lambda *_: ({"style": next(losses), "genre": 1.0}, {})
    )
    with pytest.raises(ArtExtractError, match="the selection loss is not finite after epoch 1"):
        trained(tmp_path, toy_params(epochs=3))
    assert [row["epoch"] for row in Trainer(toy_params(epochs=3), CLASSES, EVEN, tmp_path).history] == [0]


# --- data


def test_load_split_takes_the_rows_of_any_task(tmp_path: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train", "val", "select", "train", "guarded", "train"])
    index.loc[3, "style_split"] = "guarded"  # still train in genre
    index.loc[5, ["style_split", "genre_split"]] = "guarded"
    data = load_split(reader, index, "train", toy_params())
    assert data.ids == ["p0", "p3", "p5"] and len(data) == 3
    assert data.labels["style"].tolist() == [0, -1, -1]
    assert data.labels["genre"].tolist() == [0, 1, -1]
    assert data.labels["artist"].tolist() == [-1, -1, 2]
    assert len(data.inputs.array) == 3
