"""Facts in the path of a WikiArt image: style folder, painter, title."""

from __future__ import annotations

import re

VARIANT = re.compile(r"(?:[-_ ]?\(\d{1,2}\)|-\d{1,2})$")  # "self-portrait-2", "self-portrait(1)"; not a year


def file_name(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def painter_slug(path: str) -> str:
    """The painter's part of a file name: ``Style/painter-name_title.jpg``."""
    return file_name(path).split("_", 1)[0]


def title_key(path: str) -> str:
    """Painter and title of a file name without the number that tells title variants apart.

    >>> title_key("Cubism/juan-gris_guitar-2.jpg") == title_key("Cubism/juan-gris_guitar(1).jpg")
    True
    """
    stem = file_name(path).rsplit(".", 1)[0]
    return VARIANT.sub("", stem) or stem


def folder_of(path: str) -> str:
    """The style folder of a listed path."""
    return path.rsplit("/", 1)[0]
