"""Sheets for people: pictures of a plausible size, whatever the works are called or shaped like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, JpegImagePlugin

from artextract.pictures.sheets import (
    ACCENT,
    GAP,
    MARGIN,
    PAPER,
    THUMB,
    Card,
    _lines,
    contact_sheet,
    retrieval_sheet,
    text_picture,
    thumbnail_map,
)

RED, BLUE = (200, 30, 30), (30, 30, 200)
LONG = "The Very Long and Winding Title of a Painting that Nobody Would Ever Want to Read to Its End " * 3


def card(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (60, 40), **changes: object) -> Card:
    texts: dict[str, object] = {"title": "Title", "artist": "Artist", "note": "0.93"}
    return Card(Image.new("RGB", size, colour), **(texts | changes))  # type: ignore[arg-type]


def read(path: Path) -> np.ndarray:
    """The written picture, (height, width, 3); a JPEG with full colour resolution, and the only file there."""
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with Image.open(path) as image:
        assert image.format == "JPEG" and JpegImagePlugin.get_sampling(image) == 0  # type: ignore[arg-type]
        return np.asarray(image.convert("RGB")).astype(int)


def near(picture: np.ndarray, colour: str | tuple[int, int, int], tolerance: int = 12) -> np.ndarray:
    """Where a picture has this colour, about: JPEG moves colours a little."""
    wanted = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    return np.logical_and.reduce(abs(picture - np.array(wanted)) <= tolerance, axis=2)


def test_retrieval_sheet_has_a_line_a_query_and_a_place_a_neighbour(tmp_path: Path):
    rows = [(card(), [card(BLUE)] * 3), (card(), [card(BLUE)])]
    retrieval_sheet(rows, "Similar by image", "How to read it", tmp_path / "sheet.jpg")
    picture = read(tmp_path / "sheet.jpg")
    assert picture.shape[1] == 2 * MARGIN + THUMB + 40 + 2 * GAP + 3 * (THUMB + GAP)
    red, blue = near(picture, RED), near(picture, BLUE)
    side = THUMB + 40
    assert red.sum() == pytest.approx(2 * side * round(side * 40 / 60), rel=0.02)
    assert blue.sum() == pytest.approx(4 * THUMB * round(THUMB * 40 / 60), rel=0.02)
    assert near(picture, PAPER).mean() > 0.4


def test_marked_cards_are_framed(tmp_path: Path):
    for marked in (False, True):
        path = tmp_path / str(marked) / "sheet.jpg"
        retrieval_sheet([(card(BLUE), [card(BLUE, marked=marked, note="")])], "", "", path)
        assert bool(near(read(path), ACCENT, 25).sum() > 1000) is marked


@pytest.mark.parametrize("neighbours", [[], [card()]])
def test_queries_without_neighbours(tmp_path: Path, neighbours: list[Card]):
    retrieval_sheet([(card(), []), (card(), neighbours)], "Title", "Subtitle", tmp_path / "sheet.jpg")
    assert near(read(tmp_path / "sheet.jpg"), RED).any()


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (8, 1), (9, 2), (24, 3)])
def test_contact_sheet_grows_by_lines(tmp_path: Path, count: int, lines: int):
    contact_sheet([card(size=(50, 50))] * count, "Cluster 1", "Subtitle", tmp_path / "sheet.jpg")
    picture = read(tmp_path / "sheet.jpg")
    assert picture.shape[1] == 2 * MARGIN + 8 * (THUMB + GAP) - GAP
    assert lines * THUMB < picture.shape[0] < lines * (THUMB + 120) + 200
    assert near(picture, RED).sum() == pytest.approx(count * THUMB * THUMB, rel=0.02)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        LONG.replace(" ", ""),
        "",
        " ",
        "\n\t",
        "麦畑 Äñ\u0301 \U0001f5bc",
        "<script>alert(1)</script>",
        "$x_1^2$ %s {}",
        "\0",
    ],
)
def test_any_title_can_be_written(tmp_path: Path, text: str):
    cards = [card(title=text, artist=text, note=text[:20])]
    retrieval_sheet([(cards[0], cards)], text[:60], text[:60], tmp_path / "a" / "sheet.jpg")
    contact_sheet(cards, text[:60], text[:60], tmp_path / "b" / "sheet.jpg")
    assert near(read(tmp_path / "a" / "sheet.jpg"), RED).any()
    assert near(read(tmp_path / "b" / "sheet.jpg"), RED).any()


def test_long_title_stays_over_its_own_picture(tmp_path: Path):
    """The second card's column is as empty below the first title's end as with a short title."""
    for title in ("T", LONG):
        contact_sheet([card(title=title, artist="")], "", "", tmp_path / title[:1] / title[:3] / "sheet.jpg")
    short, long = (read(tmp_path / t[:1] / t[:3] / "sheet.jpg") for t in ("T", LONG))
    assert short.shape == long.shape
    beyond = MARGIN + THUMB + GAP
    np.testing.assert_array_equal(near(long[:, beyond:], PAPER), near(short[:, beyond:], PAPER))


@given(st.text(max_size=200), st.integers(2, 30), st.integers(1, 3))
@hypothesis_settings(max_examples=200)
def test_lines_are_few_and_short(text: str, width: int, most: int):
    lines = _lines(text, width, most)
    assert 1 <= len(lines) <= most
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize("size", [(1, 1), (600, 1), (1, 600), (3000, 2), (7, 5000)])
def test_any_shape_can_be_shown(tmp_path: Path, size: tuple[int, int]):
    """A long scroll must not vanish, nor stop the sheet."""
    cards = [card(size=size)]
    contact_sheet(cards, "", "", tmp_path / "a" / "sheet.jpg")
    thumbnail_map([cards[0].image] * 3, np.eye(3)[:, :2], "", "", tmp_path / "b" / "map.jpg", side=300)
    assert near(read(tmp_path / "a" / "sheet.jpg"), RED, 40).any()
    assert near(read(tmp_path / "b" / "map.jpg"), RED, 40).any()


@pytest.mark.parametrize("n", [1, 2, 30])
def test_map_shows_every_work_once(tmp_path: Path, n: int):
    """Even where all have the same place."""
    image = Image.new("RGB", (40, 40), RED)
    for name, positions in (("same", np.zeros((n, 2))), ("apart", np.random.default_rng(0).normal(size=(n, 2)))):
        thumbnail_map([image] * n, positions, "Map", "Subtitle", tmp_path / name / "map.jpg", side=500)
        picture = read(tmp_path / name / "map.jpg")
        assert 450 <= picture.shape[1] <= 500
        cells = int(np.ceil(np.sqrt(1.4 * n)))
        thumb = (500 - 2 * MARGIN) // cells - 6
        assert near(picture, RED, 30).sum() == pytest.approx(n * thumb * thumb, rel=0.05)


def test_map_keeps_left_and_right_and_up(tmp_path: Path):
    images = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    thumbnail_map(images, np.array([[-1.0, -1.0], [1.0, 1.0]]), "", "", tmp_path / "map.jpg", side=400)
    picture = read(tmp_path / "map.jpg")
    red, blue = (np.argwhere(near(picture, colour, 30)).mean(0) for colour in (RED, BLUE))
    assert blue[0] < red[0] and red[1] < blue[1]  # y grows upwards on a map, downwards in a picture


def test_same_bytes_from_run_to_run(tmp_path: Path):
    for name in ("a", "b"):
        contact_sheet([card(), card(BLUE)], "T", "S", tmp_path / name / "sheet.jpg")
    assert (tmp_path / "a" / "sheet.jpg").read_bytes() == (tmp_path / "b" / "sheet.jpg").read_bytes()


def test_a_line_without_a_query_continues_the_one_above(tmp_path: Path):
    retrieval_sheet([(card(RED), [card(BLUE)]), (None, [card(BLUE)])], "Search", "", tmp_path / "s" / "sheet.jpg")
    red = near(read(tmp_path / "s" / "sheet.jpg"), RED)
    assert red.any() and not red[red.shape[0] // 2 :].any()


@pytest.mark.parametrize("text", ["harbour", "a harbour at dusk", "", LONG, "W" * 90, "麦畑"])
def test_words_fit_their_picture(text: str):
    picture = np.asarray(text_picture(text, 190)).astype(int)
    assert picture.shape == (190, 190, 3)
    ink = np.argwhere(picture.sum(axis=2) < 300)
    assert bool(len(ink)) == bool(text)
    assert ink.size == 0 or (ink.min() > 4 and ink.max() < 185)
