"""What was understood of a user's folder and table, as text for the screen."""

from __future__ import annotations

import math

from artextract.data.own.columns import MAPPABLE
from artextract.data.own.read import Own
from artextract.data.own.works import EXTRA

_WIDEST = 40  # characters of an example
_EXAMPLE = {"year_from": "year", "year_to": "year"}  # what shows that a column was understood
_MANY = 12  # further columns that are listed


def preview(own: Own) -> str:
    """The guessed columns with the first work as an example, the further columns, and the counts.

    Args:
        own: As ``read_own`` gives it.
    """
    lines = _columns(own) if own.counts["rows"] else ["No table: titles are made from the file names."]
    extra = [name.removeprefix(EXTRA) for name in map(str, own.works.columns) if name.startswith(EXTRA)]
    if extra:
        more = f", and {len(extra) - _MANY} more" if len(extra) > _MANY else ""
        lines.append(f"Further columns, kept and filterable: {', '.join(extra[:_MANY])}{more}")
    return "\n".join([*lines, *_counts(own)])


def _columns(own: Own) -> list[str]:
    work = own.works.iloc[0]
    rows = [("field", "column", "how it was found", "first work")]
    rows += [(g.field, g.column, g.why, _shown(work.get(_EXAMPLE.get(g.field, g.field), ""))) for g in own.columns]
    widths = [min(max(len(row[i]) for row in rows), _WIDEST) for i in range(3)]
    lines = [f"The table is known: {own.form}"] if own.form else []
    lines += ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]).rstrip() for row in rows]
    found = {guess.field for guess in own.columns}
    missing = [field for field in ("title", "artist", "date") if field not in found]
    if "date" in missing and found & {"year", "year_from"}:
        missing.remove("date")
    if missing:
        lines.append(f"No column was found for: {', '.join(missing)}")
    lines.append(f"Correct a guess with --map FIELD=COLUMN; fields: {', '.join(MAPPABLE)}")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, float):
        value = "" if math.isnan(value) else f"{value:g}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _n(count: int, thing: str) -> str:
    """A count with its noun: "1 row", "2 rows"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _counts(own: Own) -> list[str]:
    counts = own.counts
    lines = [f"{_n(counts['matched'], 'work')} with a picture: {_n(counts['files'], 'image file')}"]
    if counts["rows"]:
        lines[0] += f", {_n(counts['rows'], 'row')} in the table"
        files, rows = counts["files_without_row"], counts["rows_without_file"]
        if files or rows:
            lines.append(f"Without a counterpart: {_n(files, 'picture')}, {_n(rows, 'row')}")
    if counts["unreadable"]:
        lines.append(f"Not readable: {_n(counts['unreadable'], 'image file')}")
    untitled, unnamed = int((~own.works["titled"]).sum()), int((own.works["artist"] == "").sum())
    if untitled:
        lines.append(f"Titled after the file: {_n(untitled, 'work')}")
    if unnamed:
        lines.append(f"Without a known artist: {_n(unnamed, 'work')}")
    return lines
