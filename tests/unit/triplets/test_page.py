"""The page in a browser: what it shows, what it records, and what it must not give away."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.triplets import page as pages
from artextract.triplets.answers import COLUMNS, read_answers
from artextract.triplets.page import SIDE, inlined, page_name, triplets_page
from tests.browser import Visit, chromium, file_url
from tests.unit.triplets.people_toys import WORKS, triplets

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IDS = pd.Series([f"{500 + i}" for i in range(WORKS)])
COUNT, REPEATS = 20, 2
ASKED = triplets(COUNT)


def picture(row: int) -> Image.Image:
    return Image.fromarray(np.full((40 + row % 3 * 20, 60, 3), row % 250, dtype=np.uint8))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("triplets") / "triplets.html"
    path.write_text(triplets_page(ASKED, IDS, picture, 5), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def start(browser: Browser, page: Path, rater: str, **context: object) -> Visit:
    visit = Visit(browser, file_url(page), 1100, "#start", **context)
    visit.page.fill("#rater", rater)
    visit.page.click("text=Start")
    return visit


def saved(visit: Visit, folder: Path, button: str = "#save") -> Path:
    with visit.page.expect_download() as download:
        visit.page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def answer(visit: Visit, keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press({"<": "ArrowLeft", ">": "ArrowRight", "u": "Backspace"}[key])


def test_images_are_small_and_carry_no_metadata():
    photo = Image.fromarray(np.zeros((1200, 900, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Painted by somebody"
    photo.save(buffer, "JPEG", exif=exif)
    small = Image.open(io.BytesIO(base64.b64decode(inlined(Image.open(buffer)).split(",")[1])))
    assert small.size == (SIDE * 3 // 4, SIDE) and not small.getexif()


def test_what_is_asked_names_the_page():
    assert re.fullmatch("[0-9a-f]{12}", page_name(ASKED, IDS))
    assert page_name(ASKED, IDS) == page_name(triplets(COUNT), IDS) != page_name(triplets(COUNT, seed=1), IDS)


def test_too_many_triplets_and_too_large_pages_are_refused(monkeypatch: pytest.MonkeyPatch):
    many = pd.concat([ASKED] * 60, ignore_index=True)
    with pytest.raises(ArtExtractError, match="1,200 triplets are more than a person answers"):
        triplets_page(many, IDS, picture, 0)
    monkeypatch.setattr(pages, "MOST_BYTES", 10_000)
    with pytest.raises(ArtExtractError, match="the page would have 0 MB"):
        triplets_page(ASKED, IDS, picture, 0)


def test_the_page_needs_no_network_and_has_only_the_works_that_are_asked(page: Path):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://", text)
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    shown = set(ASKED[["query", "first", "second"]].to_numpy().ravel().tolist())
    assert set(data["images"]) == {IDS[row] for row in shown}
    assert set(data) == {"page", "seed", "images", "triplets"}


def test_no_id_ends_the_script_that_holds_the_data():
    hostile = IDS.map(lambda name: f"<!--<script>{name}</script><img src=x onerror=alert(1)>")
    text = triplets_page(ASKED, hostile, picture, 0)
    data = re.search(r'id="data">(.*?)</script>', text, re.S)[1]  # type: ignore[index]
    assert "<" not in data and set(json.loads(data)["images"]) <= set(hostile)


@pytest.mark.slow
def test_a_rater_answers_everything_and_saves(browser: Browser, page: Path, tmp_path: Path):
    visit = start(browser, page, "Ann B.")
    assert visit.texts("#done") == [f"0 of {COUNT + REPEATS}"]
    assert visit.page.locator("#undo").is_disabled() and visit.page.locator("#save").is_disabled()
    visit.page.click("#left")
    answer(visit, ">u<" + ">" * (COUNT + REPEATS - 2))
    assert visit.page.locator("#end").is_visible() and not visit.page.locator("#ask").is_visible()
    path = saved(visit, tmp_path, "#save-at-end")
    assert path.name == f"answers-{page_name(ASKED, IDS)}-Ann_B_.csv"
    table = pd.read_csv(path, dtype=str)
    assert table.columns.tolist() == COLUMNS and len(table) == COUNT + REPEATS
    assert set(table["rater"]) == {"Ann B."} and set(table["seed"]) == {"5"}
    assert table["chosen"].tolist() == ["left", "left"] + ["right"] * (COUNT + REPEATS - 2)
    assert (table["seconds"].astype(float) >= 0).all()
    read = read_answers([path], IDS)
    assert set(map(tuple, read[["query", "first", "second"]].to_numpy().tolist())) == {
        (q, min(a, b), max(a, b)) for q, a, b in ASKED[["query", "first", "second"]].to_numpy().tolist()
    }
    assert visit.refused == [] and visit.messages == []


@pytest.mark.slow
def test_repeats_come_later_with_the_sides_swapped(browser: Browser, page: Path, tmp_path: Path):
    visit = start(browser, page, "repeat")
    answer(visit, "<" * (COUNT + REPEATS))
    table = pd.read_csv(saved(visit, tmp_path, "#save-at-end"), dtype=str)
    again = table[table["repeat"] == "1"]
    assert set(again["triplet"].astype(int)) == set(ASKED.loc[ASKED["repeated"], "triplet"])
    for _, row in again.iterrows():
        first = table[(table["triplet"] == row["triplet"]) & (table["repeat"] == "0")].iloc[0]
        assert int(first["position"]) < (COUNT + REPEATS) / 2 <= int(row["position"])
        assert (first["left"], first["right"]) == (row["right"], row["left"])
    swapped = table[table["repeat"] == "0"].merge(
        ASKED.assign(triplet=ASKED["triplet"].astype(str), expected=IDS[ASKED["first"]].to_numpy()), on="triplet"
    )
    assert 0 < (swapped["left"] == swapped["expected"]).sum() < COUNT  # sides are random


@pytest.mark.slow
def test_the_page_shows_what_it_records(browser: Browser, page: Path, tmp_path: Path):
    visit = start(browser, page, "shown")
    data = json.loads(visit.page.locator("#data").text_content() or "")
    seen = [
        [visit.page.locator(f"#{place} img").get_attribute("src") for place in ("query", "left", "right")],
    ]
    answer(visit, "<")
    row = pd.read_csv(saved(visit, tmp_path), dtype=str).iloc[0]
    assert seen[0] == [data["images"][row[name]] for name in ("query", "left", "right")]
    assert visit.page.locator("#ask").inner_text().count("500") == 0  # no id of a work is shown


@pytest.mark.slow
def test_raters_see_another_order_and_one_rater_always_the_same(browser: Browser, page: Path, tmp_path: Path):
    orders = []
    for i, name in enumerate(["one", "two", "one"]):
        visit = start(browser, page, name)
        answer(visit, "<" * 6)
        (tmp_path / str(i)).mkdir()
        orders.append(pd.read_csv(saved(visit, tmp_path / str(i)))["triplet"].tolist())
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.slow
def test_answers_are_there_after_a_reload(browser: Browser, page: Path):
    visit = start(browser, page, "back")
    answer(visit, "<><")
    visit.page.reload()
    assert visit.page.input_value("#rater") == "back"
    visit.page.click("text=Start")
    assert visit.texts("#done") == [f"3 of {COUNT + REPEATS}"]
    answer(visit, "uu")
    assert visit.texts("#done") == [f"1 of {COUNT + REPEATS}"]


@pytest.mark.slow
def test_a_key_that_is_held_down_is_one_answer_and_names_are_checked(browser: Browser, page: Path):
    visit = start(browser, page, "=cmd()")
    assert visit.page.locator("#start").is_visible()  # a spreadsheet would run it
    visit.page.fill("#rater", "ok")
    visit.page.click("text=Start")
    visit.page.keyboard.down("ArrowLeft")
    visit.page.keyboard.down("ArrowLeft")  # Playwright sends it as a repeat
    visit.page.keyboard.up("ArrowLeft")
    assert visit.texts("#done") == [f"1 of {COUNT + REPEATS}"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1100, 700), (390, 800)])
def test_everything_fits_on_the_screen(browser: Browser, page: Path, width: int, height: int):
    visit = start(browser, page, "fits")
    visit.page.set_viewport_size({"width": width, "height": height})
    assert visit.beyond_the_right_edge() == []
    assert visit.page.evaluate("document.documentElement.scrollHeight") <= height
    for place in ("query", "left", "right"):
        box = visit.page.locator(f"#{place} img").bounding_box()
        assert box is not None and box["height"] > 100 and box["y"] + box["height"] <= height
