"""Small and odd collections go through the stages: a sensible result, or a sentence, never a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stages.similarity_eval
import stages.train_siamese
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.params.reading import load_params
from artextract.siamese.evaluation.protocol import Trainings
from artextract.siamese.projection.projection import projected
from artextract.siamese.projection.saved import load_projection
from artextract.siamese.projection.splits import split_table
from artextract.siamese.projection.words import words_vectors
from artextract.similarity.ranking.collection import open_collection
from tests.conftest import ROOT
from tests.unit.collections.own_toys import collected, embeddings, pictures, table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "same", "titles"),
    [(1, False, True), (2, False, True), (2, True, True), (5, False, True), (30, True, True), (24, False, False)],
    ids=["one", "two", "two equal", "five", "all equal", "no titles"],
)
def test_too_small_for_a_training(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    n: int,
    same: bool,
    titles: bool,
):
    folder = pictures(tmp_path / "pictures", n, same=same)
    collected(tmp_path / "mine", folder, table(folder / "list.csv", n) if titles else None, [])
    embeddings(tmp_path / "mine", n, same=same)
    monkeypatch.chdir(tmp_path / "mine")
    stages.train_siamese.main()
    assert "not trained" in capsys.readouterr().err and read_json(Path("metrics/siamese.json"))["not_trained"]
    assert read_json(Path("metrics/gain.json")) == {}
    images, siamese = np.load("data/embeddings/images.npy"), np.load("data/siamese/projected.npy")
    np.testing.assert_allclose(siamese @ siamese.T, images @ images.T, atol=1e-5)  # it is the image embedding
    stages.similarity_eval.main()
    assert len(pd.read_parquet("data/similarity/clusters.parquet")) == n
    tsne = pd.read_csv("plots/similarity/tsne.csv")
    assert len(tsne) == 3 * n and np.isfinite(tsne[["x", "y"]].to_numpy()).all()
    net = load_projection(Path("data/siamese/projection.safetensors"))
    with pytest.raises(ArtExtractError, match="was not trained"):
        projected(net, images, 0.8)
    with pytest.raises(ArtExtractError, match="not trained"):
        words_vectors(images, Path("data/siamese/crossmodal.safetensors"))


def test_works_all_by_one_painter_have_no_unseen_painters(tmp_path: Path):
    folder = pictures(tmp_path / "pictures", 40)
    collected(tmp_path / "mine", folder, table(folder / "list.csv", 40, artist=lambda k: "Rembrandt"), [])
    embeddings(tmp_path / "mine", 40)
    works = open_collection(tmp_path / "mine/data/nga", tmp_path / "mine/data/embeddings")
    params = load_params("splits", path=ROOT / "params.yaml").splits
    splits = split_table(works.index, works.titles, params, 0.5, 1)
    kept, left_out = Trainings.of(works, splits, 0.15, 1).teachable(works.index)
    assert kept.s2 == [] and "s2.not_measured" in left_out and len(kept.s1.queries)
    few = works.index.assign(titled=False)
    with pytest.raises(ArtExtractError, match="titled works to learn from: 0"):
        Trainings.of(works, splits, 0.15, 1).teachable(few)
