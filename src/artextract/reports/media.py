"""Sheets as pictures inside the page."""

from __future__ import annotations

import base64
import io

from PIL import Image

from artextract.reports.blocks import Picture

QUALITY = 80  # WebP: about half the bytes of the sheet's JPEG
MOST_SIDE = 2400  # pixels; a map of a large collection has more


def picture(data: bytes, says: str, caption: str) -> Picture:
    """A picture file as part of the page, reduced where it is very large.

    Args:
        data: A PNG or JPEG.
        says: What it shows, in words.
        caption: Below it.
    """
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
        image = opened.convert("RGB")
    image.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    source = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(source, says, caption, image.width, image.height)
