"""JSON exports and Parquet files as sheets: a list of records, however deep, becomes a table of text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.tables.encodings import decoded
from artextract.data.tables.sheet import Sheet, as_sheet, distinct
from artextract.data.tables.text import whole
from artextract.data.tables.workbook import text_of

MOST_BYTES = 2**29
_DEEPEST = 4
_BYTES = ("binary", "large_binary", "fixed_size_binary", "struct<bytes")  # pictures inside the table: not read
_WRAPPERS = (
    "items", "data", "artObjects", "artObject", "results", "bindings", "records", "objects", "artworks", "works",
    "@graph",
)  # fmt: skip


def load_json(path: Path) -> Any:
    """The content of a .json or .jsonl file.

    Raises:
        ArtExtractError: The file is too large or no JSON.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ArtExtractError(f"is larger than {MOST_BYTES:,} bytes", where=str(path), remedy="export fewer records")
    text = decoded(path.read_bytes(), str(path)).removeprefix("\ufeff")
    try:
        if path.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ArtExtractError(f"not readable as JSON: {error}", where=str(path), remedy="export it again") from error


def records_in(content: Any) -> list[dict[str, Any]]:
    """The records in a JSON answer: a list, the list inside ``items``, ``data`` and the like, or a single record."""
    if isinstance(content, list):
        return [record for record in content if isinstance(record, dict)]
    if not isinstance(content, dict):
        return []
    wrapped = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), list | dict)), None)
    return [content] if wrapped is None else records_in(wrapped)


def _flat(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Dotted names and text of everything in a value: of a list of objects the first, of plain values all."""
    if isinstance(value, dict) and depth < _DEEPEST:
        if set(value) <= {"type", "value", "xml:lang", "datatype"} and "value" in value:  # an answer of SPARQL
            yield name, text_of(value["value"])
            return
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list):
        if value and isinstance(value[0], dict):
            yield from _flat(value[0], name, depth)
        else:
            yield name, "; ".join(text_of(item) for item in value if not isinstance(item, list | dict))
    elif not isinstance(value, dict):
        yield name, text_of(value)


def sheet_of_records(records: list[dict[str, Any]], where: str) -> Sheet:
    """A sheet of records; the first record is row 1.

    Raises:
        ArtExtractError: There is no record, or they have too many fields.
    """
    flat = [{whole(key): whole(cell) for key, cell in _flat(record, "")} for record in records]
    keys = list(dict.fromkeys(key for record in flat for key in record))
    if not keys:
        raise ArtExtractError("holds no records", where=where, remedy="export a list of records, or use CSV")
    names = distinct(keys, where)
    cells = pd.DataFrame([[record.get(key, "") for key in keys] for record in flat], columns=names, dtype=str)
    return as_sheet(cells, range(1, len(cells) + 1))


def read_parquet(path: Path) -> Sheet:
    """Read a Parquet file; nested columns become text.

    Raises:
        ArtExtractError: Not a Parquet file, or too large.
    """
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        about = pq.read_metadata(path)
        if sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)) > MOST_BYTES:
            raise ArtExtractError("is too large", where=str(path), remedy="save the columns about the works only")
        plain = [c.name for c in pq.read_schema(path) if not str(c.type).startswith(_BYTES)]
        records = pq.read_table(path, columns=plain).to_pylist()
    except (ArrowException, OSError) as error:
        raise ArtExtractError(f"not readable as Parquet: {error}", where=str(path), remedy="use CSV") from error
    return sheet_of_records(records, str(path))
