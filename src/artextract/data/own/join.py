"""Rows of a table to image files: by a column of file names, else by an inventory number or title in the file's name.

Spelling is forgiven (case, accents, suffix, sub-folder, backslashes, addresses), doubt is not: what fits several files
is listed and left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from artextract.data.own.file_names import FileNames, UnsafePath, as_path, slug, stem
from artextract.data.tables.problems import Problem
from artextract.data.tables.text import tokens

_RENAME = "write the file's path as it is in the folder"
_LONGEST_RUN = 8  # tokens of a file's name that may be an inventory number
_SHORTEST_INSIDE = 4  # characters of an inventory number that is looked for inside a longer name


@dataclass
class Joined:
    """Which row got which file.

    Attributes:
        file_of: Row position to file.
        problems: Rows and files that did not find each other in a way that can be told apart.
    """

    file_of: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


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
        if not found and (several := _several(cell, names)):
            found = several[:1]
            joined.problems += _further(several, row)
        _take(joined, position, row, cell, found)
    return joined


def _several(cell: str, names: FileNames) -> list[str]:
    """The files of a cell that names more than one: "a.jpg; b.jpg"."""
    parts = [part for part in re.split(r"[;|\n]|,\s", cell) if part.strip() and ".." not in part]
    found = [names.find(as_path(part)) for part in parts] if len(parts) > 1 else []
    return list(dict.fromkeys(files[0] for files in found if len(files) == 1))


def _further(files: Sequence[str], row: int) -> list[Problem]:
    """The files of a work beyond the first one, which is used."""
    reason = f"a second picture of the work in {files[0]}; the first one is used"
    return [Problem(file, row, reason, "name only the one you want in the table") for file in files[1:]]


def _take(joined: Joined, position: int, row: int, cell: str, found: Sequence[str]) -> None:
    """Give a row its file; several are no doubt only where they are one picture in several formats."""
    if not found:
        return
    if len({stem(file) for file in found}) > 1:
        shown = ", ".join(found[:3]) + (" ..." if len(found) > 3 else "")
        joined.problems.append(Problem("", row, f"{cell[:200]!r} fits {len(found)} files: {shown}", _RENAME))
        return
    joined.file_of[position] = found[0]
    joined.problems += _further(found, row)


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
        key = _key_of(stem(file.rpartition("/")[2]), positions, spell, inside=inside)
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
        joined.problems += _further(claimed, rows[position])
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
