"""Builds the page template of ``dvc plots``: one HTML file that needs no network.

DVC's own page loads its JavaScript from a content-delivery network. This one holds Vega, Vega-Lite and Vega-Embed.
DVC writes an inline script per plot that calls ``vegaEmbed`` at once; the bundle is a module, which runs later. So the
page keeps the calls until then.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).with_name("page.html")
SNIPPET = "window.vegaEmbed = vegaEmbed; for (const call of window.kept) vegaEmbed(...call);"


def plots_page() -> str:
    """The page template with all its JavaScript inside; DVC fills in ``{plot_divs}`` and ``{refresh_tag}``."""
    import vl_convert

    bundle = vl_convert.javascript_bundle(SNIPPET).replace("</script", "<\\/script")
    return PAGE.read_text(encoding="utf-8").replace("JAVASCRIPT", bundle)
