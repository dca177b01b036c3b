"""A museum's table as it came over the network: looked at before it is kept, so that half a table never is."""

from __future__ import annotations

import csv
import io

from artextract.data.museum.schemas import COLUMNS, LEFT_EMPTY

LONGEST_CELL = 2**24  # letters; a quotation mark without its partner makes the rest of a file one cell


def rows_of(data: bytes, name: str) -> int:
    """The number of rows of a whole table.

    Args:
        data: The file.
        name: Name of the table.

    Raises:
        ValueError: It is something else, or not whole; says what was found.
    """
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise ValueError("the file is empty")
    if start.startswith(b"<"):
        raise ValueError("a web page came instead of the table; perhaps the network wants you to log in first")
    if start.startswith(b"version https://git-lfs"):
        raise ValueError("only a pointer of Git LFS came, not the table that it stands for")
    if start[:1] in (b"{", b"["):
        raise ValueError("JSON came instead of the table")
    if not data.endswith((b"\n", b"\r")):
        raise ValueError("the last line has no end: the table is cut")
    if b"\0" in data:
        raise ValueError("the table holds zero bytes: it is damaged")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start:,} is not UTF-8") from error
    return _count(text, name)


def _count(text: str, name: str) -> int:
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header, rows = next(reader), 0
        if absent := sorted(set(COLUMNS[name]) - set(LEFT_EMPTY.get(name, ())) - set(header)):
            raise ValueError(f"lacks the columns {', '.join(absent)}; its first line is {','.join(header)[:80]!r}")
        for row in reader:
            rows += 1
            if len(row) != len(header):
                raise ValueError(f"row {rows:,} has {len(row)} cells, the first line has {len(header)}")
    except csv.Error as error:
        raise ValueError(f"not readable as CSV: {error}") from error
    finally:
        csv.field_size_limit(before)
    if not rows:
        raise ValueError("holds a header and no rows")
    return rows
