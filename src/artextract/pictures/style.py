"""The style that all figures share, and how they are saved."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.core.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, PAPER, GRID = "#22272e", "#ffffff", "#d9dde3"
RASTER_DPI = 200  # of the rasterised parts of an SVG
MANY_POINTS = 1000  # more points than this are drawn as one picture inside an SVG
SPLIT_COLOURS = {"train": "#2f6f8f", "select": "#8fb9cb", "val": "#b5432a"}
STYLE: Any = {  # matplotlib types the keys of its settings one by one
    "font.size": 9, "axes.edgecolor": GRID, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "figure.facecolor": PAPER, "legend.frameon": False,
    "text.parse_math": False,  # a title or a label may hold "$"
}  # fmt: skip


def new_figure(rows: int, columns: int, width: float, height: float) -> tuple[Figure, np.ndarray]:
    """A figure in the project's style; axes as an array (rows, columns)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(STYLE)
    return plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure twice: as PNG, and beside it as SVG for print, where words stay words that an editor can change.

    Neither holds what would make its bytes differ between runs: times, versions, random identifiers.

    Args:
        figure: It is closed.
        path: PNG to write; the SVG has the same name.
    """
    import matplotlib.pyplot as plt

    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    write_bytes(path, png.getvalue())
    write_bytes(path.with_suffix(".svg"), as_svg(figure, path.stem))
    plt.close(figure)


def as_svg(figure: Figure, salt: str) -> bytes:
    """A figure as SVG; parts that are marked as rasterised are pictures in it.

    Args:
        figure: A figure.
        salt: Identifiers inside are made from this word, so that they repeat from run to run.
    """
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", dpi=RASTER_DPI, bbox_inches="tight", metadata=nothing)
    return buffer.getvalue()


def readable(name: str) -> str:
    """A class name for people: ``paul-cezanne`` and ``still_life`` with spaces."""
    return name.replace("_", " ").replace("-", " ")
