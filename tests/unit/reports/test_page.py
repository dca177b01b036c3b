"""The report of the committed state in a browser: by day, by night, on a phone, and on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import Visit, chromium, file_url
from tests.command import artextract
from tests.conftest import ROOT
from tests.tiers import later

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
SECTIONS = ["What was run", "Classification", "Similarity", "Look and subject", "Limits", "Model card", "Data card"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert artextract("report", "--out", str(path)) == 0
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def visit(browser: Browser, page: Path) -> Any:
    """Opens the page once for each width and scheme; the tests below only read."""
    opened: dict[tuple, Visit] = {}

    def open_once(width: int = 1280, scheme: str = "light") -> Visit:
        key = (width, scheme)
        if key not in opened:
            opened[key] = Visit(browser, file_url(page), width, "footer", color_scheme=scheme)
        return opened[key]

    return open_once


def test_it_is_one_file_without_scripts(page: Path):
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "http-equiv" in text and 'src="data:' in text
    assert len(text) < 8e6


@pytest.mark.parametrize(("width", "scheme"), [later(1280, "light"), (1280, "dark"), later(390, "light")])
def test_nothing_is_asked_for_and_nobody_is_shut_out(width: int, scheme: str, visit: Any):
    """No request, no message of the browser, no page that scrolls sideways, and no serious fault for axe."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = visit(width, scheme)
    assert found.texts("h2") == SECTIONS
    assert found.refused == [] and found.messages == []
    assert not found.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    violations = axe.Axe().run(found.page).response["violations"]
    serious = {v["id"]: v["nodes"][0]["html"][:200] for v in violations if v["impact"] in ("serious", "critical")}
    assert serious == {}


def test_pictures_are_there_and_say_what_they_show(visit: Any):
    page = visit().page
    assert page.evaluate("[...document.images].length > 5 && [...document.images].every(i => i.naturalWidth && i.alt)")
    assert page.evaluate("[...document.querySelectorAll('.panel')].every(p => p.ariaLabel && p.querySelector('svg'))")
    links = page.evaluate("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
    assert len(links) == len(SECTIONS) and all(page.locator(link).count() == 1 for link in links)


def test_numbers_are_those_of_the_metrics(visit: Any):
    similarity = json.loads((ROOT / "metrics" / "similarity.json").read_text())
    auc = json.loads((ROOT / "metrics" / "classification.json").read_text())
    said = visit().page.locator("header").inner_text()
    key = f"{similarity['ndcg.judge']}.image.ndcg10"
    assert f"{similarity[key]:.2f} ({similarity[f'{key}_low']:.2f} to {similarity[f'{key}_high']:.2f})" in said
    assert all(f"{task} {auc[f'{task}.auc_ovo']:.2f}" in said for task in ("style", "genre", "artist"))


def test_it_prints_in_ink_on_white(visit: Any):
    page = visit(1280, "dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).color") == "rgb(34, 39, 46)"
    page.emulate_media(media="screen")
