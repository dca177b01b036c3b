"""Pictures that a curator can read: example sheets of retrieval, contact sheets of clusters, maps with thumbnails."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from artextract.core.files import write_bytes

INK, SOFT, PAPER, ACCENT = "#22272e", "#6b737d", "#fbfaf7", "#b5432a"
THUMB, GAP, MARGIN = 150, 14, 28
QUALITY = 88  # of the JPEG: below 85, brushwork in small pictures begins to smear


@dataclass(frozen=True)
class Card:
    """One painting on a sheet."""

    image: Image.Image
    title: str
    artist: str
    note: str = ""  # a score, a rank
    marked: bool = False  # framed in the accent colour


@cache
def _font(size: int, style: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib: the same letters on every machine."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{style}.ttf"), size)


def _save(sheet: Image.Image, path: Path) -> None:
    """Write a JPEG in true colour.

    Skies stay smooth, and colour is kept at full resolution, so that letters have no coloured fringes. Not WebP,
    although it is smaller: `dvc plots` shows .jpg, .png, .gif and .svg alone.
    """
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=QUALITY, subsampling="4:4:4", optimize=True, progressive=True)
    write_bytes(path, buffer.getvalue())


def _lines(text: str, width: int, most: int) -> list[str]:
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], textwrap.shorten(" ".join(lines[most - 1 :]), width, placeholder=" …")]
    return lines


def _fit(image: Image.Image, side: int) -> Image.Image:
    """The image in a box of side x side; the narrow side of a long scroll keeps one pixel."""
    fitted = ImageOps.contain(image, (side, side), Image.Resampling.LANCZOS)
    if min(fitted.size) == 0:
        fitted = image.resize((max(1, fitted.width), max(1, fitted.height)), Image.Resampling.LANCZOS)
    return fitted


def text_picture(text: str, side: int = THUMB + 40) -> Image.Image:
    """Words in place of a painting, for a query by words: side x side pixels, as large as they fit."""
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, side - 1, side - 1), outline="#d9d5cc")
    for size in (24, 20, 16, 13, 11):
        lines = textwrap.wrap(text, round((side - 28) / (0.56 * size)))
        font, step = _font(size, "DejaVuSerif-Italic"), round(1.35 * size)
        if len(lines) * step <= side - 24 and max(map(font.getlength, lines), default=0) <= side - 20:
            break
    else:
        lines = _lines(text, int((side - 28) / font.getlength("W")), (side - 24) // step)  # a word as long as a line
    top = (side - len(lines) * step) // 2
    for i, line in enumerate(lines):
        draw.text(((side - font.getlength(line)) / 2, top + i * step), line, INK, font)
    return picture


LETTERS = 13  # pixels; sheets are shown at two thirds of their size in the README and in reports
CAPTION = 76
SMALLEST = 40  # pixels of a painting on a map that one can still tell from the next


def _draw_card(draw: ImageDraw.ImageDraw, sheet: Image.Image, card: Card, x: int, y: int, side: int) -> None:
    """A painting in a box of side x side pixels, its foot on one line, and its caption below."""
    picture = _fit(card.image, side)
    left, top = x + (side - picture.width) // 2, y + side - picture.height
    sheet.paste(picture, (left, top))
    if card.marked:
        box = (left - 4, top - 4, left + picture.width + 3, top + picture.height + 3)
        draw.rectangle(box, outline=ACCENT, width=3)
    at = y + side + 8
    for line in _lines(card.title, int(side / 8.2), 2):
        draw.text((x, at), line, INK, _font(LETTERS))
        at += 16
    for line in _lines(card.artist, int(side / 6.8), 1):
        draw.text((x, at), line, SOFT, _font(LETTERS - 1, "DejaVuSans-Oblique"))
        at += 17
    draw.text((x, at), card.note, ACCENT if card.marked else SOFT, _font(LETTERS))


def _heading(draw: ImageDraw.ImageDraw, title: str, subtitle: str) -> int:
    draw.text((MARGIN, MARGIN), title, INK, _font(22, "DejaVuSerif"))
    draw.text((MARGIN, MARGIN + 32), subtitle, SOFT, _font(LETTERS))
    return MARGIN + 64


def retrieval_sheet(rows: Sequence[tuple[Card | None, Sequence[Card]]], title: str, subtitle: str, path: Path) -> None:
    """Queries with their neighbours, one line per query.

    Args:
        rows: Query, and its neighbours, best first; None continues the line above.
        title: Heading.
        subtitle: Line below the heading: it says how to read the sheet.
        path: JPEG to write.
    """
    side, step = THUMB + 40, THUMB + GAP
    most = max(len(neighbours) for _, neighbours in rows)
    height = side + CAPTION + 24
    size = (2 * MARGIN + side + 2 * GAP + most * step, MARGIN + 64 + len(rows) * height + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    y = _heading(draw, title, subtitle)
    for query, neighbours in rows:
        if query is not None:
            _draw_card(draw, sheet, query, MARGIN, y, side)
        line = MARGIN + side + GAP
        draw.line((line, y, line, y + side + CAPTION - 8), fill="#d9d5cc", width=1)
        for i, card in enumerate(neighbours):
            _draw_card(draw, sheet, card, line + GAP + i * step, y + side - THUMB, THUMB)
        y += height
    _save(sheet, path)


def contact_sheet(cards: Sequence[Card], title: str, subtitle: str, path: Path, columns: int = 8) -> None:
    """Paintings in rows.

    Args:
        cards: Paintings in reading order.
        title: Heading.
        subtitle: Second line.
        path: JPEG to write.
        columns: Paintings in a row.
    """
    step, height = THUMB + GAP, THUMB + CAPTION + 16
    lines = -(-len(cards) // columns)
    sheet = Image.new("RGB", (2 * MARGIN + columns * step - GAP, MARGIN + 64 + lines * height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _heading(draw, title, subtitle)
    for i, card in enumerate(cards):
        _draw_card(draw, sheet, card, MARGIN + i % columns * step, top + i // columns * height, THUMB)
    _save(sheet, path)


def thumbnail_map(
    images: Sequence[Image.Image], positions: np.ndarray, title: str, subtitle: str, path: Path, side: int = 1500
) -> None:
    """Paintings at their places on a map; so that none hides another, each takes the nearest free cell.

    Args:
        images: n thumbnails.
        positions: (n, 2), any scale.
        title: Heading.
        subtitle: Second line.
        path: JPEG to write.
        side: Width of the picture in pixels; wider if the paintings would be smaller than ``SMALLEST``.
    """
    n = len(images)
    cells = int(np.ceil(np.sqrt(1.4 * n)))
    thumb = max(SMALLEST, (side - 2 * MARGIN) // cells)
    places = positions * [1, -1]  # a picture counts y downwards
    low, high = places.min(0), places.max(0)
    scaled = (places - low) / np.where(high > low, high - low, 1) * (cells - 1)
    free = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2).astype(float)
    sheet = Image.new("RGB", (2 * MARGIN + cells * thumb, MARGIN + 64 + cells * thumb + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _heading(draw, title, subtitle)
    centre = scaled.mean(0)
    for i in np.argsort(((scaled - centre) ** 2).sum(1), kind="stable"):
        cell = int(((free - scaled[i]) ** 2).sum(1).argmin())
        x, y = free[cell]
        free[cell] = np.inf
        picture = _fit(images[i], thumb - 6)
        place = (
            MARGIN + int(x) * thumb + (thumb - picture.width) // 2,
            top + int(y) * thumb + (thumb - picture.height) // 2,
        )
        sheet.paste(picture, place)
    _save(sheet, path)
