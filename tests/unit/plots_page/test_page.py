"""The page of ``dvc plots`` in a browser, made by DVC from small data: one revision, and two of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from artextract.plots_page.build import plots_page
from artextract.plots_page.descriptions import GROUPS
from tests import plots_toys as toys
from tests.browser import Visit, chromium, file_url
from tests.tiers import later

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("vl_convert")
PLOTS = [plot for group in GROUPS for plot in group.plots]
LOSSES = "#plot-losses-of-the-three-tasks"
CONTRAST = """() => {
    const shade = (colour) => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
    const paper = shade(getComputedStyle(document.querySelector("article")).backgroundColor);
    const words = [...document.querySelectorAll("h3, .text, figcaption")].map((one) => getComputedStyle(one).color);
    const labels = [...document.querySelectorAll("svg .role-axis-label text")].map((one) => getComputedStyle(one).fill);
    return Math.min(...[...words, ...labels].map((colour) => Math.abs(shade(colour) - paper)));
}"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "plots.local.html"
    path.write_text(plots_page(), encoding="utf-8")
    return path


def make_page(template: Path, drawn: list[Any], folder: Path) -> Path:
    """What ``dvc plots show`` and ``dvc plots diff`` write, with our template."""
    from dvc_render import render_html

    return Path(render_html(drawn, folder / "index.html", html_template=template))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, template: Path) -> dict[str, Path]:
    project = toys.plots_project(tmp_path_factory.mktemp("page"))
    return {
        name: make_page(template, toys.renderers(project, *revisions, out=project / name / "static"), project / name)
        for name, revisions in {"show": (), "diff": toys.REVISIONS}.items()
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def visit(browser: Browser, pages: dict[str, Path]) -> Any:
    """Opens a page once for each width and scheme; the tests below only read."""
    opened: dict[tuple, Visit] = {}

    def open_once(name: str, width: int = 1280, scheme: str = "light") -> Visit:
        key = (name, width, scheme)
        if key not in opened:
            opened[key] = Visit(browser, file_url(pages[name]), width, "body[data-drawn]", color_scheme=scheme)
        return opened[key]

    return open_once


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width"), [("show", 1280), later("show", 390), later("diff", 1280), ("diff", 390)])
def test_nothing_is_cut_off_and_nothing_is_asked_of_the_network(name: str, width: int, visit: Any):
    page = visit(name, width)
    assert page.beyond_the_right_edge() == []
    assert page.refused == [] and page.messages == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["show", "diff"])
def test_every_plot_has_its_heading_its_sentence_and_its_drawing(name: str, visit: Any):
    page = visit(name)
    assert page.texts("h1") == ["ArtExtract: plots"]
    assert page.texts("h2") == [group.title for group in GROUPS]
    assert page.texts("h3") == [plot.title for plot in PLOTS]
    assert page.texts("article .text") == [plot.text for plot in PLOTS]
    revisions = 2 if name == "diff" else 1
    for plot, article in zip(PLOTS, page.page.locator("article").all(), strict=True):
        pictures = article.locator("img").count()
        wanted = revisions * (toys.CLUSTERS if plot.id.endswith("clusters") else 1)
        assert (pictures, article.locator("svg.marks").count()) == ((wanted, 0) if "/" in plot.id else (0, 1)), plot.id
    assert page.page.locator("#boxes").count() == 0  # nothing is left where DVC had put it


@pytest.mark.slow
def test_the_contents_list_and_the_pictures_lead_somewhere(visit: Any, pages: dict[str, Path]):
    page = visit("diff").page
    links = [link.get_attribute("href") for link in page.locator("nav a").all()]
    assert len(links) == len(GROUPS) + len(PLOTS) == len(set(links))
    assert all(page.locator(link).count() == 1 for link in links)
    pictures = [link.get_attribute("href") for link in page.locator("figure a").all()]
    assert pictures and all(Path(link.removeprefix("file://")).is_file() for link in pictures)
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0 && image.alt)")


@pytest.mark.slow
def test_two_revisions_are_told_apart(visit: Any):
    page = visit("diff")
    assert page.texts("#revisions .revision") == list(toys.REVISIONS)
    dots = page.page.locator("#revisions .revision").all()
    colours = [dot.evaluate("one => getComputedStyle(one, '::before').backgroundColor") for dot in dots]
    assert len(set(colours)) == 2
    captions = page.texts("figcaption")
    assert all(any(caption.endswith(revision) for revision in toys.REVISIONS) for caption in captions)
    assert "cluster_02.jpg, lr3e4" in captions
    legend = page.page.locator(f"{LOSSES} .role-legend text").all_text_contents()
    assert {"revision", *toys.REVISIONS, "rows", "train", "select"} <= set(legend)


@pytest.mark.slow
def test_one_revision_is_named_too(visit: Any):
    assert visit("show").texts("#revisions .revision") == ["workspace"]
    assert set(visit("show").texts("figcaption .revision")) == {"workspace"}


@pytest.mark.slow
def test_panels_come_below_each_other_where_the_window_is_narrow(visit: Any):
    tops = f"""[...document.querySelectorAll("{LOSSES} text")]
        .filter((text) => {list(toys.CLASSES)}.includes(text.textContent))
        .map((text) => Math.round(text.getBoundingClientRect().top))"""
    wide, narrow = (visit("show", width).page.evaluate(tops) for width in (1280, 390))
    assert len(wide) == len(narrow) == len(toys.CLASSES)
    assert max(wide) - min(wide) < 10 and max(narrow) - min(narrow) > 2 * 200


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_page_by_day_and_by_night(scheme: str, visit: Any):
    assert visit("diff", 1280, scheme).page.evaluate(CONTRAST) > 80


@pytest.mark.slow
def test_a_plot_that_nobody_described_is_shown_too(browser: Browser, template: Path, tmp_path: Path):
    from dvc_render import VegaRenderer

    rows = [{"rev": "workspace", "step": step, "speed": step} for step in range(3)]
    plot = VegaRenderer(rows, "speed of it", x="step", y="speed", template="simple")
    page = Visit(browser, file_url(make_page(template, [plot], tmp_path / "page")), 1280, "body[data-drawn]")
    assert page.texts("h2") == ["Other plots"] and page.texts("h3") == ["speed_of_it"]
    assert page.page.locator("svg.marks").count() == 1


@pytest.mark.slow
def test_a_table_without_rows_is_named_and_stops_no_other_plot(browser: Browser, template: Path, tmp_path: Path):
    from dvc_render import VegaRenderer

    rows = [{"rev": "workspace", "epoch": step, "loss": step} for step in range(3)]
    plots = [
        VegaRenderer(values, name, x="epoch", y="loss", template="simple")
        for name, values in {"collection: siamese loss": [], "speed": rows}.items()
    ]
    page = Visit(browser, file_url(make_page(template, plots, tmp_path / "page")), 1280, "body[data-drawn]")
    assert page.texts(".drawing p.text") == ["Nothing to draw: the table of this plot has no rows."]
    assert page.page.locator("svg.marks").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("names", [["mine"], ["mine", "other-2"]])
def test_a_collection_is_a_section_of_its_own_in_the_words_of_the_sample(
    names: list[str], browser: Browser, template: Path, tmp_path: Path
):
    from dvc_render import ImageRenderer, VegaRenderer

    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    rows = [{"rev": "workspace", "epoch": step, "loss": step} for step in range(3)]
    drawn: list[ImageRenderer | VegaRenderer] = []
    for name in names:
        pictures = [f"collections/{name}/plots/similarity/{file}" for file in ("judges.png", "mine_alone.png")]
        drawn += [ImageRenderer([{"rev": "workspace", "src": pixel, "filename": path}], path) for path in pictures]
        file = f"collections/{name}/dvc.yaml::" if len(names) > 1 else ""  # as DVC does it
        drawn.append(VegaRenderer(rows, f"{file}collection: siamese loss", x="epoch", y="loss", template="simple"))
    drawn.append(
        ImageRenderer([{"rev": "workspace", "src": pixel, "filename": "elsewhere/map.jpg"}], "elsewhere/map.jpg")
    )
    page = Visit(browser, file_url(make_page(template, drawn, tmp_path / "page")), 1280, "body[data-drawn]")
    assert page.texts("h2") == [*(f"Collection {name}" for name in names), "Other plots"]
    words = ("Scores of each judge", "Loss of the siamese network", "similarity/mine_alone.png")
    assert page.texts("h3") == [*(f"{name}: {word}" for name in names for word in words), "elsewhere/map.jpg"]
    assert page.page.locator("svg.marks").count() == len(names)
