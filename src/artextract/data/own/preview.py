"""What was understood of a user's folder and table, as text for the screen."""

from __future__ import annotations

from artextract.data.own.columns import MAPPABLE
from artextract.data.own.read import Own
from artextract.data.own.works import EXTRA

_WIDEST = 40  # characters of an example
_EXAMPLE = {"year_from": "year", "year_to": "year"}  # what shows that a column was understood
_MANY = 12  # further columns that are listed


def preview(own: Own) -> str:
    """The guessed columns with an example each, the further columns, and the counts.

    Args:
        own: As ``read_own`` gives it.
    """
    lines = _columns(own) if own.columns else ["No table: titles are made from the file names."]
    extra = [name.removeprefix(EXTRA) for name in map(str, own.works.columns) if name.startswith(EXTRA)]
    if extra:
        more = f", and {len(extra) - _MANY} more" if len(extra) > _MANY else ""
        lines.append(f"Further columns, kept and filterable: {', '.join(extra[:_MANY])}{more}")
    return "\n".join([*lines, *_counts(own)])


def _columns(own: Own) -> list[str]:
    example = own.works.iloc[0] if len(own.works) else {}
    rows = [(g.field, g.column, g.why, _shown(example.get(_EXAMPLE.get(g.field, g.field), ""))) for g in own.columns]
    missing = [field for field in ("title", "artist", "date") if field not in {g.field for g in own.columns}]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"The table is: {own.form}"] if own.form else []
    lines += ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]).rstrip() for row in rows]
    if missing:
        lines.append(f"No column for: {', '.join(missing)}. Correct a guess with --map FIELD=COLUMN.")
        lines.append(f"Fields: {', '.join(MAPPABLE)}")
    return lines


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _counts(own: Own) -> list[str]:
    counts = own.counts
    lines = [f"{counts['matched']:,} works with a picture, of {counts['files']:,} image files"]
    if counts["rows"]:
        lines[0] += f" and {counts['rows']:,} rows"
        files, rows = counts["files_without_row"], counts["rows_without_file"]
        lines.append(f"{files:,} pictures without a row, {rows:,} rows without a picture")
    if counts["unreadable"]:
        lines.append(f"{counts['unreadable']:,} image files cannot be read")
    untitled = int((~own.works["titled"]).sum())
    unnamed = int((own.works["artist"] == "").sum())
    lines.append(f"{untitled:,} works without a title of their own, {unnamed:,} without a known artist")
    return lines
