"""The network in models/wikiart: it loads, and on real paintings it is as good as its card says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.classification.network.saved_network import load_model, read_record
from artextract.classification.prediction.confidence import read_confidence
from artextract.classification.prediction.predictor import Predictor
from artextract.data.wikiart.paths import painter_slug
from tests.conftest import ROOT, test_data

NETWORK = ROOT / "models/wikiart"


def test_the_published_network_fits_its_record() -> None:
    record = read_record(NETWORK)
    assert {task: len(names) for task, names in record.classes.items()} == {"style": 27, "genre": 10, "artist": 23}
    net = load_model(NETWORK, record, record.backbone_sha256)
    assert sum(parameter.numel() for parameter in net.parameters()) == 616_140
    assert set(read_confidence(NETWORK)) == set(record.classes)


@pytest.mark.real
@pytest.mark.long
def test_the_published_network_knows_paintings_of_the_validation_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 validation images of different painters: its card says .69 for style, and chance is below .1."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    real = test_data("wikiart")
    manifest = pd.read_csv(real / "manifest.csv")
    manifest["painter"] = manifest["path"].map(painter_slug)
    chosen = manifest[manifest["style_split"] == "val"].drop_duplicates("painter").head(60)
    table = Predictor(NETWORK).predict([real / path for path in chosen["path"]])
    right = table["style"] == chosen["path"].reset_index(drop=True).str.split("/").str[0].replace(
        "Art_Nouveau_Modern", "Art_Nouveau"
    )
    assert right.mean() > 0.5
