"""The explorer in a browser: what it shows is what the numbers say, and nothing leaves the machine."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from PIL import Image

from artextract.explorer.page import write_page
from tests.browser import Visit, chromium
from tests.explorer_page_toys import HOSTILE, PAINTERS, Toy, served, write_folder
from tests.tiers import later

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
N = 60
ROWS = """[...document.querySelectorAll("%s")].map((one) => +one.dataset.row)"""
SHOWN = (  # what a link must bring back
    "document.querySelector('#work-title').textContent",
    "document.querySelector('#count').textContent",
    "document.querySelector('[data-map=title]').ariaPressed",
    "document.querySelector('#panel input[type=range]').value",
)
Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Toy]:
    folder = tmp_path_factory.mktemp("explorer")
    toy = write_folder(folder, N)
    write_page(folder)
    return folder, toy


@pytest.fixture(scope="module")
def made(written: tuple[Path, Toy]) -> Path:
    return written[0]


@pytest.fixture(scope="module")
def address(made: Path) -> Iterator[str]:
    with served(made) as where:
        yield where


@pytest.fixture(scope="module")
def toy(written: tuple[Path, Toy]) -> Toy:
    return written[1]


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Opens a view of the page; at the end, no visit may have asked another machine or complained."""
    visits: list[Visit] = []

    def open_view(view: str = "", width: int = 1280, **context: object) -> Visit:
        visits.append(Visit(browser, address + view, width, "body[data-ready]", **context))
        return visits[-1]

    yield open_view
    for visit in visits:
        assert visit.refused == []
        assert visit.messages == []
        visit.page.close()


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def test_map_paints_thumbnails_and_asks_nobody_else(opened: Open) -> None:
    visit = opened()
    visit.until("Number(document.querySelector('#map').dataset.thumbs) > 20")
    colours = visit.page.evaluate("""() => {
        const canvas = document.querySelector('#map canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const seen = new Set();
        for (let i = 0; i < pixels.length; i += 4) {
            if (pixels[i + 3] === 255) seen.add(pixels.slice(i, i + 3).map((one) => one >> 4).join());
        }
        return seen.size;
    }""")
    assert colours > 20
    assert visit.texts("#count") == ["60 works"]


def test_click_opens_the_work_and_its_nearest_are_those_of_numpy(opened: Open, toy: Toy) -> None:
    visit = opened()
    visit.until("Number(document.querySelector('#map').dataset.thumbs) > 20")
    row = alone(toy)
    visit.page.mouse.click(*place(visit, toy, row))
    assert nearest(visit, "image") == toy.found["image"][row].tolist()
    assert nearest(visit, "title") == toy.found["title"][row].tolist()
    assert nearest(visit, "subject") == toy.found["subject-50"][row].tolist()
    assert f"work=w{row}" in visit.page.url


def test_tap_on_a_phone_opens_a_sheet(opened: Open, toy: Toy) -> None:
    visit = opened("", 390, has_touch=True, is_mobile=True)
    visit.until("Number(document.querySelector('#map').dataset.thumbs) > 10")
    visit.page.touchscreen.tap(*place(visit, toy, alone(toy)))
    assert nearest(visit, "image") == toy.found["image"][alone(toy)].tolist()
    sheet, map_ = (visit.page.locator(one).bounding_box() for one in ("#panel", "#map"))
    assert sheet and map_
    assert sheet["y"] >= map_["y"] + map_["height"] - 20
    visit.page.get_by_role("button", name="Close", exact=True).click()
    visit.until("document.querySelector('#panel').hidden")


def place(visit: Visit, toy: Toy, row: int) -> tuple[float, float]:
    """Where the first map shows a work, before any zooming: the map's square fills 90% of the smaller side."""
    box = visit.page.locator("#map").bounding_box()
    assert box
    k = min(box["width"], box["height"]) * 0.9
    x = box["x"] + (box["width"] - k) / 2 + toy.positions[row, 0] * k
    y = box["y"] + (box["height"] - k) / 2 + toy.positions[row, 1] * k
    return float(x), float(y)


def alone(toy: Toy) -> int:
    """The work that is farthest from its nearest neighbour on the map, away from the controls."""
    distances = np.linalg.norm(toy.positions[:, None] - toy.positions[None], axis=2) + np.eye(N) * 9
    inside = (np.abs(toy.positions - 0.5) < 0.35).all(axis=1)
    return int(np.argmax(np.where(inside, distances.min(axis=1), 0)))


def nearest(visit: Visit, space: str) -> list[int]:
    cards = f'.found[data-space="{space}"] .card'
    visit.page.wait_for_selector(cards)
    return rows_of(visit, cards)


def rows_of(visit: Visit, cards: str) -> list[int]:
    return visit.page.evaluate(ROWS % cards.replace('"', "'"))


def shows(visit: Visit, cards: str, rows: list[int]) -> None:
    """Wait until the cards are those of the rows, in order."""
    visit.until(f"{ROWS % cards}.join() === '{','.join(map(str, rows))}'")


def test_slider_from_look_to_subject(opened: Open, toy: Toy) -> None:
    visit = opened("#work=w7")
    for step, percent in ((0, 0), (4, 100)):
        visit.page.locator('#panel input[type="range"]').fill(str(step))
        expected = toy.found[f"subject-{percent}"][7].tolist()
        shows(visit, ".found[data-space=subject] .card", expected)
    assert toy.found["subject-0"][7].tolist() == toy.found["image"][7].tolist()


def test_reason_in_words(opened: Open) -> None:
    visit = opened("#work=w7")
    visit.page.wait_for_selector(".reason")
    assert set(visit.texts(".reason")) == {"mostly palette, some texture"}


SEARCHES = [
    ("titles", "eglise nature", 2),  # accents do not matter, nor does the order
    ("titles", "horsse numbr 50", 50),
    ("title", "apple", 13),
    ("words", "horse", 9),  # what pictures show is one word further in this toy
    ("title", "still life", 14),
]


def test_search_in_titles_and_by_meaning(opened: Open) -> None:
    visit = opened()
    for way, words, row in SEARCHES:
        visit.page.select_option("#search select", way)
        visit.page.fill("#q", words)
        visit.until(f"{ROWS % '#panel .card'}.slice(0, 12).includes({row})")
        visit.until(f"location.hash.includes('q={words.split()[0]}')")
        if way != "titles":
            assert {one % 5 for one in rows_of(visit, "#panel .card")[:12]} == {row % 5}


def test_unknown_words_are_named(opened: Open) -> None:
    visit = opened("#q=zeppelin+horse&by=title")
    visit.page.wait_for_selector("#panel .found .card")
    assert "Not in the vocabulary: zeppelin" in visit.page.inner_text("#panel")


def test_filters_count_what_they_leave(opened: Open, toy: Toy) -> None:
    visit = opened()
    visit.page.get_by_role("checkbox", name="Berthe Morisot").check()
    visit.page.get_by_label(PAINTERS[4]).check()
    of_both = np.isin(toy.painter, [1, 4])
    assert visit.texts("#count") == [f"{of_both.sum()} of 60 works"]
    century = np.array([(year or 0) // 100 == 17 for year in toy.years])
    line = visit.page.locator(".categories li", has_text="18th century")
    assert line.locator(".number").inner_text() == str((of_both & century).sum())
    visit.page.fill("#year-from", "1700")
    visit.page.fill("#year-to", "1799")
    visit.page.keyboard.press("Tab")
    visit.until(f"document.querySelector('#count').textContent.startsWith('{(of_both & century).sum()} of')")
    visit.page.get_by_role("button", name="Clear all").click()
    assert visit.texts("#count") == ["60 works"]


def test_link_shows_the_same_view_and_the_back_button_works(opened: Open) -> None:
    visit = opened("#map=title&work=w7&subject=75&f.painter=Berthe+Morisot&from=1550&colour=century&x=0.4&y=0.6&z=3")
    before = visit.page.url
    state = f"[{', '.join(SHOWN)}]"
    visit.page.wait_for_selector("#work-title")
    shown = visit.page.evaluate(state)
    assert shown[0] == "Saint number 7"
    assert shown[2:] == ["true", "3"]
    visit.page.reload()
    visit.page.wait_for_selector("#work-title")
    assert visit.page.evaluate(state) == shown
    assert visit.page.url == before
    visit.page.locator('.found[data-space="image"] .card').first.click()
    visit.until("document.querySelector('#work-title').textContent !== 'Saint number 7'")
    visit.page.go_back()
    visit.until("document.querySelector('#work-title').textContent === 'Saint number 7'")


def test_addresses_that_make_no_sense_show_the_collection(opened: Open) -> None:
    nonsense = "#work=none&with=w3&view=nowhere&map=flat&x=far&z=-5&f.__proto__=a&f.none=b&colour=loud"
    visit = opened(f"{nonsense}&subject=1e9&sel=x,w1,,w1&constructor=1")
    visit.until("Number(document.querySelector('#map').dataset.thumbs) > 20")
    assert visit.texts("#count") == ["60 works"]
    visit.page.evaluate("location.hash = '#%E0%A4%A&q=%'")
    visit.until("document.querySelector('#q').value === '%'")


def test_titles_are_text_and_links_are_https(opened: Open) -> None:
    visit = opened("#work=w0")
    visit.page.wait_for_selector("#work-title")
    assert visit.page.locator("#work-title").text_content() == HOSTILE
    assert visit.page.locator('img[src="x"], #panel script, #panel a').count() == 0
    assert visit.page.title() == f"{HOSTILE} - Toys & <b>games</b>"
    visit.page.evaluate("location.hash = '#work=w4'")
    visit.page.wait_for_selector("#panel a")
    assert visit.page.locator("#panel a").get_attribute("href") == "https://museum.example/4"
    assert "noopener" in (visit.page.locator("#panel a").get_attribute("rel") or "")


def test_selection_leaves_as_csv_and_iiif(opened: Open, tmp_path: Path, toy: Toy) -> None:
    visit = opened("#view=table&sel=w0,w1,w2,w4")
    text = downloaded(visit, "Table (CSV)", tmp_path).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["id"] for row in rows] == ["w0", "w1", "w2", "w4"]
    assert [row["title"] for row in rows] == [HOSTILE, "'=2+3, a formula", *(toy.titles[i] for i in (2, 4))]
    assert rows[1]["Room"] == "room 1"
    manifest = json.loads(downloaded(visit, "IIIF manifest", tmp_path).read_text(encoding="utf-8"))
    assert manifest["type"] == "Manifest"
    assert manifest["@context"] == "http://iiif.io/api/presentation/3/context.json"
    titles = [canvas["label"]["none"][0] for canvas in manifest["items"]]
    assert titles == [toy.titles[row] for row in (0, 1, 4)]  # w2 may not be shown
    assert "1 work without a picture that may be shown is left out" in visit.page.inner_text("#table")
    last = manifest["items"][-1]
    body = last["items"][0]["items"][0]["body"]
    assert visit.page.request.get(body["id"]).ok
    assert last["items"][0]["items"][0]["target"] == last["id"]
    assert last["requiredStatement"]["value"] == {"none": ["A museum, CC0"]}
    assert "homepage" not in manifest["items"][0]
    assert last["homepage"][0]["id"] == "https://museum.example/4"


def downloaded(visit: Visit, button: str, folder: Path) -> Path:
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_names_of_clusters(opened: Open, tmp_path: Path) -> None:
    visit = opened("#view=clusters")
    name = 'Dark: "half-lengths" – ночь'
    visit.page.get_by_label("Name of Cluster 2").fill(name)
    visit.page.keyboard.press("Tab")
    visit.page.wait_for_selector("text=Kept in this browser. Download")
    path = downloaded(visit, "Download names", tmp_path)
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {"w1": name}
    visit.page.reload()
    visit.page.wait_for_selector(".cluster input")
    assert visit.page.get_by_label("Name of Cluster 2").input_value() == name


def test_lists_and_errors(opened: Open) -> None:
    visit = opened("#view=copies")
    visit.page.wait_for_selector(".entry .card")
    rows = rows_of(visit, "#copies .card")
    assert rows == [4, 5, 6, 7, 8]
    visit.page.get_by_role("button", name="Attribution").click()
    visit.page.get_by_role("button", name="Works by both").click()
    assert visit.texts("#count") == ["24 of 60 works"]
    visit.page.get_by_role("button", name="Classification").click()
    visit.page.wait_for_selector(".matrix")
    assert "2 of 5 validation works are right" in visit.page.inner_text("#errors")
    visit.page.get_by_role("button", name="2 works: portrait, predicted still life").click()
    assert visit.texts(".mistake .name") == ["Case 1", "Case 2"]
    assert visit.texts(".mistake > .unsure") == ["unsure"]


def test_two_works_are_compared_at_the_same_scale(opened: Open) -> None:
    visit = opened("#work=w4&with=w5")
    visit.page.wait_for_selector("dialog[data-ready] canvas")
    assert visit.page.locator("dialog canvas").count() == 2
    assert visit.texts("dialog figcaption strong") == ["Still life number 4", "Horse number 5"]
    visit.page.keyboard.press("Escape")
    visit.until("!location.hash.includes('with=')")


def test_keyboard_alone(opened: Open) -> None:
    visit = opened()
    visit.page.focus("#map")
    visit.page.keyboard.press("ArrowRight")
    visit.until("document.querySelector('#spoken').textContent.length > 5")
    visit.page.keyboard.press("+")
    visit.until("location.hash.includes('z=1.5')")
    visit.page.keyboard.press(" ")
    visit.page.keyboard.press("Enter")
    visit.until("document.activeElement.id === 'panel'")
    assert "Light table (1)" in visit.texts("#views button")
    visit.page.keyboard.press("Escape")
    visit.until("document.activeElement.id === 'map' && document.querySelector('#panel').hidden")


def test_lasso(opened: Open) -> None:
    visit = opened()
    visit.page.get_by_role("button", name="Lasso").click()
    box = visit.page.locator("#map").bounding_box()
    assert box
    left, top = box["x"] + 4, box["y"] + 60
    right, bottom = box["x"] + box["width"] - 4, box["y"] + box["height"] - 60
    visit.page.mouse.move(left, top)
    visit.page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        visit.page.mouse.move(x, y, steps=4)
    visit.page.mouse.up()
    chosen = visit.texts("#views button")[-1]
    assert 40 < int(chosen.split("(")[1].rstrip(")")) <= 60


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_serious_for_axe_and_nothing_cut_off(opened: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    visit = opened("#work=w4", width, color_scheme=scheme)
    visit.page.wait_for_selector(".nearest .card")
    for view in ("", "clusters", "errors", "table&sel=w4,w5"):
        if view:
            visit.page.evaluate(f"location.hash = '#view={view}'")
            visit.page.wait_for_selector(f"#{view.split('&')[0]}:not([hidden])")
            visit.page.wait_for_timeout(100)
        assert "the page scrolls sideways" not in visit.beyond_the_right_edge()
        assert serious(axe.run(visit.page).response) == []


def test_at_twice_the_size_nothing_scrolls_sideways(opened: Open) -> None:
    visit = opened("#work=w4", 640)
    visit.page.wait_for_selector(".nearest .card")
    assert "the page scrolls sideways" not in visit.beyond_the_right_edge()
    visit.page.get_by_role("button", name="Filters").click()
    assert visit.page.get_by_role("checkbox", name="Berthe Morisot").is_visible()


@pytest.mark.parametrize("n", [1, later(2)])
def test_very_small_collections(browser: Browser, tmp_path: Path, n: int) -> None:
    write_folder(tmp_path, n)
    write_page(tmp_path)
    file = tmp_path / "data" / "manifest.json"
    bare = {"maps": [], "facets": [], "years": None, "clusters": [], "duplicates": [], "outliers": [], "subject": []}
    bare |= {"words": False, "seen": False, "errors": False, "alike": None}
    with served(tmp_path) as where:
        for changes in ({}, bare):
            manifest = json.loads(file.read_text(encoding="utf-8"))
            file.write_text(json.dumps(manifest | changes), encoding="utf-8")
            visit = Visit(browser, f"{where}#work=w0", 1280, "#work-title")
            visit.page.wait_for_timeout(100)
            assert len(rows_of(visit, '.found[data-space="image"] .card')) == n - 1
            assert (visit.refused, visit.messages) == ([], [])
            visit.page.close()


def serious(response: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Rules that are broken, with the first elements."""
    faults = [fault for fault in response["violations"] if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in faults]


def test_five_thousand_works_do_not_become_five_thousand_nodes(browser: Browser, tmp_path: Path) -> None:
    write_folder(tmp_path, 5000, pictures=False)
    write_page(tmp_path)
    with served(tmp_path) as where:
        visit = Visit(browser, f"{where}#view=grid", 1280, "#grid .card .name")
        assert visit.page.evaluate("document.querySelectorAll('*').length") < 1500
        visit.page.evaluate("document.querySelector('#grid').scrollTop = 1e6")
        visit.until("[...document.querySelectorAll('#grid .card')].some((one) => one.dataset.row === '4999')")
        assert (visit.refused, visit.messages) == ([], [])
        visit.page.close()


def test_without_a_canvas_the_pictures_come_first(opened: Open) -> None:
    visit = opened()
    visit.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    visit.page.reload()
    visit.page.wait_for_selector("#grid .card .name")
    assert "Map" not in visit.texts("#views button")
    visit.page.locator("#grid .card").first.click()
    assert len(nearest(visit, "image")) == 10


THUMBNAIL = "data:image/webp;base64," + base64.b64encode(encoded(Image.new("RGB", (40, 30), "teal"), "WEBP")).decode()
FOUND = {"rows": [3, 4], "scores": [0.9, 0.8]}
LIVE = {
    "/api/status": (200, {"live": True, "upload": True, "names": True, "spaces": ["title", "words"]}),
    "/api/words": (200, {"rows": [8, 9], "scores": [0.7, 0.6]}),
    "/api/names": (200, {"saved": True, "names": {"w1": "Blue"}}),
    "/api/upload": (200, {
        "prediction": {"style": {"top": [["Dutch_school", 0.7], ["French", 0.2], ["<b>", 0.1]], "unsure": True}},
        "predicted_by": "models/wikiart", "evidence": [{"title": "Nets", "artist": "a-painter", "score": 0.914}],
        "neighbours": {"image": FOUND, "subject-0": FOUND, "subject-100": FOUND},
        "place": {"image": [0.5, 0.5]}, "thumbnail": THUMBNAIL, "size": [40, 30],
    }),
}  # fmt: skip


def test_with_a_server_pictures_are_taken_and_names_are_saved(browser: Browser, made: Path, tmp_path: Path) -> None:
    manifest = json.loads((made / "data" / "manifest.json").read_text(encoding="utf-8")) | {"api": True}
    received: list[tuple[str, dict[str, str], bytes]] = []
    with served(made, {**LIVE, "/data/manifest.json": (200, manifest)}, received) as where:
        visit = Visit(browser, where, 1280, "body[data-ready]")
        picture = tmp_path / "mine.png"
        picture.write_bytes(encoded(Image.new("RGB", (40, 30), "teal"), "PNG"))
        visit.page.set_input_files("#upload", picture)
        assert nearest(visit, "image") == [3, 4]
        assert visit.texts("#panel .task .top li span:first-child") == ["Dutch school", "French", "<b>"]
        assert visit.texts("#panel .task .unsure") == ["unsure"]
        assert "trained on: Nets, A Painter (0.91)." in visit.page.inner_text("#panel")
        visit.page.fill("#q", "anything at all")
        visit.page.select_option("#search select", "words")
        shows(visit, "#panel .card", [8, 9])
        visit.page.get_by_role("button", name="Clusters").click()
        visit.page.get_by_label("Name of Cluster 2").fill("Blue")
        visit.page.keyboard.press("Tab")
        visit.page.wait_for_selector("text=Saved in data/names/clusters.yaml")
        assert (visit.refused, visit.messages) == ([], [])
        visit.page.close()
    sent = {path.partition("?")[0]: (headers, body) for path, headers, body in received}
    assert sent["/api/upload"][1] == picture.read_bytes()
    assert sent["/api/names"][1] == b'{"w1":"Blue"}'
    assert all(sent[path][0]["X-ArtExtract"] == "1" for path in ("/api/upload", "/api/names"))
