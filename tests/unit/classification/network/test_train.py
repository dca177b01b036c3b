from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from artextract.classification.network import linear_training
from artextract.classification.network.backbones import TimmBackbone
from artextract.classification.network.curves import write_curves
from artextract.classification.network.inputs import labels_of, load_inputs, predict
from artextract.classification.network.linear import Linear, fit_tuned
from artextract.classification.network.network import Ensemble
from artextract.classification.network.predict import predict_split
from artextract.classification.network.saved_network import save_model
from artextract.classification.network.train import Trained, train
from artextract.classification.network.trainer import Trainer
from artextract.classification.network.training_rows import Data, rows_in
from artextract.core import fingerprint
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_metrics
from artextract.core.scratch import discard
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.measures import auc
from artextract.params.sections import Network, Params
from tests.damage import DAMAGES
from tests.tiers import later
from tests.toys import NAMES, damage, one_thread, toy_collection, toy_params  # noqa: F401

WEIGHTS = {task: [1.0] * len(names) for task, names in NAMES.items()}
SPLITS = ["train", "train", "val", "train", "train", "select", "guarded", "train"] * 4
PARAMS = toy_params(epochs=2, batch_size=8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for each test: what one has decoded or trained, another must not find."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("shards")
    _, index = toy_collection(folder, SPLITS)
    return folder, index


def run(folder: Path, index: pd.DataFrame, params: Params = PARAMS) -> Trained:
    """A run as the stage makes it: its checkpoints go once the network is saved."""
    result = train(ShardReader(folder, index), index, NAMES, WEIGHTS, params)
    discard(result.checkpoints)
    return result


def assert_same(one: Trained, two: Trained) -> None:
    assert (one.history, one.metrics, one.backbone_sha256) == (two.history, two.metrics, two.backbone_sha256)
    for key, tensor in one.net.state_dict().items():
        assert torch.equal(tensor, two.net.state_dict()[key]), key


@pytest.mark.slow
def test_validation_and_guarded_images_are_never_read(collection: tuple[Path, pd.DataFrame]) -> None:
    folder, index = collection
    broken = damage(index, ["val", "guarded"])
    reader = ShardReader(folder, broken)
    with pytest.raises(ArtExtractError, match="damaged"):
        reader.read(SPLITS.index("val"))
    result = train(reader, broken, NAMES, WEIGHTS, PARAMS)
    assert (result.metrics["train_images"], result.metrics["select_images"]) == (20, 4)
    for split in ("train", "select"):  # those are read
        with pytest.raises(ArtExtractError, match="damaged"):
            run(folder, damage(index, [split]).assign(sha256=index["sha256"] + ("x" if split == "train" else "y")))


@pytest.mark.slow
def test_validation_labels_have_no_influence(collection: tuple[Path, pd.DataFrame]) -> None:
    folder, index = collection
    other = index.copy()
    for task in TASKS:
        val = index[f"{task}_split"].isin(["val", "guarded"]) & index[task].notna()
        assert val.sum() >= 5
        other.loc[val, task] = (index.loc[val, task] + 1) % len(NAMES[task])
    one, two = run(folder, index), run(folder, other)
    assert_same(one, two)
    trained_label = index.copy()
    trained_label.loc[0, "style"] = 3
    assert run(folder, trained_label).history != one.history  # the comparison can fail


@pytest.mark.slow
def test_the_same_run_twice_is_the_same(collection: tuple[Path, pd.DataFrame], own_cache: Path) -> None:
    folder, index = collection
    one = run(folder, index)
    torch.rand(3)
    np.random.rand(3)
    two = run(folder, index)
    assert_same(one, two)
    assert not list(own_cache.glob("scratch/train_multitask-*/*"))  # nothing left to resume: it trained anew


def test_checkpoints_stay_until_the_network_is_saved(
    collection: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, index = collection
    reader = ShardReader(folder, index)
    one = train(reader, index, NAMES, WEIGHTS, PARAMS)
    log: list[int] = []
    kill_at(monkeypatch, -1, log)
    two = train(reader, index, NAMES, WEIGHTS, PARAMS)  # as after a kill between training and saving
    assert log == []
    assert_same(one, two)


def kill_at(monkeypatch: pytest.MonkeyPatch, epoch: int, log: list[int]) -> None:
    train_epoch = Trainer._train_epoch

    def killed(self: Trainer, number: int, data: Data) -> dict[str, float]:
        if number == epoch:
            raise KeyboardInterrupt
        log.append(number)
        return train_epoch(self, number, data)

    monkeypatch.setattr(Trainer, "_train_epoch", killed)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_ended(
    collection: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, index = collection
    params = toy_params(epochs=3, batch_size=8, token_dim=8)
    log: list[int] = []
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        kill_at(patched, 2, log)
        run(folder, index, params)
    assert log == [0, 1]
    with monkeypatch.context() as patched:
        kill_at(patched, -1, log)
        resumed = run(folder, index, params)
    assert log == [0, 1, 2]
    assert_same(resumed, run(folder, index, params))


@pytest.mark.slow
def test_the_curve_is_told_after_every_epoch_and_a_resumed_run_starts_with_all_of_it(
    collection: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, index = collection
    params = toy_params(epochs=4, batch_size=8)
    told: list[list[int]] = []

    def report(history: Sequence[Mapping[str, float]]) -> None:
        told.append([int(epoch["epoch"]) for epoch in history])
        write_curves(tmp_path / "training", history)

    def on_disk() -> list[int]:
        return sorted(set(pd.read_csv(tmp_path / "training" / "losses.csv")["epoch"]))

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        kill_at(patched, 2, [])
        train(ShardReader(folder, index), index, NAMES, WEIGHTS, params, report)
    assert told == [[0], [0, 1]]
    assert on_disk() == [0, 1]  # the interrupted run keeps its curve
    told.clear()
    shutil.rmtree(tmp_path / "training")  # DVC removes the outs of a stage that it starts again
    train(ShardReader(folder, index), index, NAMES, WEIGHTS, params, report)
    assert told == [[0, 1], [0, 1, 2], [0, 1, 2, 3]]
    assert on_disk() == [0, 1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edited", "epochs"),
    [
        ("classification/evaluation/figures.py", [0, 1, 2]),
        later("pictures/style.py", [0, 1, 2]),
        later("search/index.py", [0, 1, 2]),
        later("classification/network/curves.py", [0, 1, 2]),
        later("classification/network/trainer.py", [0, 1, 0, 1, 2]),
        ("encoders/parts.py", [0, 1, 0, 1, 2]),
    ],
)
def test_an_interrupted_training_survives_edits_of_code_that_it_does_not_use(
    collection: tuple[Path, pd.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    edited: str,
    epochs: list[int],
) -> None:
    folder, index = collection
    shutil.copytree(fingerprint.SRC / "artextract", tmp_path / "src" / "artextract")
    monkeypatch.setattr(fingerprint, "SRC", tmp_path / "src")
    params = toy_params(epochs=3, batch_size=8)
    log: list[int] = []
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        kill_at(patched, 2, log)
        run(folder, index, params)
    with (tmp_path / "src" / "artextract" / edited).open("a") as source:
        source.write("\n# a remark\n")
    with monkeypatch.context() as patched:
        kill_at(patched, -1, log)
        resumed = run(folder, index, params)
    assert log == epochs
    assert_same(resumed, run(folder, index, params))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"lr": 2e-3}, *map(later, ({"seed": 9}, {"epochs": 4}, {"batch_size": 7}, {"dropout": 0.1}))]
)
def test_a_checkpoint_of_another_run_is_not_taken(
    collection: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    folder, index = collection
    log: list[int] = []
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        kill_at(patched, 1, log)
        run(folder, index)
    changed = toy_params(**{"epochs": 2, "batch_size": 8} | change)
    with monkeypatch.context() as patched:
        kill_at(patched, -1, log)
        result = run(folder, index, changed)
    assert log == [0, *range(changed.epochs)]
    assert_same(result, run(folder, index, changed))


def test_metrics_name_the_kept_epoch(collection: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    folder, index = collection
    result = run(folder, index)
    kept = result.history[result.metrics["best_epoch"]]
    means = [np.mean([row[f"{task}_select"] for task in TASKS]) for row in result.history]
    assert result.metrics["best_epoch"] == int(np.argmin(means))
    assert result.metrics["best_epoch"] == kept["epoch"]
    for task in TASKS:
        assert result.metrics[f"{task}_train_loss"] == kept[f"{task}_train"]
        assert result.metrics[f"{task}_select_loss"] == kept[f"{task}_select"]
    assert result.metrics["parameters"] == sum(p.numel() for p in result.net.parameters())
    assert result.metrics["backend"] == "torch cpu fp32"
    write_metrics(tmp_path / "train.json", result.metrics)


@pytest.mark.parametrize("missing", ["train", "select"])
def test_no_rows_are_an_error_of_words(collection: tuple[Path, pd.DataFrame], missing: str) -> None:
    folder, index = collection
    splits = {f"{task}_split": index[f"{task}_split"].replace(missing, "val") for task in TASKS}
    with pytest.raises(ArtExtractError, match=r"\d+ training and \d+ selection rows"):
        run(folder, index.assign(**splits))


@pytest.mark.slow
def test_colours_are_learnt(tmp_path: Path) -> None:
    splits = ["train"] * 32 + ["select"] * 8
    reader, index = toy_collection(tmp_path / "shards", splits)
    index["artist"] = pd.array([i % 4 % 3 for i in range(40)], dtype="Int64")
    for task in TASKS:
        index[f"{task}_split"] = pd.array(splits, dtype="string")
    params = toy_params(epochs=8, batch_size=8, lr=5e-3, dropout=0.0)
    result = run(tmp_path / "shards", index, params)
    inputs = load_inputs(reader, index, range(32), params.train)
    labels = labels_of(index, range(32), "train")
    for task, logits in predict(result.net, inputs, 16, params.train).items():
        y, p = labels[task].numpy(), torch.softmax(logits, 1).numpy()
        found = auc.macro_ovo(y, p, list(range(len(NAMES[task]))), auc.ones(32))[0]
        assert found > 0.9, (task, found)
        assert result.history[-1][f"{task}_train"] < result.history[0][f"{task}_train"]


# --- frozen networks, linear heads, several seeds


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Parameters of frozen toy networks with random weights."""
    torch.manual_seed(0)
    nets = {name: TimmBackbone(name, "none", "").eval() for name in ("test_resnet", "test_efficientnet")}
    monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda name, *_: nets[name])
    return {
        "backbone": "test_resnet",
        "weights": "package",
        "frozen": True,
        "token_grid": 2,
        "token_dim": 8,
        "layers": [1],
    }


def network(**changes: Any) -> Network:
    own = {"name": "test_efficientnet", "weights": "none", "sha256": "", "layers": [2], "size": 0, "min_side": 0}
    return Network(**(own | changes))


@pytest.mark.slow
@pytest.mark.parametrize("head", ["linear", "gru"])
def test_what_is_saved_predicts_what_was_trained(
    collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any], tmp_path: Path, head: str
) -> None:
    folder, index = collection
    members = 2 if head == "gru" else 1
    params = toy_params(epochs=1, head=head, members=members, networks=[network()], **frozen)
    trained = run(folder, index, params)
    save_model(tmp_path, trained.net, NAMES, params.train, trained.backbone_sha256, trained.widths)
    rows = rows_in(index, "select")
    inputs = load_inputs(ShardReader(folder, index), index, rows, params.train)
    expected = predict(trained.net, inputs, 4, params.train)
    found = predict_split(ShardReader(folder, index), index, "select", tmp_path, 4)
    for task in TASKS:
        np.testing.assert_allclose(found.probabilities[task], expected[task].softmax(1), atol=1e-6)


def test_the_members_are_the_trainings_of_their_seeds(
    collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any]
) -> None:
    both = run(*collection, toy_params(epochs=1, members=2, seed=5, **frozen))
    alone = [run(*collection, toy_params(epochs=1, seed=seed, **frozen)) for seed in (5, 6)]
    assert isinstance(both.net, Ensemble)
    for member, single in zip(both.net.members, alone, strict=True):
        for key, tensor in single.net.state_dict().items():
            assert torch.equal(member.state_dict()[key], tensor), key
    assert both.history == alone[0].history


@pytest.mark.slow
@pytest.mark.parametrize("combine", ["joined", "averaged"])
def test_small_images_train_only_the_networks_that_take_them(
    collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any], combine: str
) -> None:
    """The toy images have 32 pixels; five of them are said to have 100."""
    folder, index = collection
    large = rows_in(index, "train")[:9]
    index = index.assign(width=index["width"].where(~index.index.isin(large), 100))
    further = network(min_side=100)
    trained = run(folder, index, toy_params(head="linear", combine=combine, networks=[further], **frozen))
    if combine == "averaged":
        counts = trained.metrics["part0_train_images"], trained.metrics["part1_train_images"]
        assert counts == (len(rows_in(index, "train")), 9)
    else:
        assert trained.metrics["train_images"] == 9


@pytest.mark.slow
def test_held_out_images_change_nothing_that_is_fitted(
    collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any], tmp_path: Path
) -> None:
    """Validation and guarded images are replaced by noise, and their labels by others."""
    folder, index = collection
    params = toy_params(epochs=1, head="linear", **frozen)
    one = run(folder, index, params)
    other_index = index.copy()
    for task in TASKS:
        held = other_index[f"{task}_split"].isin(["val", "guarded"]) & other_index[task].notna()
        other_index.loc[held, task] = 0
    other_index.loc[index["style_split"].isin(["val", "guarded"]), "sha256"] = "another image"
    broken = ShardReader(folder, damage(other_index, ["val", "guarded"]))
    two = train(broken, other_index, NAMES, WEIGHTS, params)
    for key, tensor in one.net.state_dict().items():
        assert torch.equal(tensor, two.net.state_dict()[key]), key


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [False, True])
def test_finished_heads_are_kept_over_a_kill(
    collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any], monkeypatch: pytest.MonkeyPatch, own_cache: Path,
    damaged: bool,
) -> None:  # fmt: skip
    folder, index = collection
    params = toy_params(head="linear", **frozen)
    whole = run(folder, index, params)
    fitted: list[int] = []

    def killed(*arguments: Any) -> Linear:
        fitted.append(len(fitted))
        if len(fitted) == 2:
            raise KeyboardInterrupt
        return fit_tuned(*arguments)

    monkeypatch.setattr(linear_training, "fit_tuned", killed)
    with pytest.raises(KeyboardInterrupt):
        run(folder, index, params)
    if damaged:
        (kept,) = own_cache.glob("scratch/train_multitask-*/**/style.npz")
        DAMAGES["flip"](kept)
    again = run(folder, index, params)
    assert len(fitted) == 4 + damaged  # style, genre (killed); then genre and artist, and style again if damaged
    assert_same(whole, again)


def test_a_seed_of_the_training_alone_is_added(collection: tuple[Path, pd.DataFrame], frozen: dict[str, Any]) -> None:
    params = toy_params(epochs=1, seed=5, **frozen)
    moved = params.model_copy(update={"train": params.train.model_copy(update={"seed": 2})})
    one, two = run(*collection, moved), run(*collection, toy_params(epochs=1, seed=7, **frozen))
    assert one.history == two.history
