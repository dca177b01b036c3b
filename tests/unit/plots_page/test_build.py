from __future__ import annotations

import pytest

from artextract.plots_page import build


@pytest.mark.slow
def test_plots_page_needs_no_network() -> None:
    pytest.importorskip("vl_convert")
    page = build.plots_page()
    assert "{plot_divs}" in page and "{refresh_tag}" in page  # DVC fills these in
    assert all(f"/*{name}*/" not in page for name in ("STYLE", "SCRIPT", "GROUPS", "BUNDLE"))
    assert "<script src" not in page and "@import" not in page and page.count("<link") == 1  # an empty icon
    assert page.count("</script>") == page.count("<script") == 3  # nothing in the bundle ends its element early
    assert len(page) > 300_000 and page.rstrip().endswith("</html>")


def test_script_ends_within_the_bundle_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    vl_convert = pytest.importorskip("vl_convert")
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda snippet: f'const end = "</script>"; {snippet}')
    page = build.plots_page()
    assert 'const end = "<\\/script>"' in page and build.SNIPPET in page and page.count("</script>") == 3


@pytest.mark.slow
def test_dvc_renders_with_the_page() -> None:
    pytest.importorskip("vl_convert")
    html = pytest.importorskip("dvc_render.html")
    document = html.HTML(build.plots_page())
    document.with_scripts('<script src="https://cdn.example/vega.js"></script>')  # has no place in our page
    document.with_element("<div id='plot-of-losses'></div>")
    page = document.embed()
    assert "<div id='plot-of-losses'></div>" in page and "cdn.example" not in page
    assert "{plot_divs}" not in page and "{refresh_tag}" not in page
