"""t-SNE maps as a table and as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.similarity import maps as space_figure


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_first_theme():
    index = pd.DataFrame({"themes": [["sea", "war"], [], np.array(["hill"], dtype=object)]})
    assert space_figure.first_theme(index).tolist() == ["sea", "none", "hill"]


@pytest.mark.parametrize(
    "themes", [["none"] * 6, ["sea"] * 6, ["sea", "none", "hill"] * 2, [f"theme_{i} $x" for i in range(6)]]
)
def test_maps_of_any_themes(tmp_path: Path, themes: list[str]):
    positions = np.random.default_rng(0).normal(size=(6, 2))
    maps = {"image": (positions, 0.9), "title": (positions[::-1], 0.8)}
    space_figure.plot_maps(maps, pd.Series(themes), tmp_path / "tsne.png")
    width, height = size(tmp_path / "tsne.png")
    assert 1200 < width < 2200 and 500 < height < 900


def test_maps_name_the_eight_commonest_themes_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(space_figure, "save", lambda figure, path: figures.append(figure))
    themes = pd.Series([f"t{i}" for i in range(12) for _ in range(i + 1)] + ["none"] * 40)
    space_figure.plot_maps({"image": (np.zeros((len(themes), 2)), 0.5)}, themes, tmp_path / "tsne.png")
    labels = [text.get_text() for text in figures[0].axes[0].get_legend().get_texts()]
    assert labels == ["other or none", *(f"t{i}" for i in range(11, 3, -1))]
    counts = [len(points.get_offsets()) for points in figures[0].axes[0].collections]
    assert sum(counts) == len(themes) and counts[1:] == [12, 11, 10, 9, 8, 7, 6, 5]


def test_held_out_works_are_ringed_on_every_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(space_figure, "save", lambda figure, path: figures.append(figure))
    positions = np.arange(12.0).reshape(6, 2)
    held_out = np.array([False, True, False, False, True, False])
    themes = pd.Series(["sea", "none", "hill"] * 2)
    space_figure.plot_maps({"image": (positions, 0.5), "siamese": (-positions, 0.75)}, themes, tmp_path, held_out)
    image, siamese = figures[0].axes
    for axis, sign in ((image, 1), (siamese, -1)):
        rings = axis.collections[-1]
        np.testing.assert_array_equal(rings.get_offsets(), sign * positions[held_out])
        assert len(rings.get_facecolors()) == 0  # the theme shows through
    assert siamese.get_title(loc="left") == "siamese embedding (t-SNE, trustworthiness 0.75)"
    labels = [text.get_text() for text in siamese.get_legend().get_texts()]
    assert labels[-1] == "ringed: held out from training"
    space_figure.plot_maps({"image": (positions, 0.5)}, themes, tmp_path)
    assert len(figures[1].axes[0].collections) == len(image.collections) - 1


@pytest.mark.parametrize("held", [0, 6])
def test_none_or_all_may_be_held_out(tmp_path: Path, held: int):
    themes, held_out = pd.Series(["sea"] * 6), np.arange(6) < held
    space_figure.plot_maps({"image": (np.eye(6, 2), 1.0)}, themes, tmp_path / "tsne.png", held_out)
    assert min(size(tmp_path / "tsne.png")) > 300


def test_table_of_maps():
    index = pd.DataFrame({"id": ["a", "b", "c"], "title": ["A", "B", "C"], "themes": [["sea"], [], ["hill", "sea"]]})
    rows, part = np.array([0, 2]), pd.Series(["train", "select", "held_out"])
    maps = {"image": (np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5), "siamese": (np.zeros((2, 2)), 0.5)}
    table = space_figure.map_table(index, rows, maps, s1=part)
    assert table.columns.tolist() == ["id", "title", "theme", "s1", "space", "x", "y"]
    assert table.iloc[:2].to_numpy().tolist() == [
        ["a", "A", "sea", "train", "image", 1, 2],
        ["c", "C", "hill", "held_out", "image", 3, 4],
    ]
    assert table["space"].tolist() == ["image"] * 2 + ["siamese"] * 2
    assert space_figure.map_table(index, rows, maps).columns.tolist() == ["id", "title", "theme", "space", "x", "y"]
