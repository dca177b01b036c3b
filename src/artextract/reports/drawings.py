"""Drawings made from tables, as SVG that is part of the page and takes its colours from it, light or dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from artextract.pictures.style import as_svg, new_figure
from artextract.reports.blocks import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that figures use, and the page's names for them; a colour that is not listed stays as it is.
COLOURS = {
    "#22272e": "ink", "#ffffff": "card", "#d9dde3": "line", "#9aa1ab": "grey", "#b9c0c8": "pale", "#6b737d": "soft",
    "#b5432a": "red", "#2f6f8f": "blue", "#7a6a1f": "olive", "#8fb9cb": "sky", "#d08a2c": "amber", "#5d8a4a": "green",
    "#7d4f86": "violet", "#3b3f8c": "indigo", "#a8577e": "pink", "#000000": "ink", "#b0b0b0": "line",
}  # fmt: skip
NOT_OURS = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)


def draw(name: str, says: str, panel: Callable[[Axes], object], width: float = 4.2, height: float = 3.6) -> Drawing:
    """One panel as a drawing.

    Args:
        name: Word that no other drawing of the page has: identifiers begin with it.
        says: What the drawing shows, in words.
        panel: Draws into the axes.
        width: Inches.
        height: Inches.
    """
    import matplotlib.pyplot as plt

    name = re.sub(r"[^A-Za-z0-9-]", "-", name)
    figure, axes = new_figure(1, 1, width, height)
    panel(axes[0][0])
    svg = as_svg(figure, name).decode()
    plt.close(figure)
    return Drawing(for_page(svg, name), says)


def for_page(svg: str, name: str) -> str:
    """An SVG file as an element of a page: no prolog, no rules for the rest of the page, its own identifiers.

    Args:
        svg: As matplotlib writes it.
        name: Beginning of all identifiers.
    """
    svg = NOT_OURS.sub("", svg)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r"font: ([^;\"]*?)(\d[\d.]*px) [^;\"]*", r"font: \1\2 var(--sans)", svg)
    svg = re.sub(r"#[0-9a-f]{6}", lambda found: _named(found[0]), svg)
    size = re.search(r'<svg[^>]*? width="([\d.]+)pt"', svg)
    width = round(float(size[1]) * 4 / 3) if size else 400
    opening = rf'<svg\1 aria-hidden="true" style="max-width: {width}px"'
    return re.sub(r'<svg((?: xmlns[:\w]*="[^"]*")*) width="[^"]*" height="[^"]*"', opening, svg, count=1).strip()


def _named(colour: str) -> str:
    return f"var(--{COLOURS[colour]})" if colour in COLOURS else colour
