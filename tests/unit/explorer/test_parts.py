"""The parts of the explorer's folder, one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.explorer import alike, meaning, vocabulary
from artextract.explorer.cells import OVERVIEW, cell_order
from artextract.explorer.clusters import doubtful
from artextract.explorer.facets import Facet, century, readable, simple_medium
from artextract.explorer.folder import NONE, chunks
from artextract.explorer.gallery import title_of
from artextract.explorer.placing import ExistingMap, place
from artextract.explorer.positions import Frame, complete
from artextract.explorer.thumbnails import card, layout, palette, thumbnail
from artextract.explorer.works import secure

RNG = np.random.default_rng(7)
CENTRES = unit_rows(RNG.normal(size=(3, 20)))
PLACES = np.array([[-60.0, 0.0], [60.0, 10.0], [0.0, 70.0]])
WHICH = np.arange(90) % 3
VECTORS = unit_rows(CENTRES[WHICH] + RNG.normal(size=(90, 20)) * 0.08)
MAP = ExistingMap(VECTORS, PLACES[WHICH] + RNG.normal(size=(90, 2)) * 4)


def test_a_work_that_is_on_the_map_is_placed_where_it_is():
    assert np.allclose(place(VECTORS[:5], MAP), MAP.positions[:5])


def test_further_works_are_placed_among_works_like_them_and_the_map_stays():
    before = MAP.positions.copy()
    further = unit_rows(CENTRES[[0, 1, 2, 0]] + RNG.normal(size=(4, 20)) * 0.08)
    found = place(further, MAP)
    distance = np.linalg.norm(found[:, None] - PLACES, axis=2)
    assert (distance.argmin(axis=1) == [0, 1, 2, 0]).all() and distance.min(axis=1).max() < 20
    assert (MAP.positions == before).all()
    assert np.allclose(found[:1], place(further[:1], MAP), atol=1.0)  # works do not see each other


@pytest.mark.parametrize("n", [1, 2])
def test_on_a_map_of_one_or_two_works_the_place_is_that_of_the_nearest(n: int):
    few = ExistingMap(VECTORS[:n], MAP.positions[:n])
    assert np.allclose(place(VECTORS[3:4], few), MAP.positions[:1])
    assert place(VECTORS[:0], few).shape == (0, 2)


def test_works_beyond_the_mapped_ones_get_a_place():
    ids = pd.Series([f"w{i}" for i in range(90)])
    table = pd.DataFrame({"id": ids[:80], "x": MAP.positions[:80, 0], "y": MAP.positions[:80, 1]})
    found = complete(table, ids, VECTORS)
    assert np.allclose(found[:80], MAP.positions[:80]) and np.isfinite(found).all()
    assert (np.linalg.norm(found[80:, None] - PLACES, axis=2).argmin(axis=1) == WHICH[80:]).all()


def test_a_frame_keeps_the_aspect_and_has_an_inverse():
    frame = Frame.around(MAP.positions)
    inside = frame.inside(MAP.positions)
    assert inside.min() >= -1e-6 and inside.max() <= 1 + 1e-6
    again = Frame.read(frame.described()).outside(inside.astype(float))
    assert np.allclose(again, MAP.positions, atol=1e-4)
    assert np.allclose(Frame.around(np.zeros((1, 2))).inside(np.zeros((1, 2))), 0.5)


def test_the_overview_is_an_even_sample_and_every_work_has_one_cell():
    assert cell_order(np.zeros((OVERVIEW, 2))) is None
    places = np.random.default_rng(1).uniform(size=(6000, 2)).astype(np.float32)
    order = cell_order(places)
    assert order is not None and sorted(order) == list(range(6000))
    quarter = (places[order[:OVERVIEW]] > 0.5).all(axis=1).mean()
    assert quarter == pytest.approx((places > 0.5).all(axis=1).mean(), abs=0.02)
    rest = places[order[OVERVIEW:]]
    steps = np.linalg.norm(np.diff(rest, axis=0), axis=1)
    assert np.median(steps) < 0.05  # next to each other on the map


def test_shares_sum_to_one_and_name_what_is_alike():
    n = 60
    group = np.arange(n)
    same = unit_rows(RNG.normal(size=(n, 8)))
    other = unit_rows(RNG.normal(size=(n, 8)))
    same[1] = same[0]
    rows = np.full((n, 2), -1)
    rows[0], rows[2] = [1, 3], [4, -1]
    found = alike.shares({"palette": same, "subject": other}, rows, group, 0)
    assert found[0, 0, 0] > 0.5
    assert np.isin(found.sum(axis=2).round(5), (0, 1)).all() and (found[2, 1] == 0).all()


def test_alike_of_one_work_or_of_equal_works_is_no_traceback():
    one = np.ones((1, 4), dtype=np.float32) / 2
    assert (alike.shares({"palette": one}, np.array([[-1]]), np.array([0]), 0) == 0).all()
    equal = np.ones((3, 4), dtype=np.float32) / 2
    assert np.isfinite(alike.shares({"palette": equal}, np.array([[1], [2], [0]]), np.arange(3), 0)).all()


def test_palette_and_layout_see_colour_and_place():
    red, green = Image.new("RGB", (40, 30), (200, 20, 20)), Image.new("RGB", (40, 30), (20, 200, 20))
    assert palette(red) @ palette(red) == pytest.approx(1) and palette(red) @ palette(green) == 0
    left = Image.new("RGB", (40, 30))
    left.paste((255, 255, 255), (0, 0, 20, 30))
    assert not layout(red).any()
    assert layout(left) @ layout(left.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) < 0


def test_thumbnails_fit_into_their_cell():
    assert thumbnail(Image.new("RGB", (300, 100)), 64).size == (64, 21)
    assert thumbnail(Image.new("RGB", (10, 20)), 64).size == (10, 20)
    assert card(3000, 1, 64).size == (64, 1)


def test_facets_in_their_order():
    facet = Facet("a", "A", ["x", "y", "y", ""])
    assert facet.categories() == [("y", 2), ("x", 1)] and facet.codes().tolist() == [1, 0, 0, NONE]
    ordered = Facet("b", "B", ["x", "y", "y", ""], ["x", "z", "y"])
    assert ordered.categories() == [("x", 1), ("y", 2)] and ordered.codes().tolist() == [0, 1, 1, NONE]


@pytest.mark.parametrize(
    ("year", "name"),
    [
        (1, "1st century"), (100, "1st century"), (101, "2nd century"), (1066, "11th century"), (1900, "19th century"),
        (2001, "21st century"), (0, "1st century BC"), (-99, "1st century BC"), (-100, "2nd century BC"), (None, ""),
        (250, "3rd century"), (1250, "13th century"),
    ],
)  # fmt: skip
def test_centuries(year: int | None, name: str):
    assert century(year) == name


def test_terms_media_and_titles_for_people():
    assert readable("still_life") == "Still life" and readable("") == ""
    assert (
        simple_medium("oil on canvas, transferred") == "Oil on canvas"
        and simple_medium("Ink (brown) on paper") == "Ink"
    )
    assert title_of("Dutch/rembrandt_self-portrait-437397.jpg") == ("Self portrait", "Rembrandt")
    assert title_of("Realism/john-constable_the-hay-wain-1821.jpg") == ("The hay wain 1821", "John Constable")


def test_only_secure_links():
    assert secure(" http://a.example/x ") == "https://a.example/x"
    assert [secure(link) for link in ("javascript:alert(1)", "data:text/html,x", "//a.example", "")] == [""] * 4


def test_words_of_a_collection_the_frequent_ones_first():
    index = pd.DataFrame(
        {
            "title": ["The Sea", "Sea and Sky", "Über Éléonore 3", "<img onerror=x>"],
            "keywords": [["Low tide"], [], [], []],
        }
    )
    found = vocabulary.wanted_words(index)
    assert found[0] == "sea" and found[1] == vocabulary.motifs()[0]
    assert {"low tide", "über", "éléonore", "img"} <= set(found) and "3" not in found
    motifs = vocabulary.motifs()
    assert len(set(motifs)) > 300 and {"harbour", "dusk"} <= set(motifs)


def test_axes_of_the_works_find_what_the_whole_vectors_find():
    works = unit_rows(RNG.normal(size=(300, 12)) @ RNG.normal(size=(12, 400)))
    words = unit_rows(works[:40] + RNG.normal(size=(40, 400)).astype(np.float32) * 0.05)
    axes = meaning.principal_axes(works)
    assert axes.shape == (400, meaning.DIMENSIONS)
    assert meaning.recall(words, works, axes) > 0.9


def test_doubtful_attributions_find_their_rows_by_id():
    index = pd.DataFrame({"id": ["-1", "b"], "attribution": ["Ann", "Bo"]})
    line = {"id": "'-1", "score": 0.2, "evidence_own": 0.1, "evidence_other": 0.3, "nearest_other_painter": "Bo"}
    table = pd.DataFrame([line, line | {"id": "b", "score": -0.1}])
    found = doubtful(table, index)
    assert [(entry["row"], entry["looks_like"]) for entry in found] == [(0, "Bo")]


def test_chunks_cover_all_works():
    assert [(name, part.start, part.stop) for name, part in chunks(4001)] == [
        ("0000", 0, 2000), ("0001", 2000, 4000), ("0002", 4000, 4001),
    ]  # fmt: skip
    assert [name for name, _ in chunks(0)] == ["0000"]
