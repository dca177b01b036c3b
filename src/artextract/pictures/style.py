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
SPLIT_COLOURS = {"train": "#2f6f8f", "select": "#8fb9cb", "val": "#b5432a"}
STYLE: Any = {  # matplotlib types the keys of its settings one by one
    "font.size": 9, "axes.edgecolor": GRID, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "figure.facecolor": PAPER, "legend.frameon": False,
}  # fmt: skip


def new_figure(rows: int, columns: int, width: float, height: float) -> tuple[Figure, np.ndarray]:
    """A figure in the project's style; axes as an array (rows, columns)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(STYLE)
    return plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without the metadata that would make its bytes differ between runs."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    write_bytes(path, buffer.getvalue())


def readable(name: str) -> str:
    """A class name for people: ``paul-cezanne`` and ``still_life`` with spaces."""
    return name.replace("_", " ").replace("-", " ")
