"""Predictions of pictures are those that evaluate_auc makes of the same images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.predict import predict_split
from artextract.classification.network.saved_network import save_model
from artextract.classification.prediction import stream
from artextract.classification.prediction.predictor import Predictor, _bytes_of
from artextract.core.files import write_metrics
from artextract.core.tasks import TASKS
from artextract.data.images.decode import decode
from tests.command import artextract
from tests.damage import DAMAGES
from tests.toys import CLASSES, NAMES, one_thread, painting, toy_collection, toy_params  # noqa: F401


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    params = toy_params().train
    save_model(tmp_path / "network", MultitaskNet(params, CLASSES), NAMES, params, "")
    return tmp_path / "network"


def paintings(folder: Path, n: int) -> Path:
    for i in range(n):
        path = folder / "Style" / f"p{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(painting(i % 4, i))
    return folder


def predict(*words: object) -> pd.DataFrame:
    assert artextract("predict", *words, "--max-side", 64) == 0
    return pd.read_csv("predictions.csv", dtype={"path": str})


def test_a_folder_gets_the_probabilities_of_the_evaluation(tmp_path: Path, model: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["val"] * 6)
    table = predict(paintings(tmp_path / "images", 6), "--model", model)
    assert table["path"].tolist() == [f"Style/p{i}.jpg" for i in range(6)]
    expected = predict_split(reader, index, "val", model, 4).probabilities
    for task in TASKS:
        found = table[[f"{task}: {name}" for name in NAMES[task]]].to_numpy()
        np.testing.assert_allclose(found, expected[task], atol=1e-6)
        assert table[task].tolist() == [NAMES[task][k] for k in expected[task].argmax(1)]
        np.testing.assert_allclose(table[f"{task} probability"], expected[task].max(1), atol=1e-6)


def test_the_three_forms_of_the_table_say_the_same(tmp_path: Path, model: Path) -> None:
    folder = paintings(tmp_path / "images", 5)
    files = [tmp_path / f"found.{suffix}" for suffix in ("csv", "parquet", "json")]
    options = [part for path in files for part in (f"--{path.suffix[1:]}", path)]
    assert artextract("predict", folder, "--model", model, *options) == 0
    csv, parquet = pd.read_csv(files[0]), pd.read_parquet(files[1])
    assert list(csv) == list(parquet) and not Path("predictions.csv").exists()
    numbers = list(parquet.select_dtypes("float"))
    np.testing.assert_allclose(csv[numbers], parquet[numbers], atol=1e-6)
    pictures = json.loads(files[2].read_text())["pictures"]
    assert [one["path"] for one in pictures] == parquet["path"].tolist()
    for one, row in zip(pictures, parquet.to_dict("records"), strict=True):
        assert one["style"]["answer"] == row["style"] == next(iter(one["style"]["probabilities"]))
        assert one["genre"]["probabilities"]["warm"] == pytest.approx(row["genre: warm"], abs=1e-6)


def test_broken_files_are_listed_and_the_others_are_predicted(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = paintings(tmp_path / "images", 1)
    (folder / "b.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture, and not named like one")
    assert predict(folder, "--model", model)["path"].tolist() == ["Style/p0.jpg"]
    unread = pd.read_csv("predictions_unreadable.csv")
    assert unread["path"].tolist() == ["b.jpg"]
    assert unread["reason"][0] == "no picture of a known format" and unread["remedy"][0]
    assert "not predicted: b.jpg" in capsys.readouterr().err


def test_only_broken_files_end_in_a_table_without_rows(tmp_path: Path, model: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "b.jpg").write_bytes(b"")
    assert len(predict(tmp_path / "images", "--model", model)) == 0


def test_what_is_not_there_is_an_error_of_words(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images").mkdir()
    for given, words in (
        ([tmp_path / "images"], "holds no picture"),
        (["nowhere.jpg"], "does not exist"),
        (["*.tif"], "no file fits"),
        ([], "no picture is named"),
        ([tmp_path / "images", "--collection", "mine"], "not both"),
        (["--collection", "nobody-has-this"], "no collection is called"),
    ):
        assert artextract("predict", *given, "--model", model) == 2
        assert words in capsys.readouterr().err
    paintings(tmp_path / "images", 1)
    assert artextract("predict", tmp_path / "images", "--model", tmp_path) == 2
    assert "holds no trained network" in capsys.readouterr().err


def test_the_temperature_and_the_threshold_of_a_network_are_applied(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = paintings(tmp_path / "images", 4)
    plain = predict(folder, "--model", model)
    middle = float(plain["style probability"].median())
    write_metrics(model / "calibration.json", {"style": {"temperature": 2.0, "abstain_below": middle}, "genre": {}})
    capsys.readouterr()
    table = predict(folder, "--model", model)
    columns = [f"style: {name}" for name in NAMES["style"]]
    rooted = np.sqrt(plain[columns].to_numpy())  # a temperature of two is a square root of probabilities
    np.testing.assert_allclose(table[columns], rooted / rooted.sum(1, keepdims=True), atol=1e-6)
    doubted = plain["style probability"] < round(middle, 4)
    assert table["style unsure"].tolist() == doubted.tolist()
    assert "genre unsure" not in table and table["genre"].equals(plain["genre"])
    assert capsys.readouterr().out.count("unsure, perhaps") == doubted.sum()


def test_pictures_on_the_screen_have_names_and_no_table(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = paintings(tmp_path / "images", 2)
    assert artextract("predict", folder / "Style/p0.jpg", "--model", model, "--top", 2) == 0
    said = capsys.readouterr()
    assert "p0.jpg" in said.out and any(name in said.out for name in NAMES["style"]) and "p_0" not in said.out
    assert f"network: {model}" in said.err and "not calibrated" in said.err
    assert not Path("predictions.csv").exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    monkeypatch.setattr(stream, "CHUNK", 3)
    folder, look, seen = paintings(tmp_path / "images", 8), Predictor.look, []

    def counting(self: Predictor, images: object) -> object:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(len(images))  # type: ignore[arg-type]
        return look(self, images)  # type: ignore[arg-type]

    monkeypatch.setattr(Predictor, "look", counting)
    assert artextract("predict", folder, "--model", model, "--max-side", 64) == 130
    assert seen == [3, 3] and not Path("predictions.csv").exists()
    if damaged:
        DAMAGES["flip"](next((tmp_path / "cache").rglob("part-000001.parquet")))
    monkeypatch.setattr(Predictor, "look", lambda self, images: (seen.append(len(images)), look(self, images))[1])
    assert predict(folder, "--model", model)["path"].tolist() == [f"Style/p{i}.jpg" for i in range(8)]
    assert seen[2:] == [3, 2] if damaged else [2]


def test_equal_names_in_two_folders_are_kept_apart(tmp_path: Path, model: Path) -> None:
    paintings(tmp_path / "one", 2)
    paintings(tmp_path / "two", 2)
    table = predict("one", "two", "one", "--model", model)
    assert table["path"].tolist() == ["one/Style/p0.jpg", "one/Style/p1.jpg", "two/Style/p0.jpg", "two/Style/p1.jpg"]
    patterned = predict("*/Style/p*.jpg", "--model", model, "--csv", "predictions.csv")
    assert patterned["path"].tolist() == table["path"].tolist()


def test_a_file_name_is_no_formula(tmp_path: Path, model: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "=1+1.png").write_bytes(painting(0, 0))
    assert predict(tmp_path / "images", "--model", model)["path"].tolist() == ["'=1+1.png"]


def test_the_predictor_takes_paths_bytes_and_images(tmp_path: Path, model: Path) -> None:
    from PIL import Image

    folder = paintings(tmp_path / "images", 2)
    path = folder / "Style/p0.jpg"
    predictor = Predictor(model)
    table = predictor.predict([path, str(path), path.read_bytes(), Image.open(path)])
    numbers = table[[f"style: {name}" for name in NAMES["style"]]].to_numpy()
    np.testing.assert_allclose(numbers[1:3], numbers[[0, 0]], atol=1e-6)
    np.testing.assert_allclose(numbers[3], numbers[0], atol=0.02)  # stored as a JPEG anew
    assert table["path"].tolist() == [str(path), str(path), "picture 3", str(path)]
    vectors = predictor.vectors([path, folder / "Style/p1.jpg"])
    assert vectors.shape == (2, 64) and np.isfinite(vectors).all()
    assert len(predictor.predict([])) == 0


def test_images_of_pillow_keep_their_brightness_whatever_their_numbers_are() -> None:
    grey = np.linspace(12, 242, 600).astype(np.uint8).reshape(20, 30)
    for image in (Image.fromarray((grey / 255).astype(np.float32)), Image.fromarray(grey.astype(np.uint16) * 16)):
        found = np.asarray(decode(_bytes_of(image)), dtype=int)
        assert np.abs(found - grey[..., None]).max() <= 1
