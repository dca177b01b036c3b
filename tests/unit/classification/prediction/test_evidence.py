"""The training works that are named as evidence are the nearest ones, and survive their storage in bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.saved_network import save_model
from artextract.classification.prediction.evidence import Evidence, make_evidence, read_evidence, write_evidence
from artextract.classification.prediction.predictor import Predictor
from artextract.classification.prediction.table import in_words
from artextract.classification.prediction.training_works import evidence_for, works_of
from artextract.core.compute import unit_rows
from artextract.core.files import write_metrics
from tests.command import artextract
from tests.damage import DAMAGES
from tests.toys import CLASSES, NAMES, one_thread, painting, toy_collection, toy_params  # noqa: F401


def made(n: int = 300, channels: int = 40, dims: int = 16) -> tuple[Evidence, np.ndarray]:
    """Works that differ in few directions of very different size."""
    rng = np.random.default_rng(0)
    seen = (rng.normal(size=(n, 12)) @ rng.normal(size=(12, channels)) * np.geomspace(0.01, 100, channels) + 5).astype(
        np.float32
    )
    works = pd.DataFrame({"id": [f"w{i}" for i in range(n)]})
    return make_evidence(lambda rows: seen[rows], works, dims), seen


def test_the_nearest_are_those_that_all_channels_give() -> None:
    evidence, seen = made()
    scaled = unit_rows((seen - seen.mean(0)) / seen.std(0))
    expected = np.argsort(-(scaled[:20] @ scaled.T), axis=1)[:, :5]
    rows, cosines = evidence.nearest(seen[:20], 5)
    assert (rows[:, 0] == np.arange(20)).all()
    np.testing.assert_allclose(cosines[:, 0], 1, atol=1e-5)
    assert (rows == expected).mean() > 0.95  # twelve directions, and sixteen components


def test_storage_in_bytes_keeps_the_neighbours(tmp_path: Path) -> None:
    evidence, seen = made()
    write_evidence(tmp_path, evidence)
    kept = read_evidence(tmp_path)
    assert kept is not None and kept.works["id"].tolist() == evidence.works["id"].tolist()
    assert (tmp_path / "evidence.safetensors").stat().st_size < 300 * 16 + 40 * 16 + 40 * 2 * 4 + 2000
    fresh, stored = evidence.nearest(seen[:50], 3), kept.nearest(seen[:50], 3)
    np.testing.assert_allclose(stored[1], fresh[1], atol=0.01)
    assert (stored[0][:, 0] == fresh[0][:, 0]).all()
    assert read_evidence(tmp_path / "nowhere") is None


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_works_and_works_that_are_all_alike(n: int, tmp_path: Path) -> None:
    works = pd.DataFrame({"id": [f"w{i}" for i in range(n)]})
    for seen in (np.ones((n, 6), dtype=np.float32), np.eye(n, 6, dtype=np.float32)):
        write_evidence(tmp_path, make_evidence(lambda rows, seen=seen: seen[rows], works))
        evidence = read_evidence(tmp_path)
        assert evidence is not None
        rows, cosines = evidence.nearest(seen, 5)
        assert rows.shape == (n, n) and np.isfinite(cosines).all()


def test_names_are_read_from_paths() -> None:
    index = pd.DataFrame(
        {"id": ["Cubism/juan-gris_guitar-1913-2.jpg", "French/claude-monet_the-pond-438820.jpg", "x.jpg"]}
    )
    index["style"], index["genre"], index["artist"] = (pd.array(v, dtype="Int64") for v in ([0, 1, None],) * 3)
    works = works_of(index, {"style": ["Cubism", "French"], "genre": ["still_life", "landscape"], "artist": ["a", "b"]})
    assert works["title"].tolist() == ["Guitar, 1913", "The pond", "X"]
    assert works["artist"].tolist()[:2] == ["Juan Gris", "Claude Monet"]
    first, last = works.to_dict("records")[0], works.to_dict("records")[2]
    assert in_words(first, 0.5) == "Juan Gris, Guitar, 1913 (Cubism, still life)"
    assert in_words(first, 1.0).startswith("the network was trained on this picture")
    assert last["style class"] == "" and "(" not in in_words(last, 0.5)


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained network next to the data that it was trained on."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    _, index = toy_collection(tmp_path / "data/artgan", ["train"] * 5 + ["val"] * 3)
    index.to_parquet(tmp_path / "data/artgan/index.parquet")
    write_metrics(tmp_path / "data/artgan/labels.json", NAMES)
    params = toy_params().train
    save_model(tmp_path / "data/model", MultitaskNet(params, CLASSES), NAMES, params, "")
    return tmp_path


@pytest.mark.slow
def test_the_networks_of_a_pipeline_know_their_training_works(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pipeline / "p.jpg").write_bytes(painting(2, 2))
    for damage in ("", "", "flip"):  # computed, found in the cache, and computed again
        if damage:
            DAMAGES[damage](next((pipeline / "cache" / "evidence").glob("*/evidence.safetensors")))
        assert artextract("predict", "p.jpg", "--nearest", 2) == 0
        said = capsys.readouterr()
        assert "1.00  the network was trained on this picture: P2" in said.out and "no evidence" not in said.err
        assert ("was damaged; it is made anew" in said.err) == bool(damage)
    evidence = evidence_for(Predictor("data/model"))
    assert evidence is not None and evidence.works["id"].tolist() == [f"p{i}" for i in range(5)]


@pytest.mark.slow
def test_a_network_without_evidence_says_so_and_gets_some(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pipeline / "p.jpg").write_bytes(painting(1, 1))
    (pipeline / "data/model").rename(pipeline / "away")
    assert artextract("predict", "p.jpg", "--model", "away") == 0
    said = capsys.readouterr()
    assert "no evidence is stored" in said.err and "nearest" not in said.out
    assert artextract("evidence", "--model", "away") == 0
    capsys.readouterr()
    assert artextract("predict", "p.jpg", "--model", "away", "--csv", "found.csv") == 0
    assert "nearest training works" in capsys.readouterr().out
    table = pd.read_csv("found.csv")
    assert table["nearest 1 id"].tolist() == ["p1"] and table["nearest 1 cosine"][0] == pytest.approx(1, abs=1e-3)
    write_metrics(pipeline / "data/artgan/labels.json", NAMES | {"genre": ["other", "names"]})
    assert artextract("evidence", "--model", "away") == 2
    assert "other classes than the network" in capsys.readouterr().err
