"""The page on which people answer triplets: one HTML file with its images inside, which needs no network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes

FOLDER = Path(__file__).parent
SIDE, QUALITY = 360, 82  # longer side of the images in pixels, and their JPEG quality
MOST_TRIPLETS, MOST_BYTES = 1_000, 60_000_000


def inlined(image: Image.Image, side: int = SIDE) -> str:
    """A small JPEG of an image, without metadata, as a data URI."""
    small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def page_name(triplets: pd.DataFrame, ids: pd.Series) -> str:
    """Twelve hexadecimal digits that name what is asked: equal triplets have an equal name."""
    asked = [[ids[row] for row in triplets[column]] for column in ("query", "first", "second")]
    return sha256_bytes(json.dumps([asked, triplets["repeated"].tolist()]).encode())[:12]


def triplets_page(triplets: pd.DataFrame, ids: pd.Series, image: Callable[[int], Image.Image], seed: int) -> str:
    """The whole page.

    Nothing on it names a work but its id, which is in the answers and is not shown.

    Args:
        triplets: Result of ``draw.draw_triplets``.
        ids: Id of each work (n,).
        image: The image of a row.
        seed: Seed of the draw; order and sides on the page depend on it and on the rater's name.

    Returns:
        HTML.

    Raises:
        ArtExtractError: There are too many triplets, or the page would be too large to be sent to people.
    """
    if len(triplets) > MOST_TRIPLETS:
        raise ArtExtractError(
            f"{len(triplets):,} triplets are more than a person answers",
            where="--triplets",
            remedy=f"at most {MOST_TRIPLETS:,}",
        )
    rows = sorted(set(triplets[["query", "first", "second"]].to_numpy().ravel().tolist()))
    data = {
        "page": page_name(triplets, ids),
        "seed": seed,
        "images": {str(ids[row]): inlined(image(row)) for row in rows},
        "triplets": [
            {
                "triplet": int(t["triplet"]),
                "kind": str(t["kind"]),
                "repeated": bool(t["repeated"]),
                **{name: str(ids[t[name]]) for name in ("query", "first", "second")},
            }
            for t in triplets.to_dict("records")
        ],
    }
    parts = {name: (FOLDER / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    page = parts["html"].replace("/*STYLE*/", parts["css"]).replace("/*SCRIPT*/", parts["js"])
    page = page.replace("/*DATA*/", json.dumps(data).replace("<", "\\u003c"))  # an id may hold </script> or <!--
    if len(page) > MOST_BYTES:
        raise ArtExtractError(
            f"the page would have {len(page) / 1e6:.0f} MB", where="--triplets", remedy="ask for fewer triplets"
        )
    return page
