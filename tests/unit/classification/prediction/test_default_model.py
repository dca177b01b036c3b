from __future__ import annotations

from pathlib import Path

import pytest

from artextract.classification.prediction import predicting
from artextract.core.errors import ArtExtractError


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(predicting, "repository", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def network(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}")


def test_the_pipelines_network_comes_first_for_the_repositorys_own_works(repository: Path):
    network(repository / "models/wikiart")
    assert predicting.default_model(repository) == Path("models/wikiart")
    network(repository / "data/model")
    assert predicting.default_model(repository) == Path("data/model")


def test_the_network_with_many_classes_comes_first_for_a_users_collection(repository: Path):
    network(repository / "data/model")
    assert predicting.default_model(repository / "collections/mine") == Path("data/model")
    network(repository / "models/wikiart")
    assert predicting.default_model(repository / "collections/mine") == Path("models/wikiart")


def test_no_network_at_all(repository: Path):
    with pytest.raises(ArtExtractError, match="no trained network"):
        predicting.default_model(repository)
