"""t-SNE maps as a table and as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.compute import unit_rows
from artextract.similarity.evaluation import maps
from artextract.similarity.evaluation import maps as space_figure
from artextract.similarity.evaluation.clusters import cluster
from artextract.similarity.evaluation.maps import reduce, sample_rows, tsne_map, tsne_maps
from tests.museum import gallery
from tests.tiers import later
from tests.unit.similarity.evaluation.test_examples import size

RNG = np.random.default_rng(0)
BLOBS = np.repeat([0, 1, 2], [12, 9, 5])
POINTS = unit_rows(np.eye(8)[BLOBS] + RNG.normal(0, 0.05, (26, 8)))


def test_first_theme():
    index = pd.DataFrame({"themes": [["sea", "war"], [], np.array(["hill"], dtype=object)]})
    assert space_figure.first_theme(index).tolist() == ["sea", "none", "hill"]


@pytest.mark.slow
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


def test_held_out_works_are_ringed_in_the_panel_of_their_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(space_figure, "save", lambda figure, path: figures.append(figure))
    positions = np.arange(12.0).reshape(6, 2)
    held_out = np.array([False, True, False, False, True, False])
    themes = pd.Series(["sea", "none", "hill"] * 2)
    maps = {"image": (positions, 0.5), "siamese": (-positions, 0.75)}
    space_figure.plot_maps(maps, themes, tmp_path, {"siamese": held_out})
    image, siamese = figures[0].axes
    rings = siamese.collections[-1]
    np.testing.assert_array_equal(rings.get_offsets(), -positions[held_out])
    assert len(rings.get_facecolors()) == 0  # the theme shows through
    assert len(image.collections) == len(siamese.collections) - 1 and image.get_xlabel() == ""
    assert siamese.get_xlabel() == "Ringed: works held out from the siamese training."
    assert siamese.get_title(loc="left") == "siamese embedding (t-SNE, trustworthiness 0.75)"


@pytest.mark.parametrize("held", [0, 6])
def test_none_or_all_may_be_held_out(tmp_path: Path, held: int):
    themes, held_out = pd.Series(["sea"] * 6), np.arange(6) < held
    space_figure.plot_maps({"image": (np.eye(6, 2), 1.0)}, themes, tmp_path / "tsne.png", {"image": held_out})
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


@pytest.mark.parametrize("n", [1, 5])
def test_map_of_the_paintings(tmp_path: Path, n: int):
    _, reader = gallery(tmp_path, ["t"] * n)
    maps.draw_map(reader, np.arange(n), np.random.default_rng(0).normal(size=(n, 2)), tmp_path / "map.jpg")
    width, height = size(tmp_path / "map.jpg")
    assert 1300 < width <= 1500 and 1300 < height < 1700


def test_map_of_a_sample_shows_these_works_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _, reader = gallery(tmp_path, ["t"] * 6)
    handed: list[tuple] = []
    monkeypatch.setattr(maps, "thumbnail_map", lambda *args: handed.append(args))
    maps.draw_map(reader, np.array([1, 4]), np.zeros((2, 2)), tmp_path / "map.jpg")
    maps.draw_map(reader, np.arange(6), np.zeros((6, 2)), tmp_path / "map.jpg")
    assert [image.size for image in handed[0][0]] == [reader.image(1).size, reader.image(4).size]
    assert "2 of 6 works, drawn at random" in handed[0][3] and "drawn at random" not in handed[1][3]


def test_reduction_keeps_all_distances_where_it_keeps_all_dimensions():
    reduced = reduce(POINTS, 0)
    assert reduced.shape == (26, 8)
    distance = [np.linalg.norm(x[:, None] - x[None, :], axis=2) for x in (POINTS, reduced)]
    np.testing.assert_allclose(*distance, atol=1e-5)


def test_reduction_of_many_works_is_the_same(monkeypatch: pytest.MonkeyPatch):
    points = RNG.normal(size=(90, 70)) * np.linspace(3, 0.2, 70)
    one = reduce(points, 0)
    monkeypatch.setattr(maps, "DECOMPOSED", 89)
    monkeypatch.setattr(maps, "ROWS", 40)
    other = reduce(points, 0)
    assert other.shape == (90, 50) and other.dtype == np.float32
    np.testing.assert_allclose(other @ other.T, one @ one.T, atol=1e-3)


def test_reduction_is_bounded():
    assert reduce(RNG.normal(size=(70, 90)), 0).shape == (70, 50)
    assert reduce(RNG.normal(size=(7, 90)), 0).shape == (7, 7)


@pytest.mark.slow
def test_map_shows_the_blobs_and_says_how_far_to_trust_it():
    positions, trust = tsne_map(POINTS, 5, 0)
    assert positions.shape == (26, 2) and 0.8 < trust <= 1
    distance = np.linalg.norm(positions[:, None] - positions[None, :], axis=2) + np.diag(np.full(26, np.inf))
    assert (BLOBS[distance.argmin(1)] == BLOBS).all()
    again, _ = tsne_map(POINTS, 5, 0)
    np.testing.assert_array_equal(positions, again)


def slow_trust(cosine: np.ndarray, positions: np.ndarray, k: int) -> float:
    """Trustworthiness from its definition (Venna and Kaski 2001): neighbours on the map that are far in the space."""
    n, penalty = len(cosine), 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        by_space = sorted(others, key=lambda j: -cosine[i, j])
        by_map = sorted(others, key=lambda j: float(((positions[i] - positions[j]) ** 2).sum()))
        penalty += sum(max(0, by_space.index(j) + 1 - k) for j in by_map[:k])
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty


def test_trustworthiness_compares_the_map_with_the_space_and_not_with_itself():
    """Points in twenty directions do not fit a plane: a map of them must lose something."""
    points = unit_rows(RNG.normal(size=(40, 20)))
    positions, trust = tsne_map(points, 5, 0)
    assert trust == pytest.approx(slow_trust(points @ points.T, positions, 10), abs=1e-6)
    assert trust < 0.95


def test_sample_of_rows_is_all_where_it_fits():
    assert sample_rows(5, 5, 0).tolist() == sample_rows(5, 9, 0).tolist() == [0, 1, 2, 3, 4]
    some = sample_rows(50, 7, 3)
    assert len(set(some.tolist())) == 7 and (np.diff(some) > 0).all()
    assert some.tolist() == sample_rows(50, 7, 3).tolist() != sample_rows(50, 7, 4).tolist()
    assert sample_rows(0, 3, 0).tolist() == []


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3, later(9)])
def test_maps_of_any_number_of_spaces(n: int):
    spaces = {"image": POINTS, "title": POINTS[:, :3], "siamese": POINTS[:, ::-1]}
    rows = sample_rows(26, n, 0)
    maps = tsne_maps(spaces, rows, 15, 0)
    assert list(maps) == list(spaces)
    for name, (positions, trust) in maps.items():
        assert positions.shape == (n, 2) and 0 <= trust <= 1
        np.testing.assert_array_equal(positions, tsne_map(spaces[name][rows], 15, 0)[0])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 12])
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_equal_embeddings_have_a_map_and_one_cluster(n: int, value: float):
    """t-SNE started from 0 / 0 and ended the process by a segmentation fault."""
    same = np.full((n, 4), value, np.float32)
    positions, trust = tsne_map(same, 30.0, 0)
    assert positions.shape == (n, 2) and np.isfinite(positions).all() and trust == 1
    assert not cluster(same, 5, 0).any()
