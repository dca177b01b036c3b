"""The folder of a published network, and the numbers on its card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData
from safetensors.torch import load_file

from artextract.classification.network.saved_network import read_record
from artextract.classification.published.folder import copy_network, parameters_in, publish
from artextract.classification.published.provenance import dvc_md5
from artextract.core.errors import ArtExtractError
from artextract.encoders.local_weights import content_hash, local_weights
from artextract.params.sections import Network
from tests.conftest import ROOT
from tests.published_toys import lock_again, toy_run
from tests.toys import NAMES


def test_the_folder_holds_what_predictions_need(tmp_path: Path):
    model = toy_run(tmp_path)
    files = publish(tmp_path, model, tmp_path / "out")
    assert [path.name for path in files] == [
        "README.md",
        "SHA256SUMS",
        "calibration.json",
        "model.json",
        "model.safetensors",
    ]
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "out" / name).read_bytes() == (model / name).read_bytes()
    assert json.loads((tmp_path / "out/calibration.json").read_text())["style"]["temperature"] == 1.5
    assert parameters_in(model) == sum(tensor.numel() for tensor in load_file(model / "model.safetensors").values())
    assert publish(tmp_path, model, tmp_path / "out") == files  # again, over itself


def _card_data(path: Path) -> ModelCardData:
    data = ModelCard.load(path).data
    assert isinstance(data, ModelCardData)
    return data


def test_the_card_says_what_the_run_says(tmp_path: Path):
    model = toy_run(tmp_path)
    publish(tmp_path, model, tmp_path / "toy net")
    text = (tmp_path / "toy net/README.md").read_text()
    data = _card_data(tmp_path / "toy net/README.md")
    assert data.license == "apache-2.0" and data.pipeline_tag == "image-classification"
    found = {result.task_name: result.metric_value for result in data.eval_results or []}
    assert found == {"style": 0.81, "genre": 0.72, "artist": 0.63}
    assert "| style | AUC one-vs-one | 0.810 (0.760 to 0.860) | 90 works, 40 painters | 0.400 to 0.600 |" in text
    assert "| images | 120, of 121 that are listed |" in text and "| genre | 30 | 30 | 30 | 30 |" in text
    assert "| style | 1.5 | 0.4 |" in text and "| genre | none: too few | none: not fitted |" in text
    assert "genre: the probabilities are not calibrated" in text and "style: the probabilities" not in text
    assert "* style (4 classes): red, green, blue, yellow" in text
    assert "reference" in text and dvc_md5(model) in text
    for title in ("Use", "Network", "Data", "Splits", "Scores", "Probabilities", "Limits", "Licence", "Origin"):
        assert f"\n## {title}\n" in text


def test_a_network_trained_on_wikiart_is_not_for_sale(tmp_path: Path):
    model = toy_run(tmp_path, artgan={"source": "folder", "guard": False, "held_out_painters": 0.1})
    publish(tmp_path, model, tmp_path / "out")
    text = (tmp_path / "out/README.md").read_text()
    data = _card_data(tmp_path / "out/README.md")
    assert (data.license, data.license_name) == ("other", "non-commercial-research")
    assert "artgan.guard=false" in text and "10% of the images were kept out" in text and "nationality" not in text


def test_names_of_classes_are_text(tmp_path: Path):
    names = NAMES | {"genre": ["a|b", "<img onerror=alert(1)>"]}
    publish(tmp_path, toy_run(tmp_path, names=names), tmp_path / "out")
    assert r"a\|b, \<img onerror=alert(1)>" in (tmp_path / "out/README.md").read_text()


def test_scores_of_another_network_are_refused(tmp_path: Path):
    model = toy_run(tmp_path)
    other = toy_run(tmp_path / "other", seed=1)
    with pytest.raises(ArtExtractError, match="those of another network") as caught:
        publish(tmp_path, other, tmp_path / "out")
    assert caught.value.where == str(other) and not (tmp_path / "out").exists()
    shutil.copytree(model, tmp_path / "copy")
    publish(tmp_path, tmp_path / "copy", tmp_path / "out")  # the same content in another place
    (tmp_path / "plots/classification/scores.csv").write_text("task,score,value\n")
    with pytest.raises(ArtExtractError, match="is not as the run has left it"):
        publish(tmp_path, model, tmp_path / "out")


def test_weights_from_a_path_come_along(tmp_path: Path):
    """Of a file, and of a folder; the network is then complete, wherever it is moved to."""
    (tmp_path / "file.pth").write_bytes(b"tensors")
    (tmp_path / "net").mkdir()
    (tmp_path / "net/config.json").write_text("{}")
    other = {"name": "resnet18", "layers": [], "size": 0, "min_side": 0}
    one, two = content_hash(tmp_path / "file.pth"), content_hash(tmp_path / "net")
    networks = [Network.model_validate(other | {"weights": str(tmp_path / "net"), "sha256": two})]
    model = toy_run(tmp_path)
    raw = json.loads((model / "model.json").read_text())
    raw["train"] |= {
        "backbone": "resnet18",
        "frozen": True,
        "weights": str(tmp_path / "file.pth"),
        "weights_sha256": one,
    }
    raw["train"]["networks"] = [network.model_dump() for network in networks]
    (model / "model.json").write_text(json.dumps(raw))
    lock_again(tmp_path)
    publish(tmp_path, model, tmp_path / "out")
    copy_network(tmp_path / "out", tmp_path / "moved")
    shutil.rmtree(tmp_path / "out")
    train = read_record(tmp_path / "moved").train
    assert train.weights == str(tmp_path / "moved/weights" / f"{one[:16]}.pth")
    assert local_weights(train.weights, train.weights_sha256, "").read_bytes() == b"tensors"
    assert content_hash(local_weights(train.networks[0].weights, two, "")) == two
    assert str(tmp_path) not in (tmp_path / "moved/model.json").read_text()
    assert str(tmp_path) not in (tmp_path / "moved/README.md").read_text()


def test_places_that_are_refused(tmp_path: Path):
    model = toy_run(tmp_path)
    with pytest.raises(ArtExtractError, match="holds no trained network"):
        publish(tmp_path, tmp_path / "none", tmp_path / "out")
    with pytest.raises(ArtExtractError, match="own folder"):
        publish(tmp_path, model, model)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("years of work")
    with pytest.raises(ArtExtractError, match="something else than a network"):
        publish(tmp_path, model, tmp_path / "full")
    (tmp_path / "dvc.lock").unlink()
    with pytest.raises(ArtExtractError, match="no record of a run"):
        publish(tmp_path, model, tmp_path / "out")


def test_hashes_are_those_of_dvc():
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    outs = {out["path"]: out["md5"] for stage in lock.values() for out in stage["outs"]}
    for path in ("plots/training", "metrics/prepare_artgan.json"):  # tracked by git: here in every clone
        assert dvc_md5(ROOT / path) == outs[path]


def test_the_committed_network_has_a_card_with_front_matter():
    data = _card_data(ROOT / "models/wikiart/README.md")
    record = read_record(ROOT / "models/wikiart")
    assert data.license == "other" and data.library_name == "artextract"
    found = {(result.task_name, result.metric_type): result.metric_value for result in data.eval_results or []}
    assert found[("style", "roc_auc")] == 0.960 and {task for task, _ in found} == set(record.classes)
