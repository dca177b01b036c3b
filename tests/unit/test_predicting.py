from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from artextract.artgan import TASKS
from artextract.errors import ArtExtractError
from artextract.evaluation import of_task, predictions_table
from artextract.model_files import save_model
from artextract.multitask import MultitaskNet
from artextract.predicting import predict_validation
from artextract.shards import ShardReader
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
    rows, probabilities, classes = predict_validation(ShardReader(tmp_path / "shards", broken), broken, model, 4)
    assert rows == VAL and classes == NAMES
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
    _, probabilities, _ = predict_validation(reader, index, model, 4)
    for position, row in enumerate(VAL):
        alone = index.assign(**{f"{t}_split": index[f"{t}_split"].where(index.index == row) for t in TASKS})
        rows, single, _ = predict_validation(reader, alone, model, 4)
        assert rows == [row]
        for task in TASKS:
            np.testing.assert_allclose(single[task][0], probabilities[task][position], rtol=1e-4)
    assert np.ptp(probabilities["style"][:, 0]) > 1e-4  # the images are told apart at all


def test_a_row_of_one_task_only_is_predicted(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    index.loc[2, ["style_split", "genre_split"]] = ["guarded", "val"]
    rows, probabilities, _ = predict_validation(reader, index, model, 4)
    assert rows == [2]
    table = predictions_table(index, rows, probabilities)
    assert table[["id", "task"]].values.tolist() == [["p2", "genre"]]


def test_no_validation_rows_are_an_error_of_words(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 3)
    with pytest.raises(ArtExtractError, match="no validation rows"):
        predict_validation(reader, index, model, 4)
