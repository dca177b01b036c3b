"""Builds the page template of ``dvc plots``: one HTML file that needs no network.

DVC's own page loads its JavaScript from a content-delivery network. This one holds Vega, Vega-Lite and Vega-Embed.
DVC writes an inline script per plot that calls ``vegaEmbed`` at once; the bundle is a module, which runs later. So the
page keeps the calls until then.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from artextract.plots_page.descriptions import GROUPS

FOLDER = Path(__file__).parent
SNIPPET = "drawAll(vegaEmbed);"  # page.js defines it


def described() -> list[dict[str, Any]]:
    """The groups for the page's script; ``box`` is the HTML id that DVC gives to a plot of data."""
    from dvc_render.base import Renderer

    groups = [asdict(group) for group in GROUPS]
    for group in groups:
        group["plots"] = [plot | {"box": Renderer.remove_special_chars(plot["id"])} for plot in group["plots"]]
    return groups


def plots_page() -> str:
    """The page template with all its JavaScript inside; DVC fills in ``{plot_divs}`` and ``{refresh_tag}``."""
    import vl_convert

    parts = {name: (FOLDER / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    bundle = vl_convert.javascript_bundle(SNIPPET).replace("</script", "<\\/script")
    page = parts["html"].replace("/*STYLE*/", parts["css"]).replace("/*SCRIPT*/", parts["js"])
    return page.replace("/*GROUPS*/", json.dumps(described())).replace("/*BUNDLE*/", bundle)
