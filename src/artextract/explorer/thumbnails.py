"""One pass over the pictures: atlases of thumbnails, the pictures that may be shown, their palettes and layouts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artextract.core.files import write_bytes
from artextract.core.prefetch import prefetched
from artextract.core.progress import progress
from artextract.core.runtime import threads
from artextract.data.images.colours import colour_histogram
from artextract.data.images.decode import Target, decode
from artextract.data.images.shards import ShardReader
from artextract.explorer.folder import picture_path

COLUMNS = 32  # cells in a line of an atlas, and lines
PER_ATLAS = COLUMNS * COLUMNS
GRID = 8  # cells of the layout in each direction
CARD = (128, 128, 128, 56)  # what stands for a picture that may not be shown; legible on light and dark
WEBP_QUALITY = 80


@dataclass(frozen=True)
class Seen:
    """What one pass over the pictures has found.

    Attributes:
        palette: Unit rows: square roots of the shares of 64 colours, float32 (n, 64).
        layout: Colours on a grid of 8 x 8 cells, less the picture's own mean; float32 (n, 192), not scaled.
    """

    palette: np.ndarray
    layout: np.ndarray


def thumbnail(image: Image.Image, cell: int) -> Image.Image:
    """A picture reduced to fit into a square cell, aspect kept; never enlarged, and never thinner than one pixel."""
    reduced = image.copy()
    reduced.thumbnail((cell, cell), Image.Resampling.LANCZOS)
    return reduced


def card(width: int, height: int, cell: int) -> Image.Image:
    """A neutral card of a picture's proportions."""
    scale = cell / max(width, height)
    return Image.new("RGBA", (max(1, round(width * scale)), max(1, round(height * scale))), CARD)


def palette(image: Image.Image) -> np.ndarray:
    """Square roots of the shares of 64 colours, a unit vector float32 (64,)."""
    pixels = np.asarray(image).transpose(2, 0, 1)[None]
    return np.sqrt(colour_histogram(pixels)[0])


def layout(image: Image.Image) -> np.ndarray:
    """Mean colours of 8 x 8 cells less the picture's mean colour, 0 to 1, float32 (192,)."""
    cells = np.asarray(image.resize((GRID, GRID), Image.Resampling.BOX), dtype=np.float32) / 255
    return np.round(cells - cells.mean(axis=(0, 1)), 4).ravel()  # a single colour has no layout, and no rounding error


def _webp(atlas: Image.Image) -> bytes:
    buffer = io.BytesIO()
    atlas.save(buffer, "WEBP", quality=WEBP_QUALITY, method=2)
    return buffer.getvalue()


class Atlas:
    """Thumbnails in cells, written as one image when it is full."""

    def __init__(self, folder: Path, cell: int):
        """An empty atlas; ``folder`` is where the images go."""
        self._folder, self._cell, self._number = folder, cell, 0
        self._image, self._filled = self._new(), 0

    def _new(self) -> Image.Image:
        return Image.new("RGBA", (COLUMNS * self._cell, COLUMNS * self._cell), (0, 0, 0, 0))

    def add(self, picture: Image.Image) -> None:
        """Put a thumbnail into the middle of the next cell."""
        line, column = divmod(self._filled, COLUMNS)
        left, top = ((self._cell - side) // 2 for side in picture.size)
        self._image.paste(picture, (column * self._cell + left, line * self._cell + top))
        self._filled += 1
        if self._filled == PER_ATLAS:
            self.close()

    def close(self) -> None:
        """Write what is there; an image is as high as its lines."""
        if self._filled:
            lines = -(-self._filled // COLUMNS)
            image = self._image.crop((0, 0, COLUMNS * self._cell, lines * self._cell))
            write_bytes(self._folder / f"{self._number:04d}.webp", _webp(image))
            self._number, self._image, self._filled = self._number + 1, self._new(), 0


def _look(reader: ShardReader, cell: int, row: int) -> tuple[bytes, Image.Image, np.ndarray, np.ndarray]:
    """The stored bytes of a picture, its thumbnail, its palette and its layout."""
    data = reader.read(row)
    small = decode(data, Target(2 * cell, False, Image.Resampling.BOX))
    reduced = thumbnail(small, cell)
    return data, reduced, palette(reduced), layout(small)


def write_pictures(
    folder: Path,
    reader: ShardReader,
    shown: np.ndarray,
    sizes: np.ndarray,
    cell: int,
    *,
    pictures: bool,
    order: np.ndarray | None = None,
) -> Seen:
    """Write ``thumbs/`` and ``pictures/``.

    Args:
        folder: The explorer's folder.
        reader: n images.
        shown: Works whose pictures may be shown, boolean (n,); the others get a neutral card.
        sizes: Width and height of each (n, 2).
        cell: Side of a cell in pixels.
        pictures: Whether the stored pictures are written too.
        order: Rows in the order of the cells (n,); default: that of the index.
    """
    n = len(reader)
    rows = list(range(n)) if order is None else order.tolist()
    seen = Seen(np.zeros((n, 64), dtype=np.float32), np.zeros((n, 3 * GRID * GRID), dtype=np.float32))
    atlas = Atlas(folder / "thumbs", cell)
    for row, (data, reduced, colours, places) in zip(rows, _looks(reader, rows, cell), strict=True):
        if shown[row] and pictures:
            path = folder / "pictures" / picture_path(row)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)  # the whole folder appears under its name at once, when it is complete
        width, height = sizes[row].tolist()
        atlas.add(reduced if shown[row] else card(width, height, cell))
        seen.palette[row], seen.layout[row] = colours, places
    atlas.close()
    return seen


def _looks(
    reader: ShardReader, rows: list[int], cell: int
) -> Iterator[tuple[bytes, Image.Image, np.ndarray, np.ndarray]]:
    todo = progress(rows, "thumbnails", "img", total=len(rows))
    return prefetched(lambda row: _look(reader, cell, row), todo, workers=threads(), ahead=4 * threads())
