"""From index and embeddings to what a curator looks at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.pictures.sheets import Card
from artextract.similarity.evaluation import examples as showing
from tests.museum import gallery

LONG = "A Title That Goes On and On " * 20


def size(path: Path) -> tuple[int, int]:
    """Width and height of a picture that decodes in full."""
    with Image.open(path) as image:
        assert image.format == {".png": "PNG", ".jpg": "JPEG"}[path.suffix]
        image.load()
        return image.size


@pytest.fixture
def sheet(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What is handed over for drawing, instead of drawing it."""
    handed: list[tuple] = []
    monkeypatch.setattr(showing, "retrieval_sheet", lambda *args: handed.append(args))
    return handed


def test_queries_are_drawn_by_the_seed_without_repetition():
    index = pd.DataFrame(index=range(50))
    queries = showing.choose_queries(index, 10, 3)
    assert len(set(queries.tolist())) == 10 and (np.diff(queries) > 0).all()
    np.testing.assert_array_equal(queries, showing.choose_queries(index, 10, 3))
    assert not np.array_equal(queries, showing.choose_queries(index, 10, 4))
    assert showing.choose_queries(index, 99, 0).tolist() == list(range(50))


def test_examples_show_the_nearest_with_their_scores_and_mark_the_painter(tmp_path: Path, sheet: list[tuple]):
    index, reader = gallery(tmp_path, ["zero", "one", "two", "three"])
    angle = np.deg2rad([0, 60, 25, 90])
    embedding = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    showing.draw_examples(index, reader, embedding, np.array([0, 3]), 2, "image", tmp_path / "x.jpg")
    ((lines, title, subtitle, path),) = sheet
    assert title == "Similar by image" and "2 nearest" in subtitle and path == tmp_path / "x.jpg"
    shown = [(query.title, [(c.title, c.note, c.marked) for c in cards]) for query, cards in lines]
    assert shown == [
        ("zero", [("two", "0.91 same painter", True), ("one", "0.50", False)]),
        ("three", [("one", "0.87 same painter", True), ("two", "0.42", False)]),
    ]
    assert isinstance(lines[0][0], Card) and lines[0][0].image.size == reader.image(0).size


def test_a_known_painter_beside_an_unknown_one(tmp_path: Path, sheet: list[tuple]):
    """Read from Parquet, an unknown painter is NA, which is neither equal nor unequal to a name."""
    index, reader = gallery(tmp_path, ["zero", "one"])
    index["artist"] = pd.array(["7", None], dtype="string")
    showing.draw_examples(index, reader, np.eye(2, dtype=np.float32), np.array([0, 1]), 1, "image", tmp_path / "x.jpg")
    assert [card.marked for _, cards in sheet[0][0] for card in cards] == [False, False]


def test_unknown_painters_are_not_the_same_painter(tmp_path: Path, sheet: list[tuple]):
    index, reader = gallery(tmp_path, ["zero", "one"])
    index["artist"] = pd.array([None, None], dtype="string")
    showing.draw_examples(index, reader, np.eye(2, dtype=np.float32), np.array([0]), 1, "title", tmp_path / "x.jpg")
    assert [c.marked for c in sheet[0][0][0][1]] == [False]


@pytest.mark.parametrize(("n", "k"), [(1, 3), (2, 10), (5, 10)])
def test_more_neighbours_than_works(tmp_path: Path, n: int, k: int):
    index, reader = gallery(tmp_path, [LONG] * n)
    embedding = unit_rows(np.random.default_rng(0).normal(size=(n, 4)))
    showing.draw_examples(index, reader, embedding, np.arange(n), k, "image", tmp_path / "x.jpg")
    width, height = size(tmp_path / "x.jpg")
    assert 200 < width < 2500 and n * 200 < height < n * 400 + 200


def test_works_that_are_all_one_group_have_no_neighbours(tmp_path: Path, sheet: list[tuple]):
    index, reader = gallery(tmp_path, ["a", "b"])
    one = index.assign(group=0)
    showing.draw_examples(one, reader, np.eye(2, dtype=np.float32), np.array([0, 1]), 5, "image", tmp_path / "x.jpg")
    assert [cards for _, cards in sheet[0][0]] == [[], []]


# --- clusters


# --- maps
