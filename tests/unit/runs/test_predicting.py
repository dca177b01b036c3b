"""Predictions of a folder are those that evaluate_auc makes of the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.predict import predict_split
from artextract.classification.network.saved_network import save_model
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_metrics
from artextract.core.tasks import TASKS
from artextract.runs.predicting import predict_folder, read_confidence
from tests.toys import CLASSES, NAMES, one_thread, painting, toy_collection, toy_params  # noqa: F401


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    params = toy_params().train
    save_model(tmp_path / "model", MultitaskNet(params, CLASSES), NAMES, params, "")
    return tmp_path / "model"


def test_a_folder_gets_the_probabilities_of_the_evaluation(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["val"] * 6)
    for i in range(6):
        path = tmp_path / "images" / "Style" / f"p{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(painting(i % 4, i))
    table, unread = predict_folder(tmp_path / "images", model, 64, {})
    assert len(unread) == 0
    assert table["path"].tolist() == [f"Style/p{i}.jpg" for i in range(6)]
    expected = predict_split(reader, index, "val", model, 4).probabilities
    for task in TASKS:
        found = table[[f"{task}: {name}" for name in NAMES[task]]].to_numpy()
        np.testing.assert_allclose(found, expected[task], atol=1e-6)
        assert table[task].tolist() == [NAMES[task][k] for k in expected[task].argmax(1)]
        np.testing.assert_allclose(table[f"{task} probability"], expected[task].max(1), atol=1e-6)


def test_a_broken_file_is_listed_and_the_others_are_predicted(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(painting(0, 0))
    (folder / "b.jpg").write_bytes(b"no picture")
    table, unread = predict_folder(folder, model, 64, {})
    assert table["path"].tolist() == ["a.jpg"] and unread["path"].tolist() == ["b.jpg"]
    assert "unreadable" in unread["reason"][0]


def test_an_empty_folder_is_an_error_of_words(tmp_path: Path, model: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(ArtExtractError, match="holds no image"):
        predict_folder(tmp_path / "images", model, 64, {})


def test_the_temperature_and_the_threshold_of_a_network_are_applied(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(4):
        (folder / f"{i}.jpg").write_bytes(painting(i, i))
    plain, _ = predict_folder(folder, model, 64, {})
    middle = float(plain["style probability"].median())
    write_metrics(model / "calibration.json", {"style": {"temperature": 2.0, "abstain_below": middle}, "genre": {}})
    table, _ = predict_folder(folder, model, 64, read_confidence(model, tmp_path))
    columns = [f"style: {name}" for name in NAMES["style"]]
    rooted = np.sqrt(plain[columns].to_numpy())  # a temperature of two is a square root of probabilities
    np.testing.assert_allclose(table[columns], rooted / rooted.sum(1, keepdims=True), atol=1e-6)
    assert table["style unsure"].tolist() == (plain["style probability"] < round(middle, 4)).tolist()
    assert "genre unsure" not in table and table["genre"].equals(plain["genre"])
    assert read_confidence(tmp_path, tmp_path) == {}
