"""The explorer's page together with `artextract serve`: one's own picture, live words, and names that stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import yaml

from artextract.classification.prediction.seen import Seen
from artextract.core import collections
from artextract.explorer.page import write_page
from artextract.explorer.positions import Frame
from artextract.serving import app, folder, live, pictures, prediction
from artextract.serving.address import Access
from artextract.serving.folder import Explorer
from artextract.serving.live import Live
from tests.browser import Visit, chromium
from tests.conftest import jpeg
from tests.explorer_page_toys import Toy, write_folder
from tests.museum import searchable
from tests.unit.serving.serving_toys import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
N, SENT, MEANT = 60, 7, 11  # works; every picture that is sent is work 7, all words mean the title of work 11
ROWS = "[...document.querySelectorAll('%s')].map((one) => +one.dataset.row)"


class Network:
    """A trained network that is unsure of the genre."""

    classes = {"style": ["Baroque", "Impressionism"], "genre": ["still_life", "portrait"], "artist": ["A", "B"]}  # noqa: RUF012

    def look_at(self, _: list[bytes]) -> Iterator[Seen]:
        p = {task: np.array([[0.875, 0.125]]) for task in self.classes}
        unsure = {"style": np.array([False]), "genre": np.array([True]), "artist": None}
        yield Seen(p, p, unsure, np.zeros((1, 3), np.float32))


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Path:
    """A repository with a collection, its explorer, and networks that are quick to load."""
    root = tmp_path_factory.mktemp("repository")
    toy = write_folder(root / "data" / "explorer", N)
    write_page(root / "data" / "explorer")
    _add_frames(root / "data" / "explorer" / "data" / "manifest.json", toy)
    works = searchable(root, [title or "Untitled" for title in toy.titles], "nga")
    index = pd.read_parquet(root / "data" / "nga" / "index.parquet")
    index.assign(id=toy.ids).to_parquet(root / "data" / "nga" / "index.parquet")
    for module in (collections, folder, app, prediction):
        patch.setattr(module, "repository", lambda: root)
    patch.setattr(prediction, "default_model", lambda here: root / "data" / "model")
    patch.setattr("artextract.classification.prediction.predictor.Predictor", lambda model: Network())
    patch.setattr(prediction, "_evidence", lambda network: None)
    patch.setattr(pictures, "image_embedder", lambda recorded: lambda image: works.vectors("image")[SENT : SENT + 1])
    patch.setattr(live, "text_embedder", lambda recorded: lambda text: works.vectors("title")[MEANT : MEANT + 1])
    return root


def _add_frames(path: Path, toy: Toy) -> None:
    manifest = json.loads(path.read_text())
    frame = Frame.around(toy.positions.astype(float) * 40).described()
    manifest["maps"] = [one | {"frame": frame} for one in manifest["maps"]]
    path.write_text(json.dumps(manifest))


def numpy_rows(root: Path, kind: str, row: int, k: int) -> list[int]:
    vectors = np.load(root / "data" / "embeddings" / f"{kind}s.npy")
    return np.argsort(-(vectors @ vectors[row]), kind="stable")[:k].tolist()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    explorer = Explorer(None)
    with served(explorer, Live(explorer)) as client:
        yield f"http://127.0.0.1:{client.port}/"


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """The page; at the end it may not have asked another machine, or complained."""
    one = Visit(browser, address, 1280, "body[data-ready]")
    yield one
    assert (one.refused, one.messages) == ([], [])
    one.page.close()


def rows(visit: Visit, cards: str) -> list[int]:
    visit.page.wait_for_selector(cards)
    return visit.page.evaluate(ROWS % cards.replace("'", '"'))


def test_ones_own_picture(visit: Visit, root: Path) -> None:
    visit.page.set_input_files("#upload", {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": jpeg(3, 300, 200)})
    assert rows(visit, '#panel .found[data-space="image"] .card') == numpy_rows(root, "image", SENT, 10)
    said = visit.page.inner_text("#panel")
    assert "Baroque" in said and "88%" in said and said.count("unsure") == 1
    assert visit.page.locator('#panel img[src^="data:image/webp"]').count() == 1
    assert "Your picture" in said
    visit.page.set_input_files("#upload", {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    visit.page.wait_for_selector("#panel .problem")
    assert "not readable as a picture" in visit.page.inner_text("#panel .problem")
    visit.messages[:] = [message for message in visit.messages if "422" not in message]  # the browser's own line


def test_a_picture_that_is_dropped_on_the_page(visit: Visit, root: Path) -> None:
    visit.page.evaluate(
        """(bytes) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "mine.jpg", { type: "image/jpeg" }));
            const dropped = { dataTransfer: files, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", dropped));
        }""",
        list(jpeg(3, 300, 200)),
    )
    assert rows(visit, '#panel .found[data-space="image"] .card') == numpy_rows(root, "image", SENT, 10)


def test_words_by_meaning_are_those_of_the_server(visit: Visit, root: Path) -> None:
    visit.page.select_option("#search select", "title")
    visit.page.fill("#q", "zeppelin at dusk")  # not in the vocabulary that the static page has
    assert rows(visit, "#panel .found .card")[:12] == numpy_rows(root, "title", MEANT, 12)
    assert "Not in the vocabulary" not in visit.page.inner_text("#panel")


def test_names_are_kept_in_the_file_that_git_tracks(visit: Visit, root: Path) -> None:
    name = 'Dark: "half-lengths" – ночь'
    visit.page.evaluate("location.hash = '#view=clusters'")
    visit.page.get_by_label("Name of Cluster 2").fill(name)
    visit.page.keyboard.press("Tab")
    visit.page.wait_for_selector("text=Saved in data/names/clusters.yaml")
    assert not {"null", "undefined"} & set(visit.page.inner_text("#clusters").splitlines())
    path = root / "data" / "names" / "clusters.yaml"
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {"w1": name}
    visit.page.reload()
    visit.page.wait_for_selector(".cluster input")
    assert visit.page.get_by_label("Name of Cluster 2").input_value() == name
    visit.page.get_by_label("Name of Cluster 2").fill("")
    visit.page.keyboard.press("Tab")
    visit.page.wait_for_selector("text=Saved in data/names/clusters.yaml")
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {}


def test_the_whole_page_works_behind_a_token(browser: Browser, root: Path) -> None:
    """As others on the network have it: the address with the token, and everything else by the cookie."""
    explorer = Explorer(None)
    with served(explorer, Live(explorer), Access(frozenset({"127.0.0.1"}), token="a-token")) as client:
        place = f"http://127.0.0.1:{client.port}/"
        visit = Visit(browser, f"{place}?token=a-token#work=w7", 1280, "body[data-ready]")
        assert visit.page.url.startswith(f"{place}#") and "w7" in visit.page.url
        assert rows(visit, '.found[data-space="image"] .card')
        visit.page.set_input_files("#upload", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(3)})
        visit.page.wait_for_selector('#panel img[src^="data:image/webp"]')
        assert (visit.refused, visit.messages) == ([], [])
        visit.page.close()
        page = browser.new_page()
        answer = page.goto(place)
        assert answer is not None and answer.status == 401 and "token" in page.content()
        page.close()
