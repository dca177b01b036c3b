from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from artextract.classification.evaluation.prediction_table import of_task, predictions_table
from artextract.classification.network.inputs import predict
from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.predict import predict_split
from artextract.classification.network.saved_network import load_model, read_record, save_model
from artextract.classification.network.training_rows import rows_in
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from tests.toys import CLASSES, NAMES, damage, one_thread, toy_collection, toy_params  # noqa: F401

PARAMS = toy_params()
SPLITS = ["val", "train", "val", "guarded", "select", "val", "val", "train", "val", "val", "val"]
VAL = [i for i, split in enumerate(SPLITS) if split == "val"]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    save_model(tmp_path / "model", MultitaskNet(PARAMS.train, CLASSES), NAMES, PARAMS.train, "")
    return tmp_path / "model"


def test_every_validation_image_exactly_once(tmp_path: Path, model: Path) -> None:
    """Seven images in batches of four: the last batch is not padded, and no image outside of val is opened."""
    _, index = toy_collection(tmp_path / "shards", SPLITS)
    broken = damage(index, ["train", "select", "guarded"])
    found = predict_split(ShardReader(tmp_path / "shards", broken), broken, "val", model, 4)
    rows, probabilities = found.rows, found.probabilities
    assert rows == VAL == rows_in(broken, "val") and len(found.inputs.array) == len(VAL)
    for task in TASKS:
        assert probabilities[task].shape == (len(VAL), CLASSES[task])
        np.testing.assert_allclose(probabilities[task].sum(1), 1, atol=1e-5)
    table = predictions_table(index, rows, probabilities)
    for task in TASKS:
        expected = [i for i in VAL if task != "artist" or i % 3]  # every third painting has no artist
        part = table[table["task"] == task]
        assert part["id"].tolist() == [f"p{i}" for i in expected]
        assert of_task(table, task, NAMES[task]).y.tolist() == index[task].iloc[expected].tolist()


def test_predictions_belong_to_their_images(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", SPLITS)
    probabilities = predict_split(reader, index, "val", model, 4).probabilities
    for position, row in enumerate(VAL):
        alone = index.assign(**{f"{t}_split": index[f"{t}_split"].where(index.index == row) for t in TASKS})
        found = predict_split(reader, alone, "val", model, 4)
        assert found.rows == [row]
        single = found.probabilities
        for task in TASKS:
            np.testing.assert_allclose(single[task][0], probabilities[task][position], rtol=1e-4)
    assert np.ptp(probabilities["style"][:, 0]) > 1e-4  # the images are told apart at all


def test_a_row_of_one_task_only_is_predicted(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    index.loc[2, ["style_split", "genre_split"]] = ["guarded", "val"]
    found = predict_split(reader, index, "val", model, 4)
    assert found.rows == [2]
    table = predictions_table(index, found.rows, found.probabilities)
    assert table[["id", "task"]].values.tolist() == [["p2", "genre"]]


@pytest.mark.parametrize("split", ["val", "select"])
def test_no_rows_are_an_error_of_words(tmp_path: Path, model: Path, split: str) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 3)
    with pytest.raises(ArtExtractError, match=rf"(?s)index\.parquet: no {split} rows.*check the lists"):
        predict_split(reader, index, split, model, 4)


def test_the_select_rows_alone(tmp_path: Path, model: Path) -> None:
    _, index = toy_collection(tmp_path / "shards", SPLITS)
    broken = damage(index, ["train", "val", "guarded"])
    found = predict_split(ShardReader(tmp_path / "shards", broken), broken, "select", model, 4)
    table = predictions_table(index, found.rows, found.probabilities, "select")
    assert set(table["id"]) == {"p4"} and set(table["split"]) == {"select"}
    assert len(of_task(table, "style", NAMES["style"]).y) == 0  # only validation rows are scored
    assert len(of_task(table, "style", NAMES["style"], "select").y) == 1


def test_inputs_are_those_that_the_network_saw(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", SPLITS)
    found = predict_split(reader, index, "val", model, 4)
    net = load_model(model, read_record(model), "")
    logits = predict(net, found.inputs, 100, PARAMS.train)
    for task in TASKS:
        assert found.probabilities[task].dtype == np.float64
        expected = torch.softmax(logits[task].double(), 1).numpy()
        np.testing.assert_allclose(found.probabilities[task], expected, rtol=1e-4, atol=1e-6)


def test_rows_of_a_split_by_eye() -> None:
    splits = {
        "style_split": ["val", "train", None, "select", "guarded"],
        "genre_split": ["val", None, None, "val", "val"],
        "artist_split": [None, "select", None, "train", "train"],
    }
    index = pd.DataFrame({name: pd.array(values, dtype="string") for name, values in splits.items()})
    assert rows_in(index, "val") == [0, 3, 4]
    assert rows_in(index, "select") == [1, 3]
    assert rows_in(index, "train") == [1, 3, 4]
    assert rows_in(index.iloc[[2]], "val") == []
    assert rows_in(index.iloc[3:], "train") == [0, 1]  # positions, not labels
