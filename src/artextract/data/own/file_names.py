"""Names of image files, and the spellings that a table may use for them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import PurePosixPath
from urllib.parse import unquote

from artextract.data.images.formats import image_suffixes
from artextract.data.own.pictures import RAW
from artextract.data.tables.text import fold, tokens


class UnsafePath(ValueError):
    """A path that leads out of the folder."""


def as_path(cell: str) -> str:
    """The relative path that a cell names: slashes, no address, no drive, no query; "" where it names none.

    Raises:
        UnsafePath: The path climbs out of its folder.
    """
    text = cell.strip().strip("\"'")
    if re.match(r"(?i)[a-z][a-z0-9+.-]+://", text):
        text = unquote(re.split(r"[?#]", text)[0].rstrip("/").rsplit("/", 1)[-1])
    text = text.replace("\\", "/").replace("\0", "")
    text = re.sub(r"^(?:[A-Za-z]:)?/+|^(?:\./+)+", "", text)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnsafePath(cell)
    return "/".join(parts)


def stem(path: str) -> str:
    """A path without the suffix of an image; the end of "1933.1157" is none."""
    suffix = PurePosixPath(path).suffix
    known = suffix.lower() in image_suffixes() or suffix.lower() in RAW
    return path[: -len(suffix)] if known else path


def slug(text: str) -> str:
    """Letters and digits in lower case, runs of anything else as one hyphen."""
    if text.isalnum() and text.isascii():  # most inventory numbers of half a million rows
        return text.lower()
    return "-".join(tokens(text))


def unpadded(text: str) -> str:
    """A slug whose numbers have no leading zeros: "003" and "3" are the same."""
    if text.isdigit() and text.isascii():
        return text.lstrip("0") or "0"
    return "-".join(token.lstrip("0") or "0" for token in tokens(text))


def _folded_stem(path: str) -> str:
    return fold(stem(path))


def _slug_of_stem(path: str) -> str:
    return slug(stem(path))


class FileNames:
    """The files of a folder under each spelling that a table may use, the strictest first."""

    _SPELLINGS: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (  # of a file, of a cell
        (lambda p: p, lambda p: p),
        (fold, fold),
        (_folded_stem, _folded_stem),
        (_folded_stem, fold),  # "a.tif" is the stem of "a.tif.jpg"
        (_slug_of_stem, _slug_of_stem),
        (_slug_of_stem, slug),
    )

    def __init__(self, files: Sequence[str]):
        """Index the files by every tail of their path: "a/b/c.jpg" is also "b/c.jpg" and "c.jpg"."""
        spells = dict.fromkeys(of_file for of_file, _ in self._SPELLINGS)
        self._by = {spell: defaultdict(list) for spell in spells}
        for file in files:
            parts = file.split("/")
            for depth in range(len(parts)):
                tail = "/".join(parts[depth:])
                for spell, index in self._by.items():
                    index[depth == 0, spell(tail)].append(file)

    def find(self, path: str) -> list[str]:
        """Files that fit a path at the strictest spelling that any fits at; the longest tail of the path counts."""
        parts = path.split("/")
        tails = ["/".join(parts[i:]) for i in range(len(parts))]
        for of_file, of_cell in self._SPELLINGS:
            for tail, whole in product(tails, (True, False)):
                spelling = of_cell(tail)
                if spelling and (found := self._by[of_file].get((whole, spelling))):
                    return found
        return []
