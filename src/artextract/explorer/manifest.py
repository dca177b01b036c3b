"""The manifest: what is in the explorer's folder, in words for people where they read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import artextract
from artextract.core.files import read_json
from artextract.explorer.alike import EXPLAINED, MEASURES, UNTAUGHT
from artextract.explorer.folder import CHUNK, FORMAT
from artextract.explorer.positions import LABELS
from artextract.explorer.thumbnails import COLUMNS, PER_ATLAS
from artextract.params.sections import Explorer

SOURCES = {
    "met": "Paintings of The Metropolitan Museum of Art",
    "opendata": "Paintings of the National Gallery of Art",
}


def heading(params: Explorer, root: Path) -> str:
    """The page's heading: that of the parameters, else the source's name, else that of the collection's folder."""
    if params.title:
        return params.title
    record = root / "data" / "sources" / "nga.json"
    source = read_json(record).get("source", "") if record.is_file() else ""
    name = root.resolve().name
    return SOURCES.get(source, name[:1].upper() + name[1:])


def alike_described(taught: bool) -> dict[str, Any]:
    """The measures of likeness: their names, what each is, and how they become shares.

    Args:
        taught: The subject is that of the siamese head, and not that of the image network.
    """
    described = dict(MEASURES) if taught else {**MEASURES, "subject": UNTAUGHT}
    return {"labels": list(described), "measures": described, "description": EXPLAINED}


def frame_of_manifest(params: Explorer, shown: np.ndarray, title: str, spaces: list[str]) -> dict[str, Any]:
    """The entries that depend on nothing but the parameters and on which works may be shown.

    Args:
        params: Section ``explorer``.
        shown: Works whose pictures may be shown, boolean (n,).
        title: Heading of the page.
        spaces: Keys of the spaces.
    """
    described = [{"key": key, "label": LABELS[key][0], "description": LABELS[key][1]} for key in spaces]
    return {
        "format": FORMAT,
        "title": title,
        "made_by": f"artextract {artextract.__version__}",
        "works": len(shown),
        "shown": int(shown.sum()),
        "not_shown": int((~shown).sum()),
        "chunk": CHUNK,
        "k": params.neighbours,
        "spaces": described,
        "thumbs": {"cell": params.thumbnail, "columns": COLUMNS, "per": PER_ATLAS},
        "api": False,
    }
