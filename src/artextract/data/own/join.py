"""Rows of a table to image files: by a column of file names, else by an inventory number or title in the file's name.

Spelling is forgiven (case, accents, suffix, sub-folder, backslashes, addresses), doubt is not: what fits several files
is listed and left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from artextract.data.images.decode import image_suffixes
from artextract.data.own.pictures import RAW
from artextract.data.own.problems import Problem
from artextract.data.own.text import fold, tokens

_RENAME = "write the file's path as it is in the folder"
_LONGEST_RUN = 8  # tokens of a file's name that may be an inventory number
_SHORTEST_INSIDE = 4  # characters of an inventory number that is looked for inside a longer name


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


def _stem(path: str) -> str:
    """A path without the suffix of an image; the end of "1933.1157" is none."""
    suffix = PurePosixPath(path).suffix
    return path[: -len(suffix)] if suffix.lower() in image_suffixes() | RAW else path


def slug(text: str) -> str:
    """Letters and digits in lower case, runs of anything else as one hyphen."""
    if text.isalnum() and text.isascii():  # most inventory numbers of half a million rows
        return text.lower()
    return "-".join(tokens(text))


@dataclass
class Joined:
    """Which row got which file.

    Attributes:
        file_of: Row position to file.
        problems: Rows and files that did not find each other in a way that can be told apart.
    """

    file_of: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class FileNames:
    """The files of a folder under each spelling that a table may use, the strictest first."""

    _SPELLINGS: tuple[Callable[[str], str], ...] = (
        lambda p: p,
        fold,
        lambda p: fold(_stem(p)),
        lambda p: slug(_stem(p)),
    )

    def __init__(self, files: Sequence[str]):
        """Index the files by every tail of their path: "a/b/c.jpg" is also "b/c.jpg" and "c.jpg"."""
        self._by = [defaultdict(list) for _ in self._SPELLINGS]
        for file in files:
            parts = file.split("/")
            for depth in range(len(parts)):
                tail = "/".join(parts[depth:])
                for index, spell in zip(self._by, self._SPELLINGS, strict=True):
                    index[depth == 0, spell(tail)].append(file)

    def find(self, path: str) -> list[str]:
        """Files that fit a path at the strictest spelling that any fits at; the longest tail of the path counts."""
        parts = path.split("/")
        tails = ["/".join(parts[i:]) for i in range(len(parts))]
        for spell, index in zip(self._SPELLINGS, self._by, strict=True):
            for tail in tails:
                for whole in (True, False):
                    found = index.get((whole, spell(tail))) if spell(tail) else None
                    if found:
                        return found
        return []


def join_by_file(cells: Sequence[str], rows: Sequence[int], names: FileNames) -> Joined:
    """Join by a column of file names.

    Args:
        cells: The column.
        rows: Number of each row in the file, for messages.
        names: The files.
    """
    joined = Joined()
    for position, (cell, row) in enumerate(zip(cells, rows, strict=True)):
        try:
            path = as_path(cell)
        except UnsafePath:
            reason = f"the path {cell[:200]!r} leads out of the folder and was not read"
            joined.problems.append(Problem("", row, reason, "move the picture into the folder"))
            continue
        found = names.find(path) if path else []
        if not found and "%" in path:
            found = names.find(unquote(path))
        _take(joined, position, row, cell, found)
    return joined


def _take(joined: Joined, position: int, row: int, cell: str, found: Sequence[str]) -> None:
    """Give a row its file; several are no doubt only where they are one picture in several formats."""
    if not found:
        return
    if len({_stem(file) for file in found}) > 1:
        shown = ", ".join(found[:3]) + (" ..." if len(found) > 3 else "")
        joined.problems.append(Problem("", row, f"{cell[:200]!r} fits {len(found)} files: {shown}", _RENAME))
        return
    joined.file_of[position] = found[0]
    if len(found) > 1:
        reason = f"a second picture of the work in {found[0]}; the first one is used"
        joined.problems += [Problem(file, row, reason, "take out the one you do not want") for file in found[1:]]


def unpadded(text: str) -> str:
    """A slug whose numbers have no leading zeros: "003" and "3" are the same."""
    if text.isdigit() and text.isascii():
        return text.lstrip("0") or "0"
    return "-".join(token.lstrip("0") or "0" for token in tokens(text))


def join_by_key(
    keys: Sequence[str],
    rows: Sequence[int],
    files: Sequence[str],
    *,
    inside: bool,
    spell: Callable[[str], str] = slug,
) -> Joined:
    """Join by an inventory number, a title or the like that files are named after.

    Args:
        keys: The column.
        rows: Number of each row in the file, for messages.
        files: The files that have no row yet.
        inside: A key may also be a part of a longer file name ("monet_1933.1157_front.jpg").
        spell: ``slug`` or ``unpadded``.
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        spelled = spell(key)
        if spelled:
            positions[spelled].append(position)
    claims: dict[int, list[str]] = defaultdict(list)
    joined = Joined()
    for file in files:
        key = _key_of(_stem(file.rpartition("/")[2]), positions, spell, inside=inside)
        if key is None:
            continue
        if len(positions[key]) > 1:
            numbers = ", ".join(str(rows[i]) for i in positions[key][:5])
            reason = f"fits the rows {numbers}, which say the same"
            joined.problems.append(Problem(file, None, reason, "name the file in a column of the table"))
        else:
            claims[positions[key][0]].append(file)
    for position, claimed in claims.items():
        joined.file_of[position] = claimed[0]
        reason = f"a second picture of the work in {claimed[0]}; the first one is used"
        joined.problems += [
            Problem(f, rows[position], reason, "name the one you want in the table") for f in claimed[1:]
        ]
    return joined


def _key_of(stem: str, positions: Mapping[str, object], spell: Callable[[str], str], *, inside: bool) -> str | None:
    whole = spell(stem)
    if whole in positions:
        return whole
    if not inside:
        return None
    parts = tokens(stem)
    for length in range(min(len(parts), _LONGEST_RUN), 0, -1):
        runs = ["-".join(parts[i : i + length]) for i in range(len(parts) - length + 1)]
        found = {run for run in runs if run in positions and len(run) >= _SHORTEST_INSIDE}
        if found:
            return found.pop() if len(found) == 1 else None
    return None
