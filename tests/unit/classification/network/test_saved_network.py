from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.saved_network import Record, load_model, read_record, save_model
from artextract.core.compute import on_device
from artextract.core.errors import ArtExtractError
from artextract.params.sections import Train
from tests.toys import CLASSES, NAMES, toy_params


def network(seed: int = 0, **changes: Any) -> tuple[MultitaskNet, Train]:
    torch.manual_seed(seed)
    params = toy_params(**changes).train
    return on_device(MultitaskNet(params, CLASSES)), params


def test_round_trip(tmp_path: Path) -> None:
    net, params = network(token_dim=6)
    names = NAMES | {"artist": ["josé", "élise", "山水"]}
    save_model(tmp_path / "model", net.train(), names, params, "abc")
    record = read_record(tmp_path / "model")
    assert record == Record(names, params, "abc", [])
    loaded = load_model(tmp_path / "model", record, "abc")
    assert not loaded.training
    assert loaded.state_dict().keys() == net.state_dict().keys()
    for key, tensor in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    images = torch.randn(2, 3, 32, 32)
    for task, logits in net.eval()(images).items():
        torch.testing.assert_close(loaded(images)[task], logits)


def test_the_network_is_left_as_it_was(tmp_path: Path) -> None:
    net, params = network()
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    save_model(tmp_path, net, NAMES, params, "")
    assert all(torch.equal(tensor, before[key]) for key, tensor in net.state_dict().items())


def test_bytes_repeat_and_nothing_else_is_written(tmp_path: Path) -> None:
    for name in ("one", "two"):
        net, params = network()
        save_model(tmp_path / name, net, NAMES, params, "abc")
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["model.json", "model.safetensors"]
    with safe_open(tmp_path / "one" / "model.safetensors", "pt") as handle:
        assert len(handle.metadata() or {}) <= 1  # with two keys the bytes would differ from run to run
    save_model(tmp_path / "two", network(seed=1)[0], NAMES, toy_params().train, "abc")
    assert (tmp_path / "one/model.safetensors").read_bytes() != (tmp_path / "two/model.safetensors").read_bytes()


def test_the_record_holds_the_classes_in_class_file_order(tmp_path: Path) -> None:
    net, params = network()
    save_model(tmp_path, net, NAMES, params, "abc")
    record = json.loads((tmp_path / "model.json").read_text())
    assert record == {"backbone_sha256": "abc", "classes": NAMES, "train": params.model_dump(), "widths": []}


def test_another_backbone_is_refused(tmp_path: Path) -> None:
    net, params = network()
    save_model(tmp_path, net, NAMES, params, "abc")
    with pytest.raises(ArtExtractError, match="output of another backbone") as caught:
        load_model(tmp_path, read_record(tmp_path), "abd")
    assert caught.value.where == str(tmp_path)


@pytest.mark.parametrize("change", [{"hidden": 16}, {"token_dim": 6}])
def test_tensors_that_do_not_fit_their_record_are_refused(tmp_path: Path, change: dict[str, int]) -> None:
    net, _ = network()
    save_model(tmp_path, net, NAMES, toy_params(**change).train, "")
    with pytest.raises(ArtExtractError, match="does not fit its record"):
        load_model(tmp_path, read_record(tmp_path), "")
    save_model(tmp_path, net, NAMES | {"style": ["a", "b"]}, toy_params().train, "")
    with pytest.raises(ArtExtractError, match="does not fit its record"):
        load_model(tmp_path, read_record(tmp_path), "")


def test_a_folder_without_a_network_is_an_error_of_words(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match=r"model\.json is missing"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: record["train"].pop("hidden"), "lacks `hidden`"),
        (lambda record: record["train"].update(wings=2), "has the unknown `wings`"),
        (lambda record: record["train"].update(hidden="many"), "is wrong: `hidden` should be a valid integer"),
        (lambda record: record.pop("widths"), "`widths` is missing"),
        (lambda record: record["classes"].pop("genre"), "`genre` is missing"),
        (lambda record: record.update(classes=3), "not a record"),
        (lambda record: record.update(train=[]), "section train"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_in_words(tmp_path: Path, change: Any, words: str) -> None:
    net, params = network()
    save_model(tmp_path, net, NAMES, params, "")
    record = json.loads((tmp_path / "model.json").read_text())
    change(record)
    (tmp_path / "model.json").write_text(json.dumps(record))
    with pytest.raises(ArtExtractError, match=words) as caught:
        read_record(tmp_path)
    assert caught.value.where == str(tmp_path / "model.json") and "dvc repro train_multitask" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_record_that_is_not_json_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ArtExtractError, match="not a record"):
        read_record(tmp_path)


def test_tensors_that_cannot_be_read_are_an_error_of_words(tmp_path: Path) -> None:
    net, params = network()
    save_model(tmp_path, net, NAMES, params, "")
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ArtExtractError, match="cannot be read"):
        load_model(tmp_path, read_record(tmp_path), "")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ArtExtractError, match="cannot be read"):
        load_model(tmp_path, read_record(tmp_path), "")
